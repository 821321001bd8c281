"""engines: the same bits from each, the self-test that tells, and which one is chosen when."""

import numpy as np
import pytest

from lsecheck import formats
from lsecheck.errors import EnvironmentRefused, UnknownName
from lsecheck.formats import FORMATS
from lsecheck.functions import FUNCTIONS
from lsecheck.oracle import constants, doubledouble, engines, fast, outputs, selftest, settle
from lsecheck.oracle.doubledouble import CHUNK
from lsecheck.oracle.engines import vectorised

NEEDS_NUMBA = pytest.mark.skipif(
    not engines.compiled_installed(), reason="numba is not installed: pip install 'lsecheck[compiled]'"
)
INSTALL = "the numba engine is not installed: pip install 'lsecheck[compiled]'"
ELEMENTWISE = ("softmax", "log_softmax")


@pytest.fixture(autouse=True)
def _restored():
    """The choice of engine is one of the process: what a test changes it puts back."""
    before = engines._seen, engines._choice
    yield
    engines._seen, engines._choice = before


@pytest.fixture
def compiled():
    """The compiled engine."""
    pytest.importorskip("numba", reason="numba is not installed: pip install 'lsecheck[compiled]'")
    from lsecheck.oracle.engines import compiled

    return compiled


def special(seed: int, n: int, rows: int) -> np.ndarray:
    """Random rows with -inf entries, ties, denormals, huge gaps and table boundaries among them."""
    chance = np.random.default_rng(seed)
    batch = chance.standard_normal((rows, n)) * 10.0 ** chance.integers(-4, 4, (rows, 1))
    kinds = chance.integers(9, size=rows)
    for row, kind in enumerate(kinds.tolist()):
        x = batch[row]
        if kind == 1:
            x[chance.random(n) < 0.5] = -np.inf
        elif kind == 2:
            x[chance.random(n) < 0.5] = x.max()
        elif kind == 3:
            x[:] = x[0]
        elif kind == 4:
            x[:] = chance.integers(-1000, 20, n) * (np.log(2) / 1024)
        elif kind == 5:
            x[:] = np.ldexp(chance.choice([1.0, -1.0, 1.75], n), chance.integers(-1074, 1000, n))
        elif kind == 6:
            x[:] = chance.choice([0.0, 2.0**-1074, -(2.0**-1074), -87.0, -624.0, -745.0, -3499.0, -3501.0, -1e300], n)
        elif kind == 7:
            x[:] = chance.choice([1e307, -1e307, 2.0**1000, 1.0], n)  # some beyond what the fast tier takes
        if (x == -np.inf).all():
            x[0] = chance.standard_normal()
    return batch


#: entries in a row -> rows of it
SIZES = {1: 3000, 2: 20_000, 3: 15_000, 17: 4000, 100: 900, 128: 500, 129: 500, 4095: 12, 4096: 12, 4097: 12, 10_000: 8}


def everything(batch: np.ndarray, engine, functions, names) -> "list[np.ndarray]":
    """All that an engine says of a batch, as bits."""
    found = []
    with np.errstate(all="ignore"):
        known = fast.rows(batch, engine)
        for each in known:
            found += [np.asarray(array) for array in (each if isinstance(each, tuple) else (each,))]
        for function in functions:
            whole = known.maximum[:, None]
            entries = np.where(batch > -np.inf, batch, whole) if function in ELEMENTWISE else whole
            if function == "cross_entropy":
                entries = np.where(batch[:, -1:] > -np.inf, batch[:, -1:], whole)
            for name in names:
                found += fast.outputs(FUNCTIONS[function], known, entries, FORMATS[name], engine)
    return found


def alike(one: "list[np.ndarray]", other: "list[np.ndarray]") -> bool:
    """The same bits, but for the sign and payload of a nan; the same whole numbers."""
    return len(one) == len(other) and all(
        np.array_equal(np.asarray(a, np.float64), np.asarray(b, np.float64), equal_nan=True)
        and np.array_equal(np.signbit(np.nan_to_num(np.float64(a))), np.signbit(np.nan_to_num(np.float64(b))))
        for a, b in zip(one, other, strict=True)
    )


@NEEDS_NUMBA
class TestSameBits:
    """Two engines, one arithmetic."""

    @pytest.mark.parametrize("n", SIZES)
    def test_both_engines_say_the_same_of_every_row(self, compiled, n):
        """Rows of every kind, 600,000 entries: each function, a wide and a narrow format at the least."""
        batch = special(n, n, SIZES[n])
        names = ("float64", "float16") if n > 3 else tuple(FORMATS)
        one, other = (everything(batch, engine, FUNCTIONS, names) for engine in (vectorised, compiled))
        assert alike(one, other)
        assert len(one) > 40

    def test_both_engines_say_the_same_of_ordinary_rows(self, compiled):
        """Another 1.5 million entries, none of them special: what is certified all day."""
        batch = np.random.default_rng(3).standard_normal((1500, 1000)) * 5
        one, other = (everything(batch, engine, ("logsumexp", "softmax"), ("float32",)) for engine in
                      (vectorised, compiled))  # fmt: skip
        assert alike(one, other)

    @pytest.mark.parametrize("n", [3, 129, 4097])
    def test_the_layout_of_a_batch_does_not_matter(self, compiled, n):
        """Transposed, reversed, every other column, big-endian: slabs of a user's array."""
        batch = special(n, n, 12)
        wide = np.zeros((24, 2 * n))
        wide[::2, ::2] = batch
        layouts = [np.asfortranarray(batch), wide[::2, ::2], batch[:, ::-1][:, ::-1], batch[::-1][::-1]]
        for engine in (vectorised, compiled):
            wanted = everything(batch, engine, ("logsumexp", "softmax"), ("float64",))
            for layout in layouts:
                assert alike(everything(layout, engine, ("logsumexp", "softmax"), ("float64",)), wanted)

    def test_certificates_do_not_depend_on_the_engine(self, compiled):
        """The whole way, label and all."""
        from lsecheck.oracle.truth import certify

        batch = special(5, 9, 400)
        pair = formats.FormatPair(FORMATS["float64"], FORMATS["float32"])
        labels = np.arange(400) % 9
        found = []
        for choice in ("numpy", "numba"):
            engines.force(choice)
            found.append(certify(FUNCTIONS["cross_entropy"], batch, pair, labels))
        for field in ("places", "side", "exponent", "high", "low", "radius", "scale", "tiers"):
            assert np.array_equal(getattr(found[0], field), getattr(found[1], field), equal_nan=True), field
        assert engines.engine(0).name == compiled.name


class TestOrder:
    """A row is a multiset."""

    @pytest.mark.parametrize("n", [2, 3, 17, 128, 129, 4096, 4097, 10_000])
    @pytest.mark.parametrize("which", ["numpy", pytest.param("numba", marks=NEEDS_NUMBA)])
    def test_the_order_of_the_entries_does_not_change_a_bit(self, which, n):
        """Sums of parts are exact: chunks, lanes and workers cut rows as they please."""
        engines.force(which)
        engine = engines.engine(0)
        batch = special(n + 1, n, 30 if n < 1000 else 6)
        order = np.random.default_rng(n).permutation(n)
        one, other = (everything(each, engine, ("logsumexp",), ("float64",)) for each in (batch, batch[:, order]))
        # log S, its radius and the rounding; and the figures, which sum exactly too
        assert alike(one, other)

    @pytest.mark.parametrize("n", [2, 7, 129, 600])
    @pytest.mark.parametrize("which", ["numpy", pytest.param("numba", marks=NEEDS_NUMBA)])
    def test_a_row_does_not_depend_on_its_neighbours(self, which, n):
        """Blocks of the engines hold several rows, or columns of them, or a part of one that stands alone."""
        engines.force(which)
        engine = engines.engine(0)
        batch = special(9, n, 3000)
        together = everything(batch, engine, ("logsumexp",), ("float64",))
        for row in (0, 1170, 2999):
            alone = everything(batch[row : row + 1], engine, ("logsumexp",), ("float64",))
            assert all(np.array_equal(a[..., row], b[..., 0], equal_nan=True) for a, b in zip(together[:-9], alone[:-9],
                                                                                             strict=True))  # fmt: skip
            assert all(np.array_equal(a[row], b[0], equal_nan=True) for a, b in zip(together[-9:], alone[-9:],
                                                                                    strict=True))  # fmt: skip


class Spoiled:
    """The vectorised engine with one function replaced."""

    name = "spoiled"

    def __init__(self, **replaced):
        for name in ("extremes", "sums", "row", "deviation", "portion"):
            setattr(self, name, replaced.get(name, getattr(vectorised, name)))


def reassociated(a, b):
    """What -ffast-math makes of `two_sum`."""
    total = a + b
    return total, total * 0.0


def fused(a, b):
    """`two_product` by one rounding too few in its last step, and its sign lost."""
    product = a * b
    return product, np.asarray(product) * 0.0


#: module, function, what a careless compiler or processor makes of it
CHANGES = [
    (outputs, "two_sum", reassociated),
    (doubledouble, "two_sum", reassociated),
    (doubledouble, "fast_two_sum", reassociated),
    (doubledouble, "two_product", fused),
    (doubledouble, "TAIL_ERROR", 2.0**-80.5),
    (doubledouble, "LOG_STEP_2", 0.0),
    (doubledouble, "LOG_STEP_3", 0.0),
    (doubledouble, "LOG_2_LOW", 0.0),
    (vectorised, "POWER_LOW", np.zeros_like(constants.POWER_LOW)),
    (settle, "nearest", lambda number: np.rint(number) + 1),
    (settle, "SLACK", 2.0**-40),
    (settle, "kept_sign", lambda scaled_value, _: -scaled_value),
    (settle, "scaled", lambda value, by: np.ldexp(value, by - 1)),
    (doubledouble, "outward", lambda low, radius: (low - radius, low + radius, radius)),
    (outputs, "scaled", lambda value, by: np.ldexp(value, by) * (1 - 2.0**-53)),
]


class TestSelfTest:
    """An engine that computes otherwise is not used."""

    def test_the_engine_as_it_is_passes(self):
        """If this fails after a change of the arithmetic, KNOWN is to be `selftest.outcome(vectorised)`."""
        assert selftest.outcome(vectorised) == selftest.KNOWN
        selftest.check(vectorised)

    @NEEDS_NUMBA
    def test_the_compiled_engine_passes(self, compiled):
        """And the same digest, computed by other instructions."""
        assert selftest.outcome(compiled) == selftest.KNOWN

    @pytest.mark.parametrize(("module", "name", "changed"), CHANGES, ids=[each[1] for each in CHANGES])
    def test_an_operation_that_differs_is_caught(self, monkeypatch, module, name, changed):
        """Each of these gives plausible numbers."""
        monkeypatch.setattr(module, name, changed)
        with pytest.raises(EnvironmentRefused) as caught:
            selftest.check(vectorised)
        assert "fails its self-test" in str(caught.value)
        assert vectorised.name in str(caught.value)

    @pytest.mark.parametrize("place", range(5))
    def test_a_small_error_in_one_sum_is_caught(self, place):
        """A unit of the first two parts and of a figure; of the third, what a pair still holds."""
        units = [2.0**-40, 2.0**-68, 2.0**-98, 2.0**-40, 2.0**-36]

        def nearly(*given):
            found = vectorised.sums(*given)
            found[place, -1, -1] += units[place]
            return found

        with pytest.raises(EnvironmentRefused):
            selftest.check(Spoiled(sums=nearly))

    @pytest.mark.parametrize("name", ["row", "deviation", "portion"])
    def test_one_bit_in_one_answer_is_caught(self, name):
        """The digest has every array in it."""
        whole = getattr(vectorised, name)
        count = {"row": 11, "deviation": 9, "portion": 9}[name]
        for place in range(count):

            def nearly(*given, place=place):
                found = [np.array(each) for each in whole(*given)]
                entry = found[place].reshape(-1)[-1:]
                entry[:] = ~entry if entry.dtype == bool else entry + 1 if entry.dtype.kind == "i" else np.nextafter(
                    entry, 9e9)  # fmt: skip
                return tuple(found)

            with pytest.raises(EnvironmentRefused):
                selftest.check(Spoiled(**{name: nearly}))

    def test_the_hard_cases_meet_every_entry_of_the_tables(self):
        """One entry of a table spoilt in memory is one that no other case would show."""
        batches = selftest.hard_cases()
        seen = set()
        for batch in batches:
            with np.errstate(all="ignore"):
                known = fast.rows(batch, vectorised)
                a = known.maximum[:, None]
                second = np.where(batch < a, batch, -np.inf).max(axis=1, keepdims=True)
                seen |= set(doubledouble.approached(batch, a, second)[3].ravel().tolist())
        assert len(seen) > 500
        assert any(batch.shape[1] > CHUNK for batch in batches)

    def test_an_engine_is_tested_before_it_is_first_used(self, monkeypatch):
        """Not once it has given its first answers."""
        monkeypatch.setattr(selftest, "KNOWN", "otherwise")
        engines.force("numpy")
        engines._vectorised.cache_clear()
        with pytest.raises(EnvironmentRefused):
            engines.engine(1)
        with pytest.raises(EnvironmentRefused):  # nor is a refusal forgotten
            engines.engine(1)
        monkeypatch.undo()
        assert engines.engine(1).name == vectorised.name


class TestChoice:
    """Which engine, when."""

    @NEEDS_NUMBA
    def test_auto_begins_with_numpy_and_goes_over_once_it_pays(self, compiled):
        """Loading the compiled engine takes as long as 20 million entries."""
        engines.force("auto")
        engines._seen = 0
        assert engines.engine(1).name == vectorised.name
        assert engines.engine(engines.ENOUGH - 1).name == vectorised.name
        assert engines.engine(1).name == compiled.name
        assert engines.engine(0).name == compiled.name

    def test_auto_stays_with_numpy_where_there_is_no_numba(self, monkeypatch):
        """A bare installation certifies, more slowly."""
        monkeypatch.setattr(engines, "compiled_installed", lambda: False)
        engines.force("auto")
        assert engines.engine(2 * engines.ENOUGH).name == vectorised.name
        assert engines.described() == "numpy"

    def test_what_is_forced_is_used(self):
        """Whatever the amount of work."""
        engines.force("numpy")
        assert engines.forced() == "numpy"
        assert engines.engine(2 * engines.ENOUGH).name == vectorised.name
        assert engines.described() == "numpy"

    @NEEDS_NUMBA
    def test_numba_can_be_forced_from_the_first_entry(self, compiled):
        """For benchmarks, and for tests of it."""
        engines.force("numba")
        engines._seen = 0
        assert engines.engine(0).name == compiled.name
        assert engines.described() == compiled.name
        engines.force("auto")
        assert engines.described() == f"numpy, {compiled.name} for long work"

    @pytest.mark.parametrize("choice", ["cuda", "", "Numpy", "compiled"])
    def test_an_unknown_engine_is_refused_by_name(self, choice):
        """A choice that was ignored would be believed."""
        before = engines.forced()
        with pytest.raises(UnknownName) as caught:
            engines.force(choice)
        assert f"unknown engine {choice!r}" in str(caught.value)
        assert all(name in str(caught.value) for name in engines.CHOICES)
        assert engines.forced() == before

    def test_numba_that_is_not_there_is_refused_with_the_line_that_installs_it(self, monkeypatch):
        """Better than to be slow without a word."""
        monkeypatch.setattr(engines, "compiled_installed", lambda: False)
        before = engines.forced()
        with pytest.raises(EnvironmentRefused) as caught:
            engines.force("numba")
        assert str(caught.value) == INSTALL
        assert engines.forced() == before

    def test_looking_for_numba_does_not_load_it(self):
        """It takes a second, and most calls never need it."""
        import subprocess
        import sys

        script = (
            "import sys, lsecheck; from lsecheck.oracle import engines; lsecheck.truth('logsumexp', [[0.0, 1.0]]);"
            "engines.compiled_installed(); engines.described(); print('numba' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "False"
