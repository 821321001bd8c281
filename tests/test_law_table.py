"""Laws accuse, the oracle convicts: each accuses something wrong, and hardly ever anything honest."""

import doctest
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from lsecheck import formats, functions, laws, measure, strategies
from lsecheck.errors import InputError, UnknownName
from lsecheck.inputs import cases
from lsecheck.inputs.bits import Draw
from lsecheck.laws import LAWS, shifted, suspects
from lsecheck.subjects import load
from lsecheck.subjects.subject import ask

INF = np.inf
FUNCTIONS = ("logsumexp", "softmax", "log_softmax")


def batches(function="logsumexp", fmt="float32", most=1100, without=()):
    """The families at quick effort."""
    for family in cases.synthetic():
        if family not in without:
            for batch in cases.batches(family, functions.named(function), formats.named(fmt), "quick"):
                if batch.values.shape[1] <= most:
                    yield batch.values


def asking(name, function, fmt):
    """A built-in method or a library as what laws ask."""
    subject, defined, pair = load(name), functions.named(function), formats.pair(fmt)
    return lambda batch: ask(subject, defined, batch, pair, None).values


def wrong(call):
    """A function of a float32 batch as what laws ask; it accumulates in float64, so only its fault can be seen."""

    def answers(batch):
        with np.errstate(all="ignore"):
            return np.asarray(call(batch.astype(np.float64)), np.float32).astype(np.float64).reshape(len(batch), -1)

    return answers


def lse(v):
    """Good, -inf and +inf included."""
    top = v.max(-1, initial=-INF)
    shift = np.where(np.isfinite(top), top, 0.0)
    return np.where(np.isfinite(top), shift + np.log(np.exp(v - shift[:, None]).sum(-1)), top)


def logs(v):
    """Good log_softmax."""
    d = v - v.max(-1, keepdims=True)
    return d - lse(d)[:, None]


def shares(v):
    """Good softmax."""
    return np.exp(logs(v))


def distinct(v):
    """Every value once."""
    ordered = np.sort(v, axis=-1)
    return np.where(np.diff(ordered, axis=-1, prepend=np.nan) == 0, -INF, ordered)


def one_at_a_time(v):
    """x - LSE(x), with LSE rounded to float32: what a large offset breaks."""
    return v - lse(v).astype(np.float32).astype(np.float64)[:, None]


#: law, function -> what breaks it
WRONG = {
    ("shift", "logsumexp"): lambda v: lse(np.clip(v, -80, 80)),
    ("shift", "softmax"): lambda v: np.exp(v) / np.exp(v).sum(-1, keepdims=True),
    ("shift", "log_softmax"): one_at_a_time,
    ("absent", "logsumexp"): lambda v: lse(np.where(v == -INF, 0.0, v)),
    ("absent", "softmax"): lambda v: shares(np.maximum(v, v.max(-1, keepdims=True) - 10)),
    ("absent", "log_softmax"): lambda v: np.maximum(logs(v), -100),
    ("twice", "logsumexp"): lambda v: lse(distinct(v)),
    ("twice", "softmax"): lambda v: np.exp(v - lse(distinct(v))[:, None]),
    ("twice", "log_softmax"): lambda v: logs(v) + (v.shape[1] > 8) * 1e-3,
    ("bounds", "logsumexp"): lambda v: np.abs(lse(v)),
    ("bounds", "softmax"): lambda v: shares(v / 2),
    ("bounds", "log_softmax"): lambda v: -logs(v),
    ("order", "logsumexp"): lambda v: lse(v[:, :-1]),
    ("order", "softmax"): lambda v: np.sort(shares(v), axis=-1),
    ("order", "log_softmax"): lambda v: v - lse(v[:, 1:])[:, None],
    ("split", "logsumexp"): lambda v: lse(v[:, :64]),
    ("monotone", "logsumexp"): lambda v: lse(np.abs(v)),
    ("monotone", "softmax"): lambda v: shares(-v),
    ("monotone", "log_softmax"): lambda v: logs(v * (v < 3)),
    ("total", "softmax"): lambda v: np.exp(v - lse(v[:, : (v.shape[1] + 3) // 4 * 4 - 3])[:, None]),
    ("total", "log_softmax"): lambda v: logs(v) / np.log(2),
}


class TestWrong:
    """What laws are for."""

    def test_there_is_one_for_every_law_and_function(self):
        """A law that nothing breaks would be idle."""
        assert set(WRONG) == {(law.name, function) for law in LAWS.values() for function in law.functions}

    @pytest.mark.parametrize(("name", "function"), WRONG)
    def test_a_wrong_function_is_accused_and_the_oracle_convicts(self, name, function):
        """By the law that it is there for; of what is accused, an answer is wrong."""
        answers, law = wrong(WRONG[name, function]), LAWS[name]
        accused = convicted = 0
        for batch in batches(function, without=("specials", "masked", "corpus"), most=300):
            found = law.suspects(answers, batch, "float32", function)
            accused += len(found.rows)
            assert all(len(each) == len(found.rows) for each in found.batches)
            guilty = np.zeros(min(len(found.rows), 3), np.bool_)
            for each in found.batches:
                rows = each[:3].astype(np.float32)
                if rows.size:
                    errors = measure(function, rows, answers(rows).astype(np.float32), require="sequential")
                    guilty |= ((errors.kind != "") | (errors.excess > 1)).any(-1)
            convicted += np.count_nonzero(guilty)
        assert accused > 5
        assert convicted > 2

    def test_sums_that_stick_are_accused_where_one_pass_is_not_honest(self):
        """A running sum in float16 keeps `sequential`; whoever requires more may say so."""
        rows = np.zeros((3, 4096)) + np.array([[0.0], [-3.0], [5.0]])
        sticking = asking("online", "logsumexp", "float16")
        assert not list(suspects(sticking, rows, "float16", laws=("shift", "twice", "bounds", "order", "split")))
        strict = {law.name for law, _ in suspects(sticking, rows, "float16", one_pass=False)}
        assert {"twice", "split"} <= strict
        sums_pairwise = asking("max-shift", "logsumexp", "float16")
        assert not list(suspects(sums_pairwise, rows, "float16", one_pass=False, laws=("twice", "bounds", "order")))


class TestHonest:
    """A suspicion costs the oracle's time: fewer than 1 in 100 cases may."""

    @pytest.mark.parametrize("fmt", ["float16", "float32", "float64", "bfloat16"])
    @pytest.mark.parametrize(("name", "function"), [
        ("log1p-shift", "logsumexp"), ("scipy", "logsumexp"),
        ("max-shift", "softmax"), ("max-shift", "log_softmax"),
    ])  # fmt: skip
    def test_what_guards_its_specials_is_hardly_ever_accused(self, name, function, fmt):
        """On every family, specials and masks included."""
        if name == "scipy":
            pytest.importorskip("scipy")
            if fmt == "bfloat16":
                pytest.skip("scipy takes no bfloat16")
        self._few(name, function, fmt, batches(function, fmt, most=4096), tuple(LAWS))

    @pytest.mark.parametrize("fmt", ["float16", "float32"])
    @pytest.mark.parametrize("name", ["max-shift", "online"])
    @pytest.mark.parametrize("function", FUNCTIONS)
    def test_what_does_not_is_hardly_ever_accused_of_finite_rows(self, name, function, fmt):
        """The textbooks' nan for a row of masks is no honest answer."""
        finite = (batch for batch in batches(function, fmt) if np.isfinite(batch).all() and batch.shape[1])
        self._few(name, function, fmt, finite, tuple(law for law in LAWS if not LAWS[law].infinite))

    def _few(self, name, function, fmt, rows, wanted):
        answers, asked, accused = asking(name, function, fmt), 0, 0
        for turn, batch in enumerate(rows):
            asked += len(batch)
            found = suspects(answers, batch, fmt, function, laws=wanted, turn=turn)
            accused += len({row for _, each in found for row in each.rows.tolist()})
        assert asked > 300
        assert accused < asked / 100


class TestApplies:
    """A law is silent where it does not hold."""

    @pytest.mark.parametrize("function", FUNCTIONS)
    def test_nothing_is_asked_where_nan_is_right(self, function):
        """Nor, of shares, where there is no single answer."""
        rows = np.array([[np.nan, 0.0], [INF, 0.0], [-INF, -INF], [0.0, 0.0]])

        def answers(batch):
            asked = {str(row) for row in batch.tolist()}
            assert not any("nan" in row for row in asked)
            if function != "logsumexp":
                assert not any(" inf" in row or "[inf" in row for row in asked)
            return np.full((len(batch), 1 if function == "logsumexp" else batch.shape[1]), np.nan)

        for law in LAWS.values():
            if function in law.functions:
                found = law.suspects(answers, rows, "float32", function)
                assert set(found.rows.tolist()) <= ({1, 2, 3} if function == "logsumexp" else {3})
                assert 3 in found.rows

    def test_a_law_of_masks_is_silent_where_there_is_no_infinity(self):
        """float8_e4m3fn."""
        answers = wrong(lambda v: lse(v) * np.nan)
        assert not len(LAWS["absent"].suspects(answers, np.zeros((2, 3)), "float8_e4m3fn").rows)
        assert len(LAWS["order"].suspects(answers, np.zeros((2, 3)), "float8_e4m3fn").rows) == 2

    def test_a_law_is_silent_where_a_format_cannot_count(self):
        """More entries than the largest number: such sums are judged apart."""
        answers = wrong(lambda v: v[:, 0] * np.nan)
        assert not list(suspects(answers, np.zeros((1, 65520)), "float16"))

    @pytest.mark.parametrize("fmt", [*formats.FORMATS, "bfloat16:float32"])
    @pytest.mark.parametrize("function", FUNCTIONS)
    def test_all_that_is_asked_are_numbers_of_the_format(self, function, fmt):
        """In arrays of at least one row; and nothing warns."""
        source, asked = formats.pair(fmt).input, []

        def answers(batch):
            assert batch.dtype == np.float64
            assert len(batch)
            assert np.array_equal(formats.widen(formats.cast(batch, source)), batch, equal_nan=True)
            asked.append(batch.shape)
            return np.zeros((len(batch), 1 if function == "logsumexp" else batch.shape[1]))

        for turn, batch in enumerate(batches(function, source.name, most=40)):
            for _, found in suspects(answers, batch, fmt, function, turn=turn):
                assert (np.diff(found.rows) > 0).all()
                for each in found.batches:
                    assert np.array_equal(formats.widen(formats.cast(each, source)), each, equal_nan=True)
        assert len(asked) > 100

    def test_another_turn_asks_of_other_rows(self):
        """The same turn, of the same."""
        rows = next(iter(batches()))

        def asked(turn):
            seen = []
            for _ in suspects(
                lambda batch: seen.append(batch) or np.zeros((len(batch), 1)), rows, "float32", turn=turn
            ):
                pass
            return b"".join(batch.tobytes() for batch in seen)

        assert asked(0) == asked(0) != asked(1)

    def test_a_law_refuses_other_functions_and_names(self):
        """In a sentence."""
        with pytest.raises(InputError, match=r"the law 'split' holds for logsumexp, not for softmax"):
            LAWS["split"].suspects(lse, np.zeros((1, 2)), "float32", "softmax")
        with pytest.raises(UnknownName, match="unknown law 'ordre'"):
            list(suspects(wrong(lse), np.zeros((1, 2)), "float32", laws=("ordre",)))

    def test_every_law_says_what_it_means_in_a_line(self):
        """For lists and reports."""
        for name, law in LAWS.items():
            assert law.name == name
            assert 10 < len(law.meaning) < 100

    def test_the_example_is_true(self):
        """It runs."""
        assert doctest.testmod(laws).failed == 0


@pytest.mark.parametrize("fmt", ["float16", "float32", "float64", "float8_e5m2"])
@pytest.mark.parametrize("turn", range(4))
def test_a_shift_is_exact(fmt, turn):
    """In rational numbers: every x - c is a number of the format, or the row is not asked about."""
    kind = formats.named(fmt)
    moved_some = 0

    @settings(max_examples=60, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(strategies.batches(fmt, min_size=1, max_size=12))
    def check(batch):
        nonlocal moved_some
        values = formats.widen(batch)[~np.isnan(formats.widen(batch)).any(-1)]
        if not len(values):
            return
        with np.errstate(all="ignore"):
            rows, c, moved, exact = shifted(values, kind, Draw("test", 0, np.arange(len(values))), turn)
        for row in np.flatnonzero(exact):
            assert formats.rounded(kind, c[row, 0]) == c[row, 0]
            moved_some += c[row, 0] != 0
            for x, y in zip(rows[row].tolist(), moved[row].tolist(), strict=True):
                if np.isfinite(x):
                    assert Fraction(x) - Fraction(float(c[row, 0])) == Fraction(y)
                    assert formats.rounded(kind, x) == x
                    assert formats.rounded(kind, y) == y
                else:
                    assert x == y

    check()
    assert moved_some > 20
