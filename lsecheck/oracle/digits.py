"""exact numbers -> decimal digits, as many as asked for, every one right.

The same enclosures as the truth, and the same loop: precision doubles until both ends round to
the same decimal. A digit string is correctly rounded, ties upward; it ends where the value does.
"""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from mpmath.libmp import from_int, from_man_exp, mpf_div, to_str

from lsecheck.errors import InputError, Undecided
from lsecheck.functions.definition import Floats, Function
from lsecheck.oracle.enclosure import Enclosure, Ratio
from lsecheck.oracle.interval import FIRST_PRECISION, PRECISION_CAP, Sweep, enclose, exact_row, rational_row

MOST_DIGITS = 1000
#: beyond 2^±this a number is written through mpmath, ASSUMED right in its decimal conversion: the powers of
#: ten would be integers of hundreds of thousands of digits
_HUGE = 400_000


def decimals(
    function: Function,
    values: "Sequence[Fraction] | Floats",
    label: "int | None" = None,
    digits: int = 40,
) -> list[str]:
    """Every output for finite exact values, as decimal text of `digits` significant digits.

    Raises `InputError` for a digit count that is none, `Undecided` past the precision cap.
    """
    if not 1 <= digits <= MOST_DIGITS:
        raise InputError(f"digits must lie from 1 to {MOST_DIGITS}, got {digits}")
    row = exact_row(values) if isinstance(values, np.ndarray) else rational_row(values)
    places = row.where.tolist() if function.elementwise else [row.where[label] if label is not None else 0]
    found: dict[int, str] = {}
    precision = FIRST_PRECISION
    while True:
        sweep = Sweep(row, precision, reach=None)
        for place in set(places) - found.keys():
            text = _settled(enclose(function, sweep, place), digits)
            if text is not None:
                found[place] = text
        if len(found) == len(set(places)):
            return [found[place] for place in places]
        precision *= 2
        if precision > PRECISION_CAP:
            raise Undecided(
                f"{digits} digits of {function.name} are not decided at {PRECISION_CAP} bits: ask for fewer"
            )


def _settled(enclosure: Enclosure, digits: int) -> "str | None":
    low, high, exact = enclosure
    if exact:
        return _written(low, digits, 0)
    if low.numerator < 0 < high.numerator:
        return None
    text = _written(low, digits, 1)
    return text if text == _written(high, digits, -1) else None


def _written(number: Ratio, digits: int, side: int) -> str:
    """A rational, moved an infinitesimal to `side`, rounded to significant decimal digits."""
    numerator, denominator, exponent = number
    if numerator == 0:
        return "0" if side == 0 else "tiny"
    bits = abs(numerator).bit_length() - denominator.bit_length() + exponent
    if abs(bits) > _HUGE:
        quotient = mpf_div(from_man_exp(numerator, exponent), from_int(denominator), 4 * digits + 64, "n")
        return str(to_str(quotient, digits, strip_zeros=False))
    sign, side = ("-", -side) if numerator < 0 else ("", side)
    top, bottom = abs(numerator) << max(exponent, 0), denominator << max(-exponent, 0)
    power = math.floor(bits * math.log10(2))  # of ten; at most two off, which the comparisons mend
    while _compare(top, bottom, power + 1, side) >= 0:
        power += 1
    while _compare(top, bottom, power, side) < 0:
        power -= 1
    shift = digits - 1 - power
    top, bottom = top * 10 ** max(shift, 0), bottom * 10 ** max(-shift, 0)
    whole, rest = divmod(top, bottom)
    half = (2 * rest > bottom) - (2 * rest < bottom)
    whole += half > 0 or (half == 0 and side >= 0)
    if len(str(whole)) > digits:
        whole, power = whole // 10, power + 1
    text = str(whole)
    if side == 0 and rest == 0:
        text = text.rstrip("0") or "0"
    return sign + _placed(text, power)


def _compare(top: int, bottom: int, power: int, side: int) -> int:
    """Sign of top / bottom (moved to `side`) - 10^power."""
    left, right = top * 10 ** max(-power, 0), bottom * 10 ** max(power, 0)
    return (left > right) - (left < right) or (-1 if side < 0 else 0)


def _placed(text: str, power: int) -> str:
    """Digits with the point where it belongs; scientific beyond 10^-5 .. 10^21."""
    if -5 <= power < 0:
        return "0." + "0" * (-power - 1) + text
    if 0 <= power < 21:
        text = text.ljust(power + 1, "0")
        return text[: power + 1] + ("." + text[power + 1 :] if len(text) > power + 1 else "")
    return text[0] + ("." + text[1:] if len(text) > 1 else "") + f"e{power}"
