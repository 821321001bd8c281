"""Measuring by numba: the bits of NumPy in every figure, and the choice between the two."""

import inspect
import itertools
import types
from dataclasses import replace
from importlib import metadata

import numpy as np
import pytest

from lsecheck import contracts, formats
from lsecheck.contracts import LADDER, Contract
from lsecheck.errors import EnvironmentRefused
from lsecheck.formats import FORMATS, Format, FormatPair
from lsecheck.functions import FUNCTIONS
from lsecheck.functions.definition import Expected
from lsecheck.measure import arithmetic, errors, vectorised
from lsecheck.measure.definition import FIELDS, Errors
from lsecheck.oracle import base, engines
from lsecheck.oracle.truth import Truth, certify

compiled = pytest.importorskip(
    "lsecheck.measure.compiled", reason="numba is not installed: pip install 'lsecheck[compiled]'"
) if engines.compiled_installed() else None  # fmt: skip
NEEDS_NUMBA = pytest.mark.skipif(compiled is None, reason="numba is not installed: pip install 'lsecheck[compiled]'")
EVERY = pytest.mark.parametrize("function", FUNCTIONS)
ENGINES = pytest.mark.parametrize("which", ["numpy", pytest.param("numba", marks=NEEDS_NUMBA)])
LONG = 300


@pytest.fixture(autouse=True)
def _restored():
    """The choice of engine is one of the process: what a test changes it puts back."""
    before = engines._seen, engines._choice
    yield
    engines._seen, engines._choice = before


def rows(chance: np.random.Generator, fmt: Format, count: int, n: int) -> np.ndarray:
    """Rows of every kind, rounded to the format: specials, near 0, beyond the largest, subnormal answers."""
    largest, tiny, far = fmt.largest, fmt.tiny, fmt.tiny_exponent * np.log(2.0)
    palettes = [
        [largest, -largest, largest / 2, 1.0, 0.0],
        [largest, largest, largest * 0.99],
        [0.0, tiny, -tiny, -17.738, far, -740.0, -16.0],
        [0.0, -0.0, -3000.0],
        [np.inf, -np.inf, np.nan, 1.0, 0.0],
        [-np.inf, -np.inf, 2.0],
        [-np.log(max(n, 1))],
    ]
    batch = chance.standard_normal((count, n)) * 10.0 ** chance.integers(-4, 4, (count, 1))
    for x, kind in zip(batch, chance.integers(2 * len(palettes), size=count).tolist(), strict=True):
        if kind < len(palettes):
            x[:] = chance.choice(palettes[kind], n)
    with np.errstate(all="ignore"):
        return formats.widen(formats.cast(batch, fmt))


def answers(chance: np.random.Generator, truth: Truth) -> np.ndarray:
    """Right, next to right, far off, of a wrong kind, and no number of the format."""
    fmt = truth.formats.output
    steps = chance.choice([0, 0, 1, -1, 2, -3, 1000, -(2**20)], truth.places.shape)
    places = truth.places + steps * np.where(truth.side == 0, 1, truth.side)
    near = formats.widen(formats.from_ordinals(np.clip(places, -fmt.largest_ordinal - 1, fmt.largest_ordinal + 1), fmt))
    odd = chance.choice(
        [np.nan, np.inf, -np.inf, 0.0, -0.0, fmt.largest, -fmt.largest, fmt.tiny, 1.1, 1e300, 5e-324], near.shape
    )
    right = formats.widen(truth.rounded)
    with np.errstate(all="ignore"):
        beside = right * (1 + chance.standard_normal(near.shape) * 2.0**-fmt.precision)
    pick = chance.random(near.shape)
    return np.select([pick < 0.2, pick < 0.4, pick < 0.5], [odd, right, beside], near)


def known(chance: np.random.Generator, function: str, pair: FormatPair, count: int, n: int) -> "list[Truth]":
    """Of rows of every kind: a truth, and that in base 2 where there is one."""
    batch = rows(chance, pair.input, count, n)
    labels = chance.integers(n, size=count) if FUNCTIONS[function].labelled else None
    found = certify(FUNCTIONS[function], batch, pair, labels)
    return [found, base.in_base_two(found, batch)] if function == "logsumexp" and n == 2 else [found]


def by_both(truth: Truth, said: np.ndarray, required: Contract = Contract.SHIFTED, flushes: bool = False):
    """What either engine finds, from the same arrays."""
    found = []
    for choice in ("numpy", "numba"):
        engines.force(choice)
        found.append(errors(truth, said, required, flushes=flushes))
    return found


def differing(one: Errors, other: Errors) -> "list[str]":
    """Fields that differ in type, in shape or in a bit, but for the sign and payload of a nan."""
    found = []
    for name in FIELDS:
        a, b = (np.asarray(getattr(each, name)) for each in (one, other))
        same = a.dtype == b.dtype and a.shape == b.shape
        if same and a.dtype == np.float64:
            a, b = (np.where(np.isnan(each), np.nan, each).view(np.int64) for each in (a, b))
        if not same or not np.array_equal(a, b):
            found.append(name)
    return found


def sizes(function: str) -> "tuple[int, ...]":
    """Lengths of rows: none, one, few, more than a block of the kernel."""
    if function == "logaddexp":
        return (2,)
    return (1, 2, 3, LONG) if FUNCTIONS[function].labelled else (0, 1, 2, 3, LONG)


@NEEDS_NUMBA
class TestSameBits:
    """Two engines, one arithmetic: every figure of every output, scored or not."""

    @EVERY
    @pytest.mark.parametrize("target", FORMATS)
    def test_both_engines_find_the_same_of_every_answer(self, function, target):
        """Each format of the rows, each contract, with subnormal numbers and without."""
        chance = np.random.default_rng([len(function), FORMATS[target].width, FORMATS[target].precision])
        for source, n in itertools.product(FORMATS.values(), sizes(function)):
            pair = FormatPair(source, FORMATS[target])
            for truth in known(chance, function, pair, 4 if n == LONG else 60, n):
                said = answers(chance, truth)
                for required, flushes in itertools.product(LADDER[:-1], (False, True) if n == 2 else (False,)):
                    one, other = by_both(truth, said, required, flushes)
                    assert not differing(one, other), (source.name, n, truth.base, required, flushes)

    def test_the_sample_meets_what_is_special(self):
        """Bits that agree on easy answers alone would say little."""
        chance = np.random.default_rng(8)
        seen = set()
        for function, (source, target) in itertools.product(
            FUNCTIONS, [("float64", "float64"), ("float32", "float16"), ("float32", "float8_e4m3fn")]
        ):
            for truth in known(chance, function, FormatPair(FORMATS[source], FORMATS[target]), 400, 2):
                said = answers(chance, truth)
                found = errors(truth, said)
                scored = np.isfinite(found.ulp)
                seen |= {f"kind {name}" for name in found.kind.ravel().tolist()}
                seen |= {f"expected {Expected(code).name}" for code in np.unique(truth.expected).tolist()}
                seen |= {f"rung {rung}" for rung in found.rung[scored].tolist()}
                for name, flags in {
                    "overflow": ~np.isfinite(said), "scale": truth.scale != 0, "exact": truth.side == 0,
                    "subnormal": np.abs(truth.places) < 2, "infinite condition": np.isinf(found.condition),
                    "largest": found.ulp == arithmetic.LARGEST_ERROR, "lengths": truth.sums.n != truth.sums.n[0],
                }.items():  # fmt: skip
                    if (flags & scored).any():
                        seen.add(name)
        wanted = {f"expected {each.name}" for each in Expected} | {f"kind {name}" for name in ("", "nan", "infinite")}
        wanted |= {"kind finite", "overflow", "scale", "exact", "subnormal", "largest", "lengths"}
        assert seen >= wanted | {f"rung {rung}" for rung in range(7)}, wanted - seen

    @pytest.mark.parametrize("rows_", [1, 85, 86, 255, 256, 257, 700])
    @pytest.mark.parametrize("function", ["logsumexp", "softmax"])
    def test_where_a_block_of_the_kernel_ends_does_not_matter(self, function, rows_):
        """Of 3 outputs a row, so that blocks of 256 end within rows."""
        chance = np.random.default_rng(rows_)
        (truth,) = known(chance, function, formats.pair("float32"), rows_, 3)
        assert not differing(*by_both(truth, answers(chance, truth)))

    @pytest.mark.parametrize("shape", [(0, 3), (0, 0), (5, 0)])
    @pytest.mark.parametrize("function", ["logsumexp", "softmax"])
    def test_there_may_be_nothing_to_measure(self, function, shape):
        """Empty batches are answered, with arrays of the same shape."""
        truth = certify(FUNCTIONS[function], np.zeros(shape), formats.pair("float32"))
        one, other = by_both(truth, np.zeros(truth.expected.shape))
        assert not differing(one, other)
        assert other.ulp.shape == truth.expected.shape

    @EVERY
    def test_the_layout_of_the_arrays_does_not_matter(self, function):
        """Transposed, strided, reversed and read-only: parts of a truth, answers of a library."""
        chance = np.random.default_rng(5)
        (truth, *_) = known(chance, function, formats.pair("float16"), 40, 2)
        said = answers(chance, truth)
        wanted = by_both(truth, said)[0]
        wide = np.zeros((80, 2 * said.shape[1]))
        wide[::2, ::2] = said
        frozen = said.copy()
        frozen.flags.writeable = False
        turned = replace(truth, **{name: np.asfortranarray(getattr(truth, name)) for name in ("high", "low", "places")})
        fixed = replace(truth, high=np.broadcast_to(truth.high, truth.high.shape))
        for known_, layout in [
            (truth, np.asfortranarray(said)), (truth, wide[::2, ::2]), (truth, said[::-1][::-1]), (truth, frozen),
            (turned, said), (fixed, said),
        ]:  # fmt: skip
            assert not differing(wanted, by_both(known_, layout)[1])
        part = truth.part(slice(3, 31, 2), slice(None))
        assert not differing(*by_both(part, said[3:31:2]))


@ENGINES
@pytest.mark.parametrize("shape", [(39, 2), (41, 2), (40, 3), (2, 40), (80,)], ids=str)
def test_answers_of_another_shape_are_refused(which, shape):
    """The compiled loop looks at no bounds: it would judge what lies behind the array."""
    engines.force(which)
    truth = certify(FUNCTIONS["softmax"], np.zeros((40, 2)), formats.pair("float32"))
    with pytest.raises(ValueError, match="broadcast"):
        errors(truth, np.zeros(shape))


class TestChoice:
    """Who measures is who certifies."""

    @ENGINES
    def test_what_is_forced_measures(self, which, monkeypatch):
        """Whatever the amount of work."""
        truth = certify(FUNCTIONS["logsumexp"], np.zeros((2, 2)), formats.pair("float32"))
        engines.force(which)
        errors(truth, np.zeros((2, 1)))  # tested, with the help of the other
        for name, module in {"numpy": vectorised, "numba": compiled}.items():
            if module is not None:
                monkeypatch.setattr(module, "errors", lambda *_, name=name: name)
        assert errors(truth, np.zeros((2, 1))) == which

    @NEEDS_NUMBA
    def test_auto_goes_over_once_it_pays(self, monkeypatch):
        """Compiling takes as long as measuring some 20 million outputs."""
        truth = certify(FUNCTIONS["logsumexp"], np.zeros((2, 2)), formats.pair("float32"))
        monkeypatch.setattr(vectorised, "errors", lambda *_: "numpy")
        monkeypatch.setattr(compiled, "errors", lambda *_: "numba")
        engines.force("auto")
        engines._seen = engines.ENOUGH - 3
        assert [errors(truth, np.zeros((2, 1))) for _ in range(2)] == ["numpy", "numba"]

    def test_without_numba_numpy_measures(self, monkeypatch):
        """A bare installation judges, more slowly."""
        truth = certify(FUNCTIONS["logsumexp"], np.zeros((2, 2)), formats.pair("float32"))
        monkeypatch.setattr(engines, "compiled_installed", lambda: False)
        monkeypatch.setattr(vectorised, "errors", lambda *_: "numpy")
        engines.force("auto")
        engines._seen = 2 * engines.ENOUGH
        assert errors(truth, np.zeros((2, 1))) == "numpy"


@NEEDS_NUMBA
class TestSelfTest:
    """A kernel that computes otherwise is not used."""

    @pytest.mark.parametrize("place", range(8))
    def test_one_bit_in_one_figure_is_caught(self, place, monkeypatch):
        """A verdict of other arithmetic would be no verdict."""
        kernel = compiled._compiled(FUNCTIONS["softmax"])

        def nearly(*given):
            kernel.run(*given)
            numbers, *whole = given[-4:]
            if place < 5:
                part = numbers.reshape(5, -1)[place]
                part[0] = np.nextafter(part[0], 9.0)
            else:
                whole[place - 5][0] ^= 1

        monkeypatch.setattr(compiled, "_compiled", lambda _: kernel._replace(run=nearly))
        with pytest.raises(EnvironmentRefused) as caught:
            compiled._tested.__wrapped__(FUNCTIONS["softmax"])
        assert str(caught.value).startswith(
            f"compiled by numba {metadata.version('numba')}, errors of softmax differ from"
        )

    @EVERY
    def test_the_kernels_pass(self, function):
        """And each is tested before it is first used."""
        assert compiled._tested(FUNCTIONS[function]).names

    @EVERY
    def test_every_line_that_is_compiled_is_in_the_digest(self, function):
        """Else a kernel of another version would be taken from the disk."""
        own = FUNCTIONS[function]
        waiting, seen = [arithmetic.judge, contracts.allow, own.condition, own.bound, own.underflow], set()
        while waiting:
            each = waiting.pop()
            if each in seen or each in compiled._SCALAR:
                continue
            seen.add(each)
            assert inspect.getmodule(each) in compiled._SOURCES, each
            called = (each.__globals__.get(name) for name in each.__code__.co_names)
            waiting += [other for other in called if isinstance(other, types.FunctionType)]
        assert len(seen) > 8
