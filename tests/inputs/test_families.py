"""families: each one reaches what its reason promises; a family that does not is a promise broken in silence."""

import math
from functools import cache
from itertools import product

import numpy as np
import pytest

from lsecheck import formats, functions
from lsecheck.formats import FORMATS, FormatPair
from lsecheck.inputs import cases
from lsecheck.inputs.families import FAMILIES, special_tuples
from lsecheck.oracle.truth import certify

LOGSUMEXP = functions.named("logsumexp")
USUAL = pytest.mark.parametrize(
    "fmt", [FORMATS[name] for name in ("float16", "bfloat16", "float32", "float64")], ids=str
)
NATIVE = pytest.mark.parametrize("fmt", [FORMATS[name] for name in ("float16", "float32", "float64")], ids=str)
LN2 = math.log(2)


@cache
def rows(family: str, fmt: str, effort: str = "standard") -> tuple[np.ndarray, ...]:
    """Every case of a family, one row each."""
    batches = cases.batches(family, LOGSUMEXP, FORMATS[fmt], effort)
    return tuple(row for batch in batches for row in batch.values)


def lse(family: str, fmt: formats.Format) -> list[tuple[np.ndarray, float]]:
    """Every case with its exact answer (to float64)."""
    found = []
    for batch in cases.batches(family, LOGSUMEXP, fmt):
        truth = certify(LOGSUMEXP, batch.values, FormatPair(fmt, fmt))
        exact = np.ldexp(truth.high, truth.scale.astype(np.int32))[:, 0]
        found += zip(batch.values, exact.tolist(), strict=True)
    return found


def test_the_table_names_each_family_once_with_a_reason_and_enough_cases():
    """quick <= standard <= deep, and no family without its why."""
    for name, family in FAMILIES.items():
        assert name == family.name
        assert len(family.reason) > 20
        assert 0 < family.quick <= family.standard <= family.deep
        assert all(n >= 0 for n in family.widths)


@USUAL
def test_ordinary_holds_logits_at_every_scale_from_a_64th_to_16(fmt):
    """Its reason: logits as models make them, at scales from 1/64 to 16."""
    long = [row for row in rows("ordinary", fmt.name) if len(row) >= 100]
    scales = [round(math.log2(row.std())) for row in long]
    assert set(scales) == set(range(-6, 5))
    assert max(np.abs(row).max() for row in rows("ordinary", fmt.name)) < 64


@USUAL
def test_wide_has_terms_that_underflow_in_part_and_whole(fmt):
    """Its reason: spreads beyond what exp can reach, so that terms underflow one by one."""
    vanish = (fmt.precision - fmt.emin + 1) * LN2
    subnormal = -fmt.emin * LN2
    gaps = np.concatenate([row.max() - row for row in rows("wide", fmt.name)])
    assert np.mean(gaps > vanish) > 0.1
    assert np.any((gaps > subnormal) & (gaps < vanish))
    assert np.mean((gaps > 0) & (gaps < subnormal)) > 0.1


@USUAL
def test_offset_joins_a_large_common_offset_to_few_and_to_many_entries(fmt):
    """Its reason: LSE(x) = c + LSE(x - c); a fold of logaddexp shows itself only on a long row far from 0."""
    ceiling = 2.0 ** min(fmt.emax - 1, fmt.precision + 6)
    far = [row for row in rows("offset", fmt.name) if np.abs(row).min() >= 1024]
    assert any(len(row) >= 1000 for row in far)
    assert any(len(row) == 2 for row in far)
    assert any(np.abs(row).max() > ceiling / 4 for row in far)
    assert {np.sign(row[0]) for row in far} == {-1, 1}
    for row in rows("offset", fmt.name):
        place = float(formats.ulp(np.abs(row).max(keepdims=True), fmt)[0])
        assert row.max() - row.min() <= 4 * 3.47 + place


@USUAL
def test_huge_lies_beyond_what_exp_can_reach_with_either_sign(fmt):
    """Its reason: naive exp overflows, or underflows whole rows."""
    everything = rows("huge", fmt.name)
    assert any((row > 0).all() and len(row) > 1 for row in everything)
    assert any((row < 0).all() and len(row) > 1 for row in everything)
    assert min(np.abs(row).max() for row in everything) > math.log(fmt.largest)


@USUAL
def test_huge_reaches_the_largest_and_differences_beyond_it(fmt):
    """Its reason: magnitudes up to the largest, where a difference of opposite extremes overflows."""
    everything = rows("huge", fmt.name)
    assert max(np.abs(row).max() for row in everything) > fmt.largest / 2
    halves = [(row.max() / 2, row.min() / 2) for row in everything]  # halved: float64 would overflow here as well
    assert any(high - low > fmt.largest / 2 for high, low in halves)


@USUAL
def test_tiny_stays_far_below_1_down_to_the_smallest_normal_numbers(fmt):
    """Its reason: every exp is near 1."""
    values = np.concatenate([np.abs(row) for row in rows("tiny", fmt.name)])
    assert values.max() < 0.5
    assert values.min() < 2.0 ** (fmt.emin + 4)
    assert any(len(row) == 1 for row in rows("tiny", fmt.name))
    signs = np.concatenate([np.sign(row) for row in rows("tiny", fmt.name)])
    assert {-1.0, 1.0} <= set(signs)


@USUAL
def test_equal_rows_are_ties_on_both_sides_of_powers_of_two(fmt):
    """Its reason: exact ties of the maximum; sums of ones stick at 256 and 2048."""
    everything = rows("equal", fmt.name)
    assert all((row == row[0]).all() for row in everything)
    assert {2, 3, 255, 256, 257, 2047, 2048, 2049, 4096} <= {len(row) for row in everything}
    assert {np.sign(row[0]) for row in everything} == {-1, 1}
    assert len({row[0] for row in everything}) > 20


@pytest.mark.parametrize("name", ["float16", "float32"])
def test_width_has_every_n_from_1_to_1100_and_where_formats_end(name):
    """Its reason: caps, tails, sticking sums, single bad widths; 65520 ones leave float16."""
    widths = {len(row) for row in rows("width", name)}
    assert set(range(1, 1101)) <= widths
    assert {65504, 65505, 65520, *(1 << power for power in range(18))} <= widths
    for power in range(1, 13):
        assert {(1 << power) - 1, (1 << power) + 1} <= widths
    assert all((row == row[0]).all() for row in rows("width", name))


def test_width_at_quick_effort_still_crosses_the_powers_of_two_and_the_end_of_float16():
    """Caps and sticking sums must show in seconds; single bad widths may wait."""
    widths = {len(row) for row in rows("width", "float16", "quick")}
    assert {1 << power for power in range(11)} <= widths
    assert max(widths) >= 1025


@NATIVE
def test_near_zero_has_sums_within_a_few_units_of_1_and_on_both_sides(fmt):
    """Its reason: LSE cancels to almost 0. Entries are rounded to half an ulp of 4.16 and moved by 3: 28 u."""
    answers = [y for _, y in lse("near-zero", fmt)]
    assert max(abs(y) for y in answers) <= 28 * fmt.unit_roundoff
    assert min(answers) < 0 < max(answers)
    assert len(set(answers)) > len(answers) // 3
    assert {len(row) for row in rows("near-zero", fmt.name)} == {2, 3, 4, 8, 16, 64}


@pytest.mark.parametrize("fmt", [FORMATS["float32"], FORMATS["float64"]], ids=str)
def test_half_ulp_tails_lie_within_a_few_percent_of_half_an_ulp_of_the_maximum(fmt):
    """Its reason: the hardest roundings. 2 % are drawn, the rounding of entries far from 0 adds the rest."""
    shares = []
    for row in rows("half-ulp", fmt.name):
        half = float(formats.ulp(row[:1], fmt)[0]) / 2
        shares.append(np.exp(row[1:] - row[0]).sum() / half)
    shares = np.array(shares)
    assert np.mean(np.abs(shares - 1) < 0.04) > 0.9
    assert np.abs(shares - 1).max() < 0.15
    assert np.mean(shares < 1) > 0.25
    assert np.mean(shares > 1) > 0.25


@NATIVE
def test_dominant_rows_lose_each_small_term_but_not_their_sum(fmt):
    """Its reason: what is summed beside the largest is lost, one by one, though together it counts."""
    lost = 0
    for row in rows("dominant", fmt.name):
        terms = np.sort(np.exp(row - row.max()))[:-1]
        lost += terms.max() < fmt.unit_roundoff / 2 and terms.sum() > 2 * fmt.unit_roundoff
    assert lost >= 3


@NATIVE
def test_dominant_puts_the_largest_entry_anywhere(fmt):
    """First, last and between: a running sum loses different terms."""
    places = [row.argmax() / len(row) for row in rows("dominant", fmt.name)]
    assert min(places) < 0.1
    assert max(places) > 0.9


@USUAL
def test_gap_covers_0_to_where_exp_vanishes_with_a_fine_grid(fmt):
    """Its reason: log1p, floors, cut-offs and tables each fail on a stretch of d; no stretch is left out."""
    gaps = np.sort([-row[1] for row in rows("gap", fmt.name)])
    reach = (fmt.precision - fmt.emin + 1) * LN2
    assert all(row[0] == 0 for row in rows("gap", fmt.name))
    assert np.diff(gaps).max() <= 3 * reach / len(gaps)
    assert gaps[0] <= 3 * reach / len(gaps)
    assert gaps[-1] >= reach * 0.99


@USUAL
def test_masked_rows_have_whole_blocks_of_minus_infinity_and_something_left(fmt):
    """Its reason: -inf in whole blocks, as attention masks make them, at the front and at the back."""
    everything = rows("masked", fmt.name)
    for row in everything:
        assert np.isneginf(row).any()
        assert np.isfinite(row).any()
    prefixes = {int(np.isfinite(row).argmax()) for row in everything}
    suffixes = {int(np.isfinite(row[::-1]).argmax()) for row in everything}
    assert {16, 32, 64, 128, 256} <= prefixes
    assert {0, 16, 32} <= suffixes


@pytest.mark.parametrize("fmt", [FORMATS[name] for name in ("bfloat16", "float32", "float64")], ids=str)
def test_masked_rows_lie_where_a_sentinel_or_a_zero_would_outrank_them(fmt):
    """Below -1e4, -1e5 and -1e30, and with a first block of 32 or 128 all masked: FlashAttention's and hmmlearn's."""
    highest = [row.max() for row in rows("masked", fmt.name)]
    for sentinel in (-1e4, -1e5, -1e30, -0.8 * fmt.largest):
        assert any(top < sentinel for top in highest)
    for block in (32, 128):
        assert any(np.isneginf(row[:block]).all() and row.max() < -11400 for row in rows("masked", fmt.name))


@USUAL
def test_sentinel_rows_mix_finite_masks_with_ordinary_and_with_low_logits(fmt):
    """Its reason: finite mask values in whole blocks; some masks round to the same number as others."""
    masks = [max(mask, -fmt.largest) for mask in (-1e4, -1e9, -fmt.largest, -fmt.largest / 2, -3.0e4)]
    masks = {float(formats.rounded(fmt, mask)) for mask in masks}
    for row in rows("sentinel", fmt.name):
        assert masks & set(row.tolist())
    # in 16 bits a low logit may round to the mask itself
    assert np.mean([len(set(row.tolist())) > 1 for row in rows("sentinel", fmt.name)]) > 0.9
    highest = [row.max() for row in rows("sentinel", fmt.name)]
    assert any(top > -10 for top in highest)
    assert any(top < -9000 for top in highest)


@USUAL
def test_ordered_rows_ascend_descend_and_alternate_at_every_width(fmt):
    """Its reason: a running maximum that rises every step rescales every step; one that never does never."""
    seen = set()
    for row in rows("ordered", fmt.name):
        steps = np.diff(row)
        kind = "up" if (steps >= 0).all() else "down" if (steps <= 0).all() else "mixed"
        seen.add((len(row), kind))
    assert {(n, kind) for n in (10, 33, 100, 129, 300, 1000) for kind in ("up", "down", "mixed")} <= seen


@NATIVE
def test_blocks_are_a_gap_apart_in_both_orders_beyond_what_exp_can_reach(fmt):
    """Its reason: rescaling, and tile maxima that forget the ones before."""
    reach = (fmt.emax + 1) * LN2
    rises, falls, both = [], [], 0
    for row in rows("blocks", fmt.name):
        middle = len(row) // 2
        change = row[middle:].max() - row[:middle].max()
        rises.append(change)
        falls.append(-change)
        both += row.max() - row.min() > reach
    limit = min(reach, fmt.largest / 3)
    assert max(rises) > limit
    assert max(falls) > limit
    assert both >= 16
    assert any(10 < change < 16 for change in rises)


@USUAL
def test_subnormal_has_entries_and_answers_below_the_smallest_normal(fmt):
    """Its reason: both kinds of subnormal; flushing either must show."""
    smallest = 2.0**fmt.emin
    entries, answers = 0, 0
    for row, y in lse("subnormal", fmt):
        entries += bool((np.abs(row) < smallest).all() and row.any())
        answers += 0 < y < smallest
    assert entries > 50
    assert answers > 30


@USUAL
def test_extremes_has_every_pair_of_the_largest_the_smallest_0_and_1(fmt):
    """Its reason: the ends of the format and their neighbours, both ways round."""
    below = formats.value(fmt, fmt.largest_ordinal - 1)
    pool = (fmt.largest, below, fmt.largest / 2, fmt.tiny, 0.0, 1.0)
    pairs = {tuple(row.tolist()) for row in rows("extremes", fmt.name) if len(row) == 2}
    signed = [sign * number for number in pool for sign in ((1, -1) if number not in (0.0, 1.0) else (1,))]
    assert set(product(signed, repeat=2)) <= pairs
    assert {(number,) for number in signed} <= {
        tuple(row.tolist()) for row in rows("extremes", fmt.name) if len(row) == 1
    }


@USUAL
def test_specials_is_every_short_row_over_the_special_values(fmt):
    """Its reason: every row of up to three; enumerated, so that no order of nan and inf is left to chance."""
    found = {tuple(map(str, row.tolist())) for row in rows("specials", fmt.name)}
    pool = [*map(str, (np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0)), str(fmt.tiny), str(fmt.largest), str(-fmt.largest)]
    for n in range(4):
        assert set(product(pool, repeat=n)) <= found
    assert len(rows("specials", fmt.name)) == len(special_tuples(fmt)) == 1 + 9 + 81 + 729 + 10 * 10
    # and at every length nothing but -inf, or one special value first, in the middle, last
    for n in (4, 17, 42, 64, 65, 129, 256, 300, 1000, 4096):
        long = [row for row in rows("specials", fmt.name) if len(row) == n]
        assert sum(bool(np.isneginf(row).all()) for row in long) == 1
        for special in (np.isnan, np.isposinf, np.isneginf):
            alone = [row for row in long if special(row).sum() == 1]
            assert sorted(int(special(row).argmax()) for row in alone) == [0, n // 2, n - 1]


def test_specials_at_quick_effort_has_every_pair():
    """Singles and pairs decide nearly every special-value table, and cost nothing."""
    quick = rows("specials", "float32", "quick")
    assert sum(len(row) == 2 for row in quick) == 81
    assert sum(len(row) == 0 for row in quick) == 1


def test_long_reaches_131072_entries_at_standard_effort():
    """Its reason: summation error grows with n; 2^17 is past every 16-bit counter."""
    widths = [len(row) for row in rows("long", "float32")]
    assert max(widths) == 131072
    assert min(widths) >= 4096
    assert len(rows("long", "float32", "quick")[0]) >= 4096
