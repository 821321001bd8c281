"""Independent draws: cases with addresses, evenly from all strata, whatever is found."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest

from fuzz.arenas import answering, arena, good, planted, recorded
from lsecheck import formats
from lsecheck.fuzz import Fuzzed, fuzz
from lsecheck.fuzz.sampling import ENTRIES, LONGEST, sampled
from lsecheck.inputs import cases
from lsecheck.inputs.families import FAMILIES
from lsecheck.report import fuzzed as words

#: a round of all strata, and some of the next
ROUND = sum(
    len({n for n in family.widths if n <= LONGEST})
    for family in FAMILIES.values()
    if family.name not in ("conduct", "width", "specials", "long")
)


def batches(asked, count, seed=0):
    """What was drawn."""
    return [heard.asked.batch for heard in islice(sampled(asked, seed), count)]


@pytest.mark.parametrize(
    ("function", "fmt"), [("logsumexp", "float32"), ("cross_entropy", "bfloat16"), ("logaddexp", "float8_e4m3fn")]
)
def test_an_address_rebuilds_its_row(function, fmt):
    """Each case can be asked again by FAMILY:SEED:INDEX, on any machine: the numbers are those of a check."""
    asked = arena("log1p-shift", function, fmt)
    seen = set()
    for batch in batches(asked, 140, seed=7)[::7]:
        seen.add(batch.family)
        for row in (0, len(batch.values) - 1):
            assert batch.address(row).split(":")[:2] == [batch.family, "7"]
            again = cases.case(batch.address(row), asked.function, asked.pair.input)
            assert np.array_equal(again.values[0], batch.values[row], equal_nan=True)
            assert batch.labels is None or again.labels.tolist() == [batch.labels[row]]
    assert len(seen) >= 9


def test_every_family_and_length_is_drawn_from_in_turn():
    """As many rounds of each: the mixture is fixed beforehand, and nothing is left out of it."""
    drawn = Counter((batch.family, batch.values.shape[1]) for batch in batches(arena(good), 2 * ROUND))
    wanted = {
        (family.name, n)
        for family in FAMILIES.values()
        if family.name not in ("conduct", "width", "specials", "long")
        for n in family.widths
        if n <= LONGEST
    }
    assert set(drawn) == wanted
    assert set(drawn.values()) == {2}


def test_every_stratum_has_as_many_entries():
    """Rows of a thousand cost what a thousand rows of one do."""
    for batch in batches(arena(good), ROUND):
        rows, n = batch.values.shape
        assert rows == max(ENTRIES // max(n, 1), 4)


def test_pairs_are_drawn_from_each_family_alike():
    """Lengths are no matter of logaddexp: a family of ten lengths must not count ten times."""
    count = len(FAMILIES) - 4
    drawn = batches(arena("log1p-shift", "logaddexp"), 2 * count)
    families = [batch.family for batch in drawn]
    assert families[:count] == families[count : 2 * count]
    assert len(set(families[:count])) == count
    assert {batch.values.shape[1] for batch in drawn} == {2}


def test_draws_do_not_depend_on_what_is_found():
    """Or the count of what broke would be no estimate of anything."""
    handed = []
    for call in (good, answering(0.0), planted("shift-first").subject.implementations["logsumexp"]):
        recording, seen = recorded(call)
        list(islice(sampled(arena(recording), 3), 12))
        handed.append(seen)
    assert all(len(seen) == 12 for seen in handed)
    for one, other in zip(handed[0], handed[1], strict=True):
        assert np.array_equal(one, other, equal_nan=True)
    for one, other in zip(handed[0], handed[2], strict=True):
        assert np.array_equal(one, other, equal_nan=True)


def test_no_case_is_drawn_twice_and_other_seeds_draw_others():
    """A case that is counted twice is no second piece of evidence."""
    addresses = [batch.address(row) for batch in batches(arena(good), ROUND + 20) for row in range(len(batch.values))]
    assert len(addresses) > 20_000
    assert len(set(addresses)) >= len(addresses) - 3  # 2^30 numbers, some thousand of each
    one, other = (batches(arena(good), 5, seed) for seed in (0, 1))
    assert not any(np.array_equal(a.indices, b.indices) for a, b in zip(one, other, strict=True))


def test_numbers_of_the_format_are_drawn():
    """Of one without infinity, no family that needs it."""
    for fmt in ("float8_e4m3fn", "float64"):
        asked = arena(good, fmt=fmt)
        for batch in batches(asked, 25):
            held = formats.widen(formats.cast(batch.values, asked.pair.input))
            assert np.array_equal(held, batch.values, equal_nan=True)
            assert asked.pair.input.has_infinity or np.isfinite(batch.values).all()


class TestTheStatement:
    """What independent draws allow to be said."""

    def said(self, found: Fuzzed) -> str:
        """The line of the report."""
        (line,) = [line for line in words.statistics(found) if line.startswith("sampled")]
        return line

    def test_nothing_found_bounds_the_share(self):
        """The rule of three: below 3/N at 95 %, with the N of the draws alone."""
        found = fuzz(good, cases=6000, engines=("sample", "climb"))
        (effort,) = [effort for effort in found.efforts if effort.engine == "sample"]
        assert effort.broken == 0
        assert 0 < effort.cases < found.cases
        line = self.said(found)
        assert f"0 of {effort.cases:,} independent draws" in line
        assert f"below {3 / effort.cases:.1e} at 95 %" in line
        assert "shifted" in line

    def test_what_was_found_is_a_share(self):
        """No bound is claimed for what was seen broken."""

        def above_50(x, axis=-1):
            return good(x, axis) + (x.max(axis) > 5)

        found = fuzz(above_50, cases=6000, engines=("sample",), shrink=False, explain=False)
        (effort,) = found.efforts
        assert 0 < effort.broken < effort.cases
        line = self.said(found)
        assert f"{effort.broken:,} of {effort.cases:,} independent draws" in line
        assert f"{effort.broken / effort.cases:.2%} of the families' cases" in line

    def test_nothing_is_said_of_other_engines(self):
        """Guided cases are no sample of anything."""
        found = fuzz(good, cases=3000, engines=("climb",))
        assert not any("draws" in line for line in words.statistics(found))
