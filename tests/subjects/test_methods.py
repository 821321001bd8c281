"""methods: close to the truth where nothing is hard, and wrong exactly where the textbook is."""

import ast
import math
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import lsecheck
from lsecheck import formats, functions
from lsecheck.errors import UnknownName
from lsecheck.formats import FORMATS, FormatPair
from lsecheck.inputs import cases
from lsecheck.subjects import METHODS, load
from lsecheck.subjects.methods import method, trace
from lsecheck.subjects.methods.logsumexp import running
from lsecheck.subjects.methods.steps import Answer, Exponents, Logged, Terms, Total, last
from lsecheck.subjects.subject import ask

NATIVE = ("float16", "bfloat16", "float32", "float64")
PAIRS = [(name, function) for name, table in METHODS.items() for function in table]
REDUCTIONS = [name for name, table in METHODS.items() if "logsumexp" in table]
INF, NAN = math.inf, math.nan
F64 = FORMATS["float64"]


def answers(spec: str, rows: list[list[float]], fmt: str = "float32", function: str = "logsumexp") -> np.ndarray:
    """What a method says to rows, in one format (or IN:OUT)."""
    said = ask(method(spec), functions.named(function), np.array(rows), formats.pair(fmt), None)
    assert set(said.trouble.tolist()) == {""}, said.message
    return said.values


def answer(spec: str, rows: list[list[float]], fmt: str = "float32", function: str = "logsumexp") -> list[float]:
    """The first output of each row."""
    return answers(spec, rows, fmt, function)[:, 0].tolist()


class TestCloseness:
    """Honest code on ordinary logits."""

    @pytest.mark.parametrize("fmt", NATIVE)
    @pytest.mark.parametrize(("name", "function"), PAIRS)
    def test_every_method_is_close_to_the_truth_on_ordinary_logits(self, name, function, fmt):
        """A slip in a method would be read as a finding about the method that it is named after."""
        defined, pair = functions.named(function), formats.pair(fmt)
        batch = next(iter(cases.batches("ordinary", defined, pair.input, "quick")))
        rows = np.clip(batch.values, -4, 4)  # where naive is at home too
        labels = batch.labels
        values = formats.widen(formats.cast(rows, pair.input))
        known = lsecheck.truth(function, formats.cast(values, pair.input), labels=labels)
        said = ask(method(name), defined, values, pair, labels)
        assert set(said.trouble.tolist()) == {""}, said.message
        assert np.allclose(said.values, formats.widen(known.rounded), rtol=0, atol=40 * pair.input.unit_roundoff)

    @pytest.mark.parametrize("name", REDUCTIONS)
    def test_logaddexp_is_the_method_on_two_entries(self, name):
        """One code for both, so that their verdicts can be compared."""
        rows = np.array([[0.0, 1.0], [-3.0, 2.5], [7.0, 7.0]])
        pair = formats.pair("float32")
        two, many = (
            ask(method(name), functions.named(function), rows, pair, None).values
            for function in ("logaddexp", "logsumexp")
        )
        assert two.tolist() == many.tolist()


class TestTextbook:
    """Nothing is guarded that the textbook does not guard: the specials column must show it."""

    @pytest.mark.parametrize(
        ("name", "row", "said"),
        [
            ("max-shift", [-INF, -INF], NAN),
            ("max-shift", [INF, 0.0], NAN),
            ("max-shift", [1000.0, 1000.0], float(np.float32(1000 + math.log(2)))),
            ("max-shift", [0.0, -17.738], 0.0),
            ("naive", [1000.0, 1000.0], INF),
            ("naive", [-1000.0, -1000.0], -INF),
            ("naive", [-INF, -INF], -INF),
            ("naive", [INF, 0.0], INF),
            ("online", [-INF, 0.0], NAN),
            ("online", [0.0, -INF], 0.0),
            ("online", [0.0, INF], NAN),
            ("pairwise", [-INF, -INF], NAN),
            ("pairwise", [INF, 0.0], NAN),
            ("online-blocked", [-INF, -INF], -INF),
            ("online-blocked", [-INF, 0.0], 0.0),
            ("online-blocked", [INF, 0.0], NAN),
            ("log1p-shift", [-INF, -INF], -INF),
            ("log1p-shift", [INF, INF, 0.0], INF),
            ("log1p-shift", [-INF, 3.0], 3.0),
            ("log1p-shift", [NAN, INF], NAN),
            ("log1p-shift", [0.0, -17.738], float(np.float32(1.9791e-08))),
            ("logaddexp-fold", [-INF, -INF], -INF),
            ("logaddexp-fold", [INF, INF], INF),
            ("logaddexp-fold", [INF, NAN], NAN),
        ],
    )
    def test_a_method_says_what_its_textbook_says(self, name, row, said):
        """nan for the shift inf - inf, inf for naive overflow; the guarded forms are right."""
        assert answer(name, [row]) == pytest.approx([said], rel=1e-3, nan_ok=True)

    @pytest.mark.parametrize("name", ["log1p-shift", "logaddexp-fold"])
    def test_the_guarded_forms_answer_minus_infinity_to_an_empty_row(self, name):
        """The empty sum is 0."""
        assert answer(name, [[]]) == [-INF]

    @pytest.mark.parametrize("name", ["max-shift", "online", "log1p-shift"])
    def test_shifted_log_softmax_is_nan_where_all_is_masked(self, name):
        """One of the conventions in use, named and not scored."""
        assert np.isnan(answer(name, [[-INF, -INF]], function="log_softmax")).all()

    def test_log_naive_is_minus_infinity_where_the_softmax_underflows(self):
        """The bug that log_softmax exists to avoid: [0, -150] is -150 there."""
        assert answers("naive", [[0.0, -150.0]], function="log_softmax").tolist() == [[0.0, -INF]]

    def test_via_lse_loses_a_large_common_offset(self):
        """x - LSE(x) at 1e8 in float32: 0, where -ln 2 is right."""
        row = [[1e8, 1e8]]
        assert answers("via-lse", row, function="log_softmax").tolist() == [[0.0, 0.0]]
        assert answer("max-shift", row, function="log_softmax") == [pytest.approx(-math.log(2))]


class TestAccumulation:
    """What really accumulates in what: documented facts about NumPy and ml_dtypes, which results depend on."""

    def test_numpy_sums_float16_wider_along_the_last_axis(self):
        """4096 ones are 4096, and 3000 terms of 1/3 lose nothing on the way: no float16 running sum does that."""
        assert np.ones((1, 4096), np.float16).sum(-1).tolist() == [4096.0]
        thirds = np.full((1, 3000), 1 / 3, np.float16)
        wide = thirds.astype(np.float64).sum()
        assert thirds.sum(-1)[0] == np.float16(wide)
        assert abs(np.cumsum(thirds[0], dtype=np.float16)[-1] - wide) > 10

    def test_ml_dtypes_sums_bfloat16_in_bfloat16(self):
        """300 ones make 256, where the running sum sticks."""
        ones = np.ones((1, 300), ml_dtypes.bfloat16)
        assert float(ones.sum(-1)[0]) == 256.0
        assert answer("max-shift", [[0.0] * 300], "bfloat16") == [float(ml_dtypes.bfloat16(math.log(256)))]
        assert answer("max-shift@float32", [[0.0] * 300], "bfloat16") == [float(ml_dtypes.bfloat16(math.log(300)))]

    @pytest.mark.parametrize("name", FORMATS)
    @pytest.mark.parametrize(
        "shape", [(1, 40000), (2, 17000), (3, 11000), (4, 9000), (50, 700), (40000, 3), (5, 1), (0, 3)]
    )
    def test_online_taken_ahead_and_row_by_row_is_the_recurrence_bit_for_bit(self, name, shape):
        """As it is published, a column at a time."""
        dtype = FORMATS[name].dtype
        numbers = np.random.default_rng(7).standard_normal(shape) * np.resize([1, 20, 300], shape[0])[:, None]
        if FORMATS[name].has_infinity:
            numbers[1::5, 0] = -INF
            numbers[2::7, shape[1] // 2] = INF
        numbers[3::6, -1] = NAN
        x = np.clip(numbers, -FORMATS[name].largest, FORMATS[name].largest, out=numbers, where=np.isfinite(numbers))
        x = x.astype(dtype)
        with np.errstate(all="ignore"):
            m, s = x[:, 0].copy(), np.exp(x[:, 0] - x[:, 0])
            for column in x.T[1:]:
                risen = np.maximum(m, column)
                s = s * np.exp(m - risen) + np.exp(column - risen)
                m = risen
            maximum, total = running(x)
        assert (maximum.dtype, total.dtype) == (dtype, dtype)
        np.testing.assert_array_equal(maximum.astype("f8"), m.astype("f8"))
        np.testing.assert_array_equal(total.astype("f8"), s.astype("f8"))

    def test_the_online_running_sum_of_ones_sticks_at_2048_in_float16(self):
        """Every step is in the storage format, as its docstring says."""
        assert answer("online", [[0.0] * 4096], "float16") == [float(np.float16(math.log(2048)))]

    @pytest.mark.parametrize("spec", ["max-shift@float64", "online@float64", "log1p-shift@float64", "pairwise@double"])
    @pytest.mark.parametrize("fmt", ["float16", "bfloat16", "float32"])
    def test_a_method_carried_in_float64_rounds_once(self, spec, fmt):
        """@FORMAT carries the whole computation, from exact inputs to one rounding at the end."""
        rng = np.random.default_rng(7)
        x = formats.cast(rng.normal(size=(20, 50)) * 4, FORMATS[fmt])
        said = answers(spec, formats.widen(x), fmt)[:, 0]
        assert (said == formats.widen(lsecheck.logsumexp(x))).mean() > 0.94

    def test_a_carried_method_is_shown_with_its_format_and_says_so(self):
        """The name in a report must tell the two apart; aliases are resolved."""
        carried = load("max-shift@f32")
        assert carried.name == "max-shift@float32"
        assert carried.note == "ours, carried in float32"
        assert carried.spec == "max-shift@float32"
        assert load("max-shift").note == "ours, every step in the storage format"

    def test_the_narrower_accumulator_is_worse(self):
        """max-shift@float16 on float32 input has float16's precision and float16's dtype nowhere."""
        x = np.linspace(0, 3, 50, dtype=np.float32)[None, :]
        (narrow,), (exact,) = answer("max-shift@float16", x), lsecheck.logsumexp(x)
        assert 2.0**-14 < abs(narrow - float(exact)) < 0.02

    @pytest.mark.parametrize("spec", ["max-shift", "log1p-shift@float32"])
    def test_a_method_answers_in_the_output_format_of_the_pair(self, spec):
        """bfloat16 logits, float32 answer, as fused kernels have it; the last step is one rounding."""
        wide, narrow = answer(spec, [[0.0, 1.0]], "bfloat16:float32"), answer(spec, [[0.0, 1.0]], "bfloat16")
        assert narrow == [1.3125]
        # without @FORMAT the steps are bfloat16 ones, whatever the answer is stored in
        assert wide == (narrow if spec == "max-shift" else [pytest.approx(1.3132617, abs=1e-6)])


class TestSteps:
    """A method is a generator over its own steps; the last is the answer, the others are consistent with it."""

    X = np.array([[0.5, -1.25, 3.0, 2.0], [-4.0, -4.0, -4.5, -8.0], [-2.5, -2.75, -2.0, -3.0]])

    @pytest.mark.parametrize(("name", "function"), PAIRS)
    def test_the_last_step_is_the_answer_and_the_only_one(self, name, function):
        """`explain` reads the steps in order and must know where they end."""
        steps = trace(name, function, self.X[:, :2] if function == "logaddexp" else self.X, F64)
        assert isinstance(steps[-1], Answer)
        assert not any(isinstance(step, Answer) for step in steps[:-1])
        assert all(step.step for step in steps)

    @pytest.mark.parametrize("name", REDUCTIONS)
    def test_every_intermediate_step_leads_to_the_same_answer_in_float64(self, name):
        """What the exact remainder would make of a state is the answer, to rounding."""
        exact = np.log(np.exp(self.X).sum(-1))
        for step in trace(name, "logsumexp", self.X, F64):
            match step:
                case Exponents(shift=m, entries=d, lead=lead):
                    led = m + np.log(lead + np.exp(d).sum(-1))
                case Terms(shift=m, entries=e, lead=lead):
                    led = m + np.log(lead + e.sum(-1))
                case Total(shift=m, total=s, lead=lead):
                    led = m + np.log(lead + s)
                case Logged(shift=m, log=log):
                    led = m + log
                case Answer(values=values):
                    led = values
            assert np.allclose(led, exact, rtol=1e-14, atol=1e-14), step

    def test_a_carried_trace_ends_with_a_rounding_to_the_storage_format(self):
        """The last rounding is a step of its own, with an error of its own."""
        x = self.X.astype(np.float16)
        steps = trace("max-shift@float32", "logsumexp", x, FORMATS["float16"])
        assert [step.step for step in steps[-2:]] == ["add", "round"]
        assert steps[-2].values.dtype == np.float32
        assert steps[-1].values.dtype == np.float16

    def test_a_method_without_an_answer_is_a_mistake_of_ours(self):
        """It would otherwise be an error far from its cause."""
        with pytest.raises(AssertionError, match="a method must end with its answer"):
            last(iter([Logged("log", self.X, self.X)]))


class TestNames:
    """How methods are asked for."""

    def test_every_method_is_loaded_by_its_name_and_claims_what_it_has(self):
        """A method that claims a function it has not got would crash; one that hides it is never judged."""
        for name, table in METHODS.items():
            subject = load(name)
            assert subject.name == subject.spec == name
            for function in functions.FUNCTIONS.values():
                pair = FormatPair(FORMATS["float32"], FORMATS["float32"])
                assert subject.supports(function, pair) == (function.name in table)

    def test_an_unknown_accumulator_names_the_formats(self):
        """max-shift@float31 is a typing mistake."""
        with pytest.raises(UnknownName) as caught:
            method("max-shift@float31")
        assert str(caught.value) == (
            "unknown format 'float31': did you mean 'float32'? choose from "
            "float16, bfloat16, float32, float64, float8_e4m3fn, float8_e5m2"
        )

    def test_an_unknown_method_names_the_nearest(self):
        """As every name."""
        with pytest.raises(UnknownName, match=r"^unknown method 'maxshift': did you mean 'max-shift'\? choose from "):
            method("maxshift")


def test_subjects_never_import_mpmath_or_the_oracle():
    """A subject must not know the answer: read from the imports, function bodies included."""
    import lsecheck.subjects

    folder = Path(lsecheck.subjects.__file__).parent
    sources = sorted(folder.rglob("*.py"))
    assert len(sources) > 6
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names] + [str(node.module)]
            for name in names:
                assert not name.startswith(("mpmath", "lsecheck.oracle", "lsecheck.measure")), f"{path.name}: {name}"
                assert not name.startswith("flint"), f"{path.name}: {name}"
