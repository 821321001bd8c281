"""name -> format; exact rational -> rounded number.

A format is data: precision, exponents, largest finite value, what overflow gives. Everything
else (ulp, rounding, ordinals, hex) follows from those five and never from `np.finfo`, which
refuses bfloat16. Rounding happens once, from exact integers, ties to even.
"""

import enum
import functools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from lsecheck.errors import InputError, UnknownName


class Overflow(enum.Enum):
    """What rounding gives beyond the largest finite value."""

    INFINITY = "infinity"
    NAN = "nan"  #: the format has no infinity (float8_e4m3fn)


@dataclass(frozen=True, slots=True)
class Format:
    """A binary floating-point format: sign, exponent in [emin, emax], `precision` bits."""

    name: str  #: the NumPy or ml_dtypes name
    precision: int  #: significand bits p, the hidden one included
    emin: int  #: exponent of the smallest normal number
    emax: int  #: exponent of the largest finite number
    largest_significand: int  #: of the largest finite number, in units of its last place
    overflow: Overflow  #: what rounding beyond the largest gives
    width: int  #: bits of storage
    aliases: tuple[str, ...] = ()  #: other names understood on input

    def __str__(self) -> str:
        return self.name

    @property
    def unit_roundoff(self) -> float:
        """u = 2^-p, the largest relative error of one rounding."""
        return math.ldexp(1.0, -self.precision)

    @property
    def tiny_exponent(self) -> int:
        """Exponent of the last place of every subnormal number."""
        return self.emin - self.precision + 1

    @property
    def tiny(self) -> float:
        """t, the smallest positive (subnormal) number."""
        return math.ldexp(1.0, self.tiny_exponent)

    @property
    def largest(self) -> float:
        """M, the largest finite number."""
        return math.ldexp(self.largest_significand, self.emax - self.precision + 1)

    @property
    def largest_ordinal(self) -> int:
        """Ordinal of M; the next one up is the overflow pattern (infinity or nan)."""
        return ((self.emax - self.emin) << (self.precision - 1)) + self.largest_significand

    @property
    def has_infinity(self) -> bool:
        """Whether overflow gives an infinity."""
        return self.overflow is Overflow.INFINITY

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype that carries arrays of this format (ml_dtypes loaded if it must be)."""
        return _dtype(self.name)


class FormatPair(NamedTuple):
    """The format a subject is fed and the one it must answer in; usually the same."""

    input: Format
    output: Format

    def __str__(self) -> str:
        if self.input is self.output:
            return self.input.name
        return f"{self.input}:{self.output}"


class Position(NamedTuple):
    """Where a real number lies among the numbers of a format."""

    sign: int  #: -1 or 1 (0 only for an exact zero)
    below: int  #: ordinal of the largest magnitude that does not exceed it
    nearest: int  #: ordinal of the magnitude that it rounds to, ties to even
    exact: bool  #: it is a number of the format
    exponent: int  #: floor(log2 |y|) clamped to [emin, emax]: the one that sets its ulp


def named(name: str) -> Format:
    """The format of that name or alias; `UnknownName` otherwise."""
    try:
        return _BY_NAME[name.strip().lower()]
    except KeyError:
        raise UnknownName("format", name, FORMATS) from None


def pair(text: "str | FormatPair | Format") -> FormatPair:
    """`'float16'` or `'bfloat16:float32'` -> (input, output)."""
    if isinstance(text, FormatPair):
        return text
    if isinstance(text, Format):
        return FormatPair(text, text)
    given, colon, answered = text.partition(":")
    source = named(given)
    return FormatPair(source, named(answered) if colon else source)


def of_array(array: np.ndarray[Any, Any]) -> Format:
    """The format that carries this array's elements; `InputError` for any other dtype."""
    found = FORMATS.get(array.dtype.name)
    if found is None:
        raise InputError(
            f"dtype {array.dtype} is not a format lsecheck knows: convert it to one of {', '.join(FORMATS)}"
        )
    return found


@functools.cache
def _dtype(name: str) -> np.dtype[Any]:
    if name in ("float16", "float32", "float64"):
        return np.dtype(name)
    import ml_dtypes

    return np.dtype(getattr(ml_dtypes, name))


# ---- exact rounding of one number: the slow, readable definition ----


def locate(fmt: Format, numerator: int, denominator: int = 1, exponent: int = 0, side: int = 0) -> Position:
    """Where numerator / denominator * 2^exponent lies, plus `side` times an infinitesimal.

    The side (-1, 0 or 1) lets an open end of an enclosure be rounded: (1, side -1) lies in
    the binade of 0.5 and rounds to 1 from below. denominator > 0.
    """
    if numerator == 0:
        return Position(side, 0, 0, side == 0, fmt.emin)
    sign = 1 if numerator > 0 else -1
    magnitude, side = abs(numerator), side * sign
    # floor(log2): the bit lengths give it or one too much
    power = magnitude.bit_length() - denominator.bit_length() + exponent
    shift = power - exponent
    low, high = (magnitude, denominator << shift) if shift >= 0 else (magnitude << -shift, denominator)
    if low < high or (low == high and side < 0):
        power -= 1
    if power > fmt.emax:
        return Position(sign, fmt.largest_ordinal, fmt.largest_ordinal + 1, False, fmt.emax)
    # lift to an integer count of last places, and a remainder
    binade = max(power, fmt.emin)
    place = binade - fmt.precision + 1
    shift = exponent - place
    top, bottom = (magnitude << shift, denominator) if shift >= 0 else (magnitude, denominator << -shift)
    count, remainder = divmod(top, bottom)
    exact = remainder == 0 and side == 0
    if remainder == 0 and side < 0:
        count, remainder = count - 1, bottom
    # round half to even; the side breaks what would be a tie
    twice = 2 * remainder - bottom
    up = twice > 0 or (twice == 0 and (side > 0 or (side == 0 and count & 1 == 1)))
    below = ((place - fmt.tiny_exponent) << (fmt.precision - 1)) + count
    nearest = below + up
    if below > fmt.largest_ordinal:
        return Position(sign, fmt.largest_ordinal, fmt.largest_ordinal + 1, False, fmt.emax)
    return Position(sign, below, nearest, exact, binade)


def rounded(fmt: Format, number: "Fraction | int | float") -> float:
    """`number` rounded once to `fmt`, ties to even, as a Python float (nan and inf pass through)."""
    if isinstance(number, float) and not math.isfinite(number):
        return number if fmt.has_infinity or math.isnan(number) else math.nan
    exact = Fraction(number)
    position = locate(fmt, exact.numerator, exact.denominator)
    return value(fmt, position.sign * position.nearest)


def value(fmt: Format, ordinal: int) -> float:
    """The number with that ordinal, exactly (every format fits in float64)."""
    magnitude = abs(ordinal)
    if magnitude > fmt.largest_ordinal:
        return math.copysign(math.inf, ordinal) if fmt.has_infinity else math.nan
    steps = max((magnitude >> (fmt.precision - 1)) - 1, 0)
    count = magnitude - (steps << (fmt.precision - 1))
    return math.copysign(math.ldexp(count, fmt.tiny_exponent + steps), ordinal)


# ---- the same, for arrays ----


def cast(values: np.ndarray[Any, Any], fmt: Format) -> np.ndarray[Any, Any]:
    """float64 array -> array of `fmt`, rounded once, ties to even.

    Why not `.astype`: ml_dtypes goes from float64 through float32 and rounds twice. Here the
    only inexact step is one `rint` of a scaled significand, and none where all are numbers of
    the format already.
    """
    values = np.asarray(values, np.float64)
    if fmt.precision == 53:
        return values.copy()
    # what needs rounding shows it early on: the first few spare the rest a vain attempt
    if values.size <= 64 or _unrounded(values.flat[:64], fmt) is not None:
        whole = _unrounded(values, fmt)
        if whole is not None:
            return whole
    finite = np.where(np.isfinite(values), values, 0.0)
    binade = np.maximum(np.frexp(finite)[1] - 1, fmt.emin)
    place = binade - (fmt.precision - 1)
    with np.errstate(over="ignore"):
        near = np.ldexp(np.rint(np.ldexp(finite, -place)), place)
    beyond = math.inf if fmt.has_infinity else math.nan
    near = np.where(np.abs(near) > fmt.largest, np.copysign(beyond, near), near)
    special = values if fmt.has_infinity else np.full_like(values, math.nan)
    near = np.where(np.isfinite(values), near, special)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(near.astype(fmt.dtype))  # every element is a number of fmt: exact


def _unrounded(values: np.ndarray[Any, Any], fmt: Format) -> "np.ndarray[Any, Any] | None":
    """The same numbers in `fmt` if it has them all, else None: what comes back with its bits was exact.

    However it was cast, then: a number that is in the format has no other that widens to it.
    """
    with np.errstate(all="ignore"):
        narrow = values.astype(fmt.dtype)
        back = narrow.astype(np.float64)
    same = (back.view(np.int64) == values.view(np.int64)).all() and (back == values).all()  # no nan
    return narrow if same else None


def widen(array: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Array of any format -> the same numbers in float64, exactly."""
    return array.astype(np.float64)


def ordinals(array: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Array -> int64 ordinals: consecutive numbers have consecutive ordinals, both zeros 0."""
    fmt = of_array(array)
    bits = np.ascontiguousarray(array, fmt.dtype).view(f"u{fmt.width // 8}")  # in the machine's byte order
    magnitude = (bits & bits.dtype.type((1 << (fmt.width - 1)) - 1)).astype(np.int64)
    return np.where(bits >> bits.dtype.type(fmt.width - 1) != 0, -magnitude, magnitude)


def from_ordinals(places: "np.ndarray[Any, Any] | list[int]", fmt: Format) -> np.ndarray[Any, Any]:
    """int64 ordinals -> array of `fmt`, built from bits: no cast, so nothing can round."""
    places = np.asarray(places, np.int64)
    unsigned = np.dtype(f"u{fmt.width // 8}")
    sign = np.where(places < 0, np.uint64(1 << (fmt.width - 1)), np.uint64(0))
    return np.asarray((np.abs(places).astype(np.uint64) | sign).astype(unsigned).view(fmt.dtype))


def ulp(values: np.ndarray[Any, Any], fmt: Format) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The unit in the last place of `fmt` at each float64 value, clamped at both ends."""
    binade = np.where(values == 0, fmt.emin, np.frexp(values)[1] - 1)
    return np.ldexp(1.0, np.clip(binade, fmt.emin, fmt.emax) - (fmt.precision - 1))


def powers_of_two(exponents: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """2^k for integers -1022 <= k <= 1023, from bits."""
    return ((np.asarray(exponents, np.int64) + 1023) << 52).view(np.float64)


def scaled(
    values: "np.ndarray[Any, Any] | np.float64", by: np.ndarray[Any, Any]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """values * 2^by as `ldexp` has it, several times as fast: exact unless the result is subnormal."""
    by = np.clip(by, -2000, 2000)
    half = by >> 1
    return values * powers_of_two(half) * powers_of_two(by - half)


def finite_numbers(fmt: Format) -> Iterator[float]:
    """Every distinct finite number of the format, ascending (for the narrow formats)."""
    return (value(fmt, place) for place in range(-fmt.largest_ordinal, fmt.largest_ordinal + 1))


# ---- text ----


def parse_number(text: str) -> "Fraction | float":
    """A decimal, hex float, `inf` or `nan` -> its exact value (specials as float).

    `InputError` for anything else, and for exponents too large to be worked with exactly.
    """
    body = text.strip().lower()
    try:
        special = float(body) if body.lstrip("+-") in ("inf", "infinity", "nan") else None
    except ValueError:  # pragma: no cover - '+-inf'
        special = None
    if special is not None:
        return special
    try:
        if "0x" in body:
            return _parse_hex(body)
        mantissa, _, power = body.partition("e")
        if len(mantissa) > 2000 or abs(int(power or 0)) > 1000:
            raise InputError(f"{text[:40]!r} needs over 1000 decimal places: give a number between 1e-1000 and 1e1000")
        if "/" in body or "_" in body:
            raise ValueError
        return Fraction(body)
    except InputError:
        raise
    except (ValueError, ZeroDivisionError):
        raise InputError(
            f"{text!r} is not a number: give decimals (-17.738), hex floats (-0x1.8p4), inf or nan"
        ) from None


def _parse_hex(body: str) -> Fraction:
    parts = re.fullmatch(r"([+-]?)0x([0-9a-f]*)\.?([0-9a-f]*)(?:p([+-]?[0-9]+))?", body)
    if parts is None:  # int(..., 16) would take signs, blanks, underscores and a second 0x
        raise ValueError
    sign, whole, digits, power = parts.groups(default="0")
    if abs(int(power)) > 4000:
        raise InputError(f"{body[:40]!r} has an exponent beyond 4000: give a smaller one")
    scale = Fraction(2) ** (int(power) - 4 * len(digits))
    return (-1 if sign == "-" else 1) * int(whole + digits, 16) * scale


def hex_text(number: float) -> str:
    """The shortest hex float: `0x1.8p4`, `-inf`, `nan`; read back by `float.fromhex`."""
    if not math.isfinite(number):
        return str(number)
    mantissa, _, power = number.hex().partition("p")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}p{int(power)}"


# The formats, from their definitions (IEEE 754-2019; bfloat16; OCP 8-bit formats).

FORMATS: dict[str, Format] = {
    fmt.name: fmt
    for fmt in (
        Format("float16", 11, -14, 15, 2**11 - 1, Overflow.INFINITY, 16, ("f16", "half", "binary16", "fp16")),
        Format("bfloat16", 8, -126, 127, 2**8 - 1, Overflow.INFINITY, 16, ("bf16",)),
        Format("float32", 24, -126, 127, 2**24 - 1, Overflow.INFINITY, 32, ("f32", "single", "binary32", "fp32")),
        Format("float64", 53, -1022, 1023, 2**53 - 1, Overflow.INFINITY, 64, ("f64", "double", "binary64", "fp64")),
        # all ones with exponent emax is nan, so the largest significand is even
        Format("float8_e4m3fn", 4, -6, 8, 2**4 - 2, Overflow.NAN, 8, ("e4m3fn", "f8e4m3fn", "float8_e4m3")),
        Format("float8_e5m2", 3, -14, 15, 2**3 - 1, Overflow.INFINITY, 8, ("e5m2", "f8e5m2")),
    )
}  # fmt: skip


def _by_name() -> dict[str, Format]:
    table: dict[str, Format] = {}
    for fmt in FORMATS.values():
        for name in (fmt.name, *fmt.aliases):
            if name in table:
                raise ValueError(f"two formats are called {name}")
            table[name] = fmt
    return table


_BY_NAME = _by_name()
