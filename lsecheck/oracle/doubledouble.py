"""exp, the sum and its logarithm in pairs of float64, with proved bounds: the fast tier's arithmetic.

Everything is elementwise and written once, for scalars and arrays alike: the engines call the
same lines. It rests on IEEE addition, subtraction and multiplication and on the tables of
`constants`; no libm, no division, no fused operations. Bounds are for |x| <= 2^1000.

With a = max x (m times) and b the largest entry below it, U = sum over x < a of exp(x - b) lies
in [1, n], T = exp(b - a) U and LSE = a + log(m + T): every step keeps a *relative* error, so a
tail of 10^-300 is known as well as one of 1. tests/oracle/test_doubledouble.py recomputes the
budget (numbers in brackets) from the constants.
"""

from typing import Any

from lsecheck.oracle.constants import (
    LOG_2_HIGH,
    LOG_2_LOW,
    LOG_HIGH,
    LOG_LOW,
    LOG_STEP_1,
    LOG_STEP_2,
    LOG_STEP_3,
    PER_STEP,
    POWER_HIGH,
    POWER_LOW,
    RECIPROCAL,
    STEP_BITS,
    STEPS,
)
from lsecheck.oracle.pairs import fast_two_sum, outward, scaled, two_difference, two_product, two_sum
from lsecheck.oracle.primitives import exponent, integer, larger, power, smaller, steps, where

#: adding and subtracting 1.5 * 2^(52 - g) rounds to a multiple of 2^-g: here to integers,
WHOLE = 1.5 * 2.0**52
#: the head of a reduced argument to 22 bits, products of which with 31 bits are exact,
GRID = 1.5 * 2.0 ** (52 - 32)
#: and the parts of a term. CHUNK of them sum exactly, in any order: 4096 * 1 of 2^-40, 4096 * 2^-30
#: of 2^-68 and 4096 * 2^-69 of 2^-109 are 52, 50 and 52 bits
CHUNK = 4096
FIRST = 1.5 * 2.0 ** (52 - 40)
SECOND = 1.5 * 2.0 ** (52 - 68)
THIRD = 1.5 * 2.0 ** (52 - 109)
#: entries this far below b are not summed: n exp(-87) < n 2^-125 of U
NEGLIGIBLE = -87.0
#: arguments of exp reach to here (k < 2^22); beyond, a term is below 2^-5049
REACH = -3500.0
#: where T, or a share, is below this it is kept as mantissa and exponent
REMOTE = -900

# relative errors of exp [2^-82.0] and of U beside n TERM_ERROR: exp, and the split of terms [2^-84]
EXP_ERROR = 2.0**-81.9
SUM_ERROR = 2.0**-81.5
#: relative error of T = exp(b - a) U, beside n TERM_ERROR: 2^-81.9 + 2^-81.5 and the product [2^-102]
TAIL_ERROR = 2.0**-80.6
#: absolute errors of a term in U: the split [2^-94], what is below THIRD [2^-110], what is left out [2^-125]
TERM_ERROR = 1.0001 * 2.0**-94


def reduced(high: Any, low: Any) -> Any:
    """d = high + low in [REACH, 1] -> (k, coarse, rest) with d = k log 2 / N + coarse + rest.

    |coarse| <= 2^-10.5 on 2^-32, |rest| <= 2^-32.9, off by 2^-86: one rounding of `rest` [2^-86];
    low - k LOG_STEP_3 [2^-95]; k times the error of the constants [2^-107]. high - k LOG_STEP_1
    is exact: k = 0, or both are multiples of 2^-63 and the difference is below 2^-10.
    """
    stepped = high * PER_STEP + WHOLE
    k = stepped - WHOLE
    first = high - k * LOG_STEP_1
    second = k * LOG_STEP_2
    coarse = ((first - second) + GRID) - GRID
    rest = ((first - coarse) - second) + (low - k * LOG_STEP_3)
    return steps(stepped), coarse, rest


def expanded(coarse: Any, rest: Any, power_high: Any, power_low: Any) -> Any:
    """2^(j/N) exp(coarse + rest) as a pair, |low| <= 2^-30 high: relative error 2^-82.

    exp(r) - 1 = coarse + coarse^2 / 2 + w. Errors: the cubic, eight roundings of 2^-34.2 [2^-84.2];
    r^7 / 5040 left out [2^-85.8]; roundings of w [2^-85.7], of `fine` [2^-86], of power_high * fine
    and its sum [2^-85.9 each], of the last sum [2^-84]; the table [2^-85]; the argument [2^-86].
    coarse + q - head is exact (33 bits), and so is power_high * head (31 and 22 bits).
    """
    r = coarse + rest
    cubic = r * r * r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720))))
    w = rest + (rest * (coarse + 0.5 * rest) + cubic)
    q = 0.5 * coarse * coarse
    about = coarse + (q + w)
    head = (about + GRID) - GRID
    fine = ((coarse - head) + q) + w
    high, error = fast_two_sum(power_high, power_high * head)
    return high, power_low + (power_high * fine + (power_low * about + error))


def exponential(high: Any, low: Any) -> Any:
    """exp(high + low) for an argument in [REACH, 1] -> (high, low, q): the pair times 2^q.

    Relative error below EXP_ERROR, and below 2^-50 |d| where d is small: with k = 0 the table is
    exact and every other error is a rounding of something below 2^-33.
    """
    k, coarse, rest = reduced(high, low)
    j = k & (STEPS - 1)
    high, low = expanded(coarse, rest, POWER_HIGH[j], POWER_LOW[j])
    high, low = fast_two_sum(high, low)
    return high, low, k >> STEP_BITS


def approached(x: Any, a: Any, b: Any) -> Any:
    """An entry -> (x - b, coarse, rest, table index, weight); entries that are not summed weigh 0."""
    d, error = two_difference(x, b)
    counts = (x < a) & (d > NEGLIGIBLE)
    d = where(counts, d, 0.0)
    k, coarse, rest = reduced(d, where(counts, error, 0.0))
    return d, coarse, rest, k & (STEPS - 1), where(counts, power(k >> STEP_BITS), 0.0)


def parts(d: Any, b: Any, coarse: Any, rest: Any, power_high: Any, power_low: Any, weight: Any, grid: Any) -> Any:
    """A term exp(x - b) -> three parts that sum exactly, and its shares of two figures.

    The parts are multiples of 2^-40, 2^-68 and 2^-109; `left` is rounded once [2^-94 and 2^-84 of
    the term], what is left below 2^-110 is dropped. The figures are exp(x - b) (b - x) to 2^-41
    and exp(x - b) |x| to 2^-41 of |b| + 1 (`grid` is FIRST times the power of two above that).
    """
    high, low = expanded(coarse, rest, power_high, power_low)
    high, low = high * weight, low * weight
    first = (high + FIRST) - FIRST
    left = (high - first) + low
    second = (left + SECOND) - SECOND
    third = ((left - second) + THIRD) - THIRD
    whole = high + low
    moment = (FIRST - whole * d) - FIRST
    size = (whole * abs(b + d) + grid) - grid
    return first, second, third, moment, size


def size_grid(b: Any) -> Any:
    """FIRST times a power of two above |b| + 1, for `parts`."""
    return FIRST * power(exponent(abs(b) + 1.0) + 1)


def tail(a: Any, b: Any, n: Any, first: Any, second: Any, third: Any) -> Any:
    """The sum without the maximum: T = (high + low) 2^q, its relative error, and exp(b - a).

    Beyond REACH the exponent alone is meaningful: it says that T < 2^-5000.
    """
    d, error = two_difference(b, a)
    near = d >= REACH
    high, low, q = exponential(where(near, d, REACH), where(near, error, 0.0))
    u_high, u_low = two_sum(first, second)
    u_high, u_low = fast_two_sum(u_high, u_low + third)
    t_high, t_low = two_product(high, u_high)
    t_high, t_low = fast_two_sum(t_high, t_low + (high * u_low + low * u_high))
    # scaled to [1, 2), so that q is its exponent
    more = exponent(t_high)
    unit = power(-more)
    weight = scaled(high, larger(q, -2000))
    return t_high * unit, t_low * unit, q + more, TAIL_ERROR + n * TERM_ERROR, weight


def logarithm(m: Any, t_high: Any, t_low: Any, q: Any, relative: Any) -> Any:
    """log S = log(m + T), T = (t_high + t_low) 2^q known to `relative` -> (high, low, radius, S).

    m = 1 and T < 2^REMOTE: anything in (0, 2^REMOTE). Else S = 2^e f, f c_j = 1 + s, |s| <= 2^-9.9:
    log S = e log 2 - log c_j + s - s^2 / 2 + cubic. Where S < 1 + 2^-10, s = T itself.
    Errors: of T; of the cubic, eight roundings [2^-51.5 |s|^3] and what follows s^8 / 8 [2^-92];
    roundings of `low` [2^-102 |s|, 2^-96]; the tables [2^-96]; s^2 and c_j f are exact but for
    their low parts [2^-103].
    """
    remote = q < REMOTE
    unit = power(larger(q, REMOTE - 1))
    t_high, t_low = t_high * unit, t_low * unit
    total, total_low = two_sum(m, t_high)
    total_low = total_low + t_low
    e = exponent(total)
    unit = power(-e)
    f, f_low = total * unit, total_low * unit
    j = integer((f - 1.0) * STEPS + 0.5)
    c = RECIPROCAL[j]
    f_head = (f + 1.5 * 2.0**26) - 1.5 * 2.0**26  # 27 bits; c has 17
    s, s_low = two_sum(c * f_head - 1.0, c * (f - f_head))
    close = (m == 1.0) & (e == 0) & (j == 0)
    s, s_low = two_sum(where(close, t_high, s), where(close, t_low, s_low + c * f_low))
    square, square_low = two_product(s, s)
    cubic = s * square * (1 / 3 - s * (1 / 4 - s * (1 / 5 - s * (1 / 6 - s * (1 / 7 - s * (1 / 8))))))
    anchor = e * LOG_2_HIGH + LOG_HIGH[j]  # exact: both on 2^-45, below 64
    high, error = two_sum(anchor, s)
    high, more = two_sum(high, -0.5 * square)
    # T is exact below; log1p(T) - T is beyond its bits when it is remote
    low = (error + more) + ((s_low - (0.5 * square_low + s * s_low)) + ((e * LOG_2_LOW + LOG_LOW[j]) + cubic))
    high, low = fast_two_sum(high, low)
    radius = relative * smaller(t_high, 1.0) + abs(s) * (square * 2.0**-51 + 2.0**-100) + where(close, 0.0, 2.0**-88)
    # remote: half of 2^REMOTE, plus or minus as much
    half = 2.0 ** (REMOTE - 1)
    faint = remote & close
    return where(faint, half, high), where(faint, 0.0, low), where(faint, half, radius), total


def anchored(base: Any, base_low: Any, sign: Any, l_high: Any, l_low: Any, l_radius: Any) -> Any:
    """base + sign log S, the base an exact pair -> (high, lower end, upper end, low, radius).

    The truth lies strictly between high + lower and high + upper, and on log S's side of the base:
    where `high` is still the base, that end is the base itself. Errors: that of log S and
    two roundings [2^-53 of either sum].
    """
    high, error = two_sum(base, sign * l_high)
    inner = base_low + sign * l_low
    low = error + inner
    radius = l_radius + (abs(inner) + abs(low)) * 2.0**-52
    high, low = two_sum(high, low)
    lower, upper, radius = outward(low, radius)
    still = high == base
    lower = where(still & (sign > 0), larger(lower, base_low), lower)
    upper = where(still & (sign < 0), smaller(upper, base_low), upper)
    return high, lower, upper, low, radius


def share(z: Any, z_low: Any, z_radius: Any, inverse: Any) -> Any:
    """p = exp(z), z = z + z_low known to z_radius -> (high, lower, upper, low, radius, q), times 2^q.

    p < `inverse`, which is 1 / m at a maximum where that is a power of two, else 1: strictly, so
    that end is open. Beyond REACH: anything in (0, 2^-5000).
    """
    beyond = z < REACH
    high, low, q = exponential(where(beyond, REACH, z), where(beyond, 0.0, z_low))
    # exp(z ± e) = exp(z) (1 ± 1.01 e), high < 2
    radius = (z_radius * 1.01 + smaller(EXP_ERROR, abs(z) * 2.0**-50)) * 2.0
    lower, upper, radius = outward(low, radius)
    at_limit = (high == 1.0) & (power(larger(q, -1000)) == inverse)
    upper = where(at_limit, smaller(upper, 0.0), upper)
    return (
        where(beyond, 0.0, high),
        where(beyond, 0.0, lower),
        where(beyond, 1.0, upper),
        where(beyond, 0.5, low),
        where(beyond, 0.5, radius),
        where(beyond, -5000, q),
    )
