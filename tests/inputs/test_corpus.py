"""corpus: the cases that must never be lost are there, and V*COUNT is read and written without loss."""

import math
from fractions import Fraction
from importlib import resources

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lsecheck import functions
from lsecheck.errors import InputError
from lsecheck.formats import FORMATS
from lsecheck.inputs import cases, corpus

LOGSUMEXP = functions.named("logsumexp")

#: cases, with the formats that hold them
KEPT = [
    ([1000.0] * 3, "float16 bfloat16 float32 float64 float8_e5m2", "exp overflows everywhere"),
    ([-1000.0] * 3, "float16 bfloat16 float32 float64 float8_e5m2", "exp underflows everywhere"),
    ([0.0, -740.0], "float16 bfloat16 float32 float64 float8_e5m2", "4.19e-322, and 0 at a fixed precision"),
    ([0.0, -17.738], "float16 bfloat16 float32 float64 float8_e5m2 float8_e4m3fn", "float32 1.98e-8"),
    ([0.0] * 65520, "float16 bfloat16 float32 float64 float8_e5m2 float8_e4m3fn", "the sum leaves float16"),
    ([0.0, -1e300], "float64", "a hair above 0"),
    ([-math.inf] * 2, "float16 bfloat16 float32 float64 float8_e5m2", "all masked"),
    ([math.nan, math.inf], "float16 bfloat16 float32 float64 float8_e5m2", "nan beside +inf"),
]

finite = st.floats(allow_nan=False, allow_infinity=False)
anything = st.floats()


def rounded(values: list[float], fmt: str) -> list[float]:
    """The same values as numbers of a format, by ml_dtypes (through float32: good enough for these)."""
    array = np.array(values)
    return array.tolist() if fmt == "float64" else array.astype(FORMATS[fmt].dtype).astype(float).tolist()


@pytest.mark.parametrize(("values", "held", "why"), KEPT, ids=lambda entry: str(entry)[:30])
def test_the_cases_that_must_never_be_lost_are_there(values, held, why):
    """Each is the smallest witness of a whole class of bugs; formats that cannot hold one leave it out."""
    for name, fmt in FORMATS.items():
        found = [batch.values[0].tolist() for batch in cases.batches("corpus", LOGSUMEXP, fmt)]
        wanted = rounded(values, name) if name in held.split() else None
        there = any(np.array_equal(row, wanted, equal_nan=True) for row in found) if wanted else False
        assert there == (name in held.split()), (name, why)
        if not math.isinf(max(values)) and any(math.isfinite(v) and abs(v) > fmt.largest for v in values):
            assert name not in held.split()


def test_every_line_says_where_it_comes_from():
    """A frozen case without provenance cannot be judged, only obeyed."""
    assert len(corpus.lines()) > 40
    for line in corpus.lines():
        assert len(line.provenance) > 8
        assert line.values


def test_no_two_lines_are_the_same_case():
    """A repeated case counts twice."""
    seen = [repr([str(value) for value in line.values]) for line in corpus.lines()]
    assert len(set(seen)) == len(seen)


def test_every_line_of_the_file_is_a_comment_or_a_case():
    """A line that the reader skipped would be a case that nobody asks."""
    text = resources.files("lsecheck.inputs").joinpath("corpus.txt").read_text("utf-8")
    written = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(written) == len(corpus.lines())
    assert all(line.count(" | ") == 1 for line in written)


def test_a_case_is_left_out_where_its_values_would_overflow_and_kept_where_they_only_round():
    """Clipped to the largest number it would be another case with the same address."""
    assert corpus.fits([Fraction(65519)], FORMATS["float16"])
    assert not corpus.fits([Fraction(65520)], FORMATS["float16"])
    assert not corpus.fits([Fraction(-65520)], FORMATS["float16"])
    assert corpus.fits([math.inf, -math.inf, math.nan], FORMATS["float16"])
    assert corpus.fits([math.nan], FORMATS["float8_e4m3fn"])
    assert not corpus.fits([-math.inf], FORMATS["float8_e4m3fn"])
    assert corpus.fits([Fraction(1, 10**400)], FORMATS["float16"])


class TestNotation:
    """V*COUNT, as the corpus, the command line and witnesses write it."""

    @given(st.lists(anything, min_size=1, max_size=30))
    @example([0.0] * 5 + [-0.0] * 2 + [math.inf] * 3)
    @example([math.nan, math.nan, -math.inf, 5e-324, 1.7976931348623157e308])
    @example([1.0])
    def test_formatted_values_parse_back_to_the_same_numbers(self, values):
        """A witness that reads back as another number is no witness (the sign of zero and of nan apart)."""
        text = corpus.format_values(values)
        parsed = [float(value) for value in corpus.parse_values(text.split())]
        assert np.array_equal(parsed, values, equal_nan=True)
        assert all(isinstance(value, Fraction) for value in corpus.parse_values(text.split()) if math.isfinite(value))

    @given(st.lists(finite, min_size=1, max_size=30))
    @example([-0.0, 0.0, -0.0])
    def test_the_hex_words_read_back_bit_for_bit_with_float_fromhex(self, values):
        """Witness strings are documented as what float.fromhex reads, run by run."""
        back = []
        for word in corpus.format_values(values).split():
            number, _, count = word.partition("*")
            back += [float.fromhex(number)] * int(count or 1)
        assert [value.hex() for value in back] == [value.hex() for value in values]

    @given(st.lists(st.tuples(finite, st.integers(1, 50)), min_size=1, max_size=10))
    def test_runs_are_written_once_with_their_count(self, runs):
        """Never a word more than there are runs."""
        values = [value for value, count in runs for _ in range(count)]
        words = corpus.format_values(values).split()
        assert len(words) <= len(runs)

    def test_a_long_row_of_one_number_is_one_word(self):
        """65,520 zeros fit in a line of a report."""
        assert corpus.format_values([0.0] * 65520) == "0x0p0*65520"

    def test_too_many_runs_give_none(self):
        """A long witness is known by its address alone, not by a page of numbers."""
        assert corpus.format_values([0.0, 1.0, 2.0], most_runs=3) == "0x0p0 0x1p0 0x1p1"
        assert corpus.format_values([0.0, 1.0, 2.0, 3.0], most_runs=3) is None
        assert corpus.format_values([7.0] * 10**5, most_runs=1) == "0x1.cp2*100000"

    def test_decimal_hex_and_special_words_are_read_exactly(self):
        """0.1 is a tenth, not the float64 next to it: rounding is the format's business."""
        parsed = corpus.parse_values(["0.1", "-0x1.8p4", "1e-400", "inf", "-inf*2"])
        assert parsed == [Fraction(1, 10), -24, Fraction(1, 10**400), math.inf, -math.inf, -math.inf]
        assert math.isnan(corpus.parse_values(["nan"])[0])

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["one"], "'one' is not a number: give decimals (-17.738), hex floats (-0x1.8p4), inf or nan"),
            (["1.2.3"], "'1.2.3' is not a number: give decimals (-17.738), hex floats (-0x1.8p4), inf or nan"),
            (["*3"], "'' is not a number: give decimals (-17.738), hex floats (-0x1.8p4), inf or nan"),
            (["0*x"], "'0*x' is not a number: a repeat is written V*COUNT, as 0*65520"),
            (["0*-1"], "'0*-1' is not a number: a repeat is written V*COUNT, as 0*65520"),
            (["0*"], "'0*' is not a number: a repeat is written V*COUNT, as 0*65520"),
            (["0*1e3"], "'0*1e3' is not a number: a repeat is written V*COUNT, as 0*65520"),
            (
                ["0*16777217"],
                "0*16777217 makes a row of over 16,777,216 entries, the most one case may have",
            ),
            (
                ["1", "0*16777216"],
                "0*16777216 makes a row of over 16,777,216 entries, the most one case may have",
            ),
            ([], "no values were given: give at least one number, as 0 -17.738"),
            (["0*0"], "no values were given: give at least one number, as 0 -17.738"),
            (["1e9999"], "'1e9999' needs over 1000 decimal places: give a number between 1e-1000 and 1e1000"),
        ],
    )
    def test_what_is_no_number_is_refused_in_one_sentence(self, words, sentence):
        """They come from a command line: say what was wrong, what is allowed, what to do."""
        with pytest.raises(InputError) as caught:
            corpus.parse_values(words)
        assert str(caught.value) == sentence

    def test_an_over_long_repeat_is_refused_before_it_takes_memory(self):
        """10^15 entries would end the process before any sentence."""
        with pytest.raises(InputError, match="the most one case may have"):
            corpus.parse_values(["0*1000000000000000"])

    @pytest.mark.parametrize(
        "attempt",
        [
            lambda digits: corpus.parse_values([f"0*{digits}"]),
            lambda digits: cases.case(f"ordinary:0:{digits}", LOGSUMEXP, FORMATS["float32"]),
        ],
        ids=["count", "address"],
    )
    def test_absurdly_long_integers_are_refused_in_a_sentence_of_ours(self, attempt):
        """Bad input never becomes a traceback."""
        with pytest.raises(InputError):
            attempt("9" * 5000)
