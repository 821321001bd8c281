"""bits: the words are frozen, the mapping to numbers is integers and exact steps, and nothing else decides a case."""

import ast
import hashlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lsecheck.inputs
from lsecheck.inputs import bits
from lsecheck.inputs.bits import WEYL, Draw, mixed

SOURCES = sorted(Path(lsecheck.inputs.__file__).parent.glob("*.py"))
MASK = (1 << 64) - 1

#: (family, seed, index, stream) -> the first three words; a change here changes every case there is
GOLDEN = [
    (("ordinary", 0, 0, 0), "7f455ba630872b87 b72dd0859b202329 a12253f2c807a34e"),
    (("ordinary", 0, 1, 0), "7ba4c38ff1200dfd 558194c5ef25f210 402f801052543b60"),
    (("ordinary", 1, 0, 0), "acf17559a5271cee 031ac5a8fefed2d9 566ac3293afddf31"),
    (("ordinary", 0, 0, 1), "9a14198a78fbf4de ef032fd746026351 8ee1ce72ee87b837"),
    (("long", 2**40 + 1, 3399, 2), "9c7316fbe6b27797 81fb13fc91b632b2 f55ef0b4cb7a3571"),
    (("near-zero", 0, 2**61, 1 << 20), "1d3b5fe18d055ef2 bf9f3f7936a07888 6141f2e7bd94b049"),
]


def draw(family: str = "ordinary", seed: int = 0, indices: tuple[int, ...] = (0,)) -> Draw:
    """Some cases of a family, to draw numbers for."""
    return Draw(family, seed, np.array(indices, np.int64))


def again(word: int) -> int:
    """The mixing function a second time, in Python integers."""
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 & MASK
    word = (word ^ word >> 27) * 0x94D049BB133111EB & MASK
    return word ^ word >> 31


class TestWords:
    """A word depends on its key and its place alone."""

    @pytest.mark.parametrize(("key", "words"), GOLDEN)
    def test_the_first_words_are_the_frozen_ones(self, key, words):
        """Seed and version decide every bit: were a word to change, no old address would mean what it did."""
        family, seed, index, stream = key
        found = draw(family, seed, (index,)).words(stream, 3)[0]
        assert " ".join(f"{word:016x}" for word in found.tolist()) == words

    @given(st.text(max_size=12), st.integers(0, 2**62), st.integers(0, 2**62 - 1), st.integers(0, 1 << 20))
    def test_words_are_what_python_integers_make_of_the_recipe(self, family, seed, index, stream):
        """NumPy's wrapping arithmetic must not be what the words depend on."""
        key = int.from_bytes(hashlib.blake2b(f"{family}:{seed}".encode(), digest_size=8).digest(), "little")
        row = again(key ^ again((index * WEYL + 1) & MASK))
        wanted = [again((row + (place + (stream << 40)) * WEYL) & MASK) for place in (1, 2, 3)]
        assert draw(family, seed, (index,)).words(stream, 3)[0].tolist() == wanted

    def test_a_row_is_the_same_whatever_rows_stand_beside_it(self):
        """Otherwise no case could be drawn alone from its address."""
        together = draw(indices=(5, 3, 900)).words(7, 40)
        for row, index in enumerate((5, 3, 900)):
            assert np.array_equal(together[row], draw(indices=(index,)).words(7, 40)[0])

    def test_a_shorter_draw_is_the_beginning_of_a_longer_one(self):
        """The words of a place must not depend on how many are asked for."""
        assert np.array_equal(draw().words(0, 5), draw().words(0, 500)[:, :5])

    def test_neighbouring_keys_share_no_word(self):
        """Two streams, seeds, families or cases that overlap would repeat each other's numbers."""
        drawn = [
            draw(family, seed, (index,)).words(stream, 500)[0]
            for family in ("ordinary", "wide")
            for seed in (0, 1)
            for index in (0, 1, 2)
            for stream in (0, 1, 2, 1 << 20)
        ]
        assert len(np.unique(np.concatenate(drawn))) == 500 * len(drawn)

    def test_mixing_is_a_bijection_on_a_sample(self):
        """Two counters must never give one word."""
        words = np.arange(1 << 16, dtype=np.uint64) * np.uint64(WEYL)
        assert len(np.unique(mixed(words))) == 1 << 16

    def test_weyl_is_the_odd_number_nearest_to_two_to_the_64_over_the_golden_ratio(self):
        """A constant stands beside its derivation: phi = (1 + sqrt 5) / 2, and 2^64 / phi = 2^64 phi - 2^64."""
        # |2 W + 2^64 - 2^64 sqrt 5| < 2, squared in integers
        assert WEYL % 2 == 1
        near = 2 * WEYL + (1 << 64)
        assert (near - 2) ** 2 < 5 << 128 < (near + 2) ** 2


class TestNumbers:
    """Numbers made of words, by integers and exact steps."""

    def test_the_first_numbers_are_the_frozen_ones(self):
        """The mapping is part of the promise, not only the words."""
        numbers = draw(indices=(0, 17))
        assert [x.hex() for x in numbers.uniform(0, 2).ravel().tolist()] == [
            "0x1.fd156e98c21cap-2", "0x1.6e5ba10b36404p-1", "0x1.061894f12baa6p-1", "0x1.39f855cda19d0p-1",
        ]  # fmt: skip
        assert [x.hex() for x in numbers.bell(0, 2).ravel().tolist()] == [
            "-0x1.5c2d110debf54p+0", "0x1.e4e49e06cd6dcp-2", "-0x1.71ea255758977p-1", "0x1.9b1768366760fp-3",
        ]  # fmt: skip
        assert numbers.integers(0, -6, 5, 8).tolist() == [[-1, 1, 0, 1, -2, -3, -4, 4], [-1, 0, -2, -2, -4, -4, -1, -2]]
        assert numbers.sign(0, 8).tolist() == [[1, -1, -1, -1, 1, 1, 1, -1], [-1, -1, 1, 1, 1, 1, 1, 1]]

    def test_uniform_is_the_top_53_bits_of_the_word(self):
        """A multiple of 2^-53 needs no rounding, so no rounding can differ between machines."""
        words, numbers = draw().words(3, 200)[0].tolist(), draw().uniform(3, 200)[0].tolist()
        assert [Fraction(number) for number in numbers] == [Fraction(word >> 11, 1 << 53) for word in words]

    def test_integers_are_the_top_half_scaled_down_and_reach_both_ends(self):
        """[low, high) exactly: a label equal to n would be out of range."""
        words = draw().words(9, 4000)[0].tolist()
        numbers = draw().integers(9, -3, 4, 4000)[0].tolist()
        assert numbers == [-3 + ((word >> 32) * 7 >> 32) for word in words]
        assert set(numbers) == set(range(-3, 4))

    def test_integers_of_the_widest_range_do_not_wrap(self):
        """(2^32 - 1)(2^31 - 1) still fits in 64 bits; the label of a long row relies on it."""
        high = (1 << 31) - 1
        numbers = draw().integers(0, 0, high, 4000)[0]
        assert numbers.min() >= 0
        assert high - (high >> 8) < numbers.max() < high

    def test_bell_has_mean_0_variance_1_and_ends_at_3_47(self):
        """Families state their scales in units of it."""
        numbers = draw(indices=tuple(range(50))).bell(0, 2000)
        assert abs(numbers.mean()) < 0.02
        assert abs(numbers.var() - 1) < 0.02
        assert abs(131070 * bits._BELL_SCALE - 3.464) < 1e-3  # its largest
        assert np.abs(numbers).max() <= 3.47
        assert np.abs(numbers).max() > 3

    def test_the_scale_of_bell_is_one_over_the_deviation_of_four_sixteen_bit_integers(self):
        """Recomputed in integers: 1 / sqrt(4 (2^32 - 1) / 12), to one unit in its last place, 2^-68."""
        scale, unit = Fraction(bits._BELL_SCALE), Fraction(1, 1 << 68)
        variance = Fraction(4 * (2**32 - 1), 12)
        assert (scale - unit) ** 2 * variance < 1 < (scale + unit) ** 2 * variance

    def test_sign_is_the_top_bit(self):
        """Both signs, in about equal numbers."""
        signs = draw().sign(0, 4000)[0]
        assert set(signs.tolist()) == {-1.0, 1.0}
        assert abs(signs.mean()) < 0.1


#: everything of NumPy that `inputs` may use: types, constants, moving, comparing, and steps that are exact
#: or one IEEE operation; cumsum, divmod and sort are of whole numbers. exp, log, power, sqrt, mean, random and
#: the like are not here.
EXACT = {
    "errstate", "full", "isinf", "repeat",
    "abs", "arange", "argwhere", "array", "array_equal", "asarray", "broadcast_to", "clip", "concatenate", "cumsum",
    "divmod", "dtype", "empty", "flatnonzero", "float32", "float64", "inf", "int32", "int64", "isfinite", "ldexp",
    "lib", "load", "maximum", "minimum", "nan", "ndarray", "rint", "sort", "stack", "uint64", "unique",
    "where", "zeros",
}  # fmt: skip


class TestNoLibm:
    """libm, and NumPy's distributions, differ between machines and versions: no case may depend on them."""

    @pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
    def test_only_exact_operations_of_numpy_and_math_are_used(self, path):
        """Read from the sources, so that no future edit brings np.exp or np.random in unseen."""
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                if node.value.id == "np":
                    assert node.attr in EXACT, f"{path.name}:{node.lineno} uses np.{node.attr}"
                if node.value.id == "math":
                    exact = {"isinf", "isnan", "isfinite", "copysign", "nan", "inf", "comb"}
                    assert node.attr in exact, f"{path.name}:{node.lineno} math.{node.attr}"

    @pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
    def test_nothing_random_or_transcendental_is_imported(self, path):
        """The imports say so too, whatever name they would be given."""
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
                assert node.module not in ("numpy", "math"), f"{path.name}:{node.lineno} imports names out of it"
            for name in names:
                top = name.partition(".")[0]
                assert top not in {"random", "cmath", "scipy", "mpmath", "time", "os"}, f"{path.name}: {name}"
                assert not name.startswith(("lsecheck.subjects", "lsecheck.oracle")), f"{path.name}: {name}"

    @pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
    def test_powers_have_a_base_that_is_exact(self, path):
        """`x ** y` of floats is libm's pow; 2.0 ** -53 and integer powers are exact everywhere."""
        tree = ast.parse(path.read_text("utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        whole = {
            id(name)
            for function in functions
            for name in ast.walk(function)
            if isinstance(name, ast.Name)
            and any(
                each.arg == name.id and isinstance(each.annotation, ast.Name) and each.annotation.id == "int"
                for each in function.args.args
            )
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
                base = node.left.value if isinstance(node.left, ast.Constant) else None
                exact = base == 2.0 or type(base) is int or id(node.left) in whole
                assert exact, f"{path.name}:{node.lineno}"
