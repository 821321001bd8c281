"""Streams: fed in every way, honest ones are not broken by any, and each planted fault is."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest
from quality.streams import SUMS, Lse

from fuzz.arenas import arena, good, planted, until
from lsecheck import formats
from lsecheck.faults.streams import STREAMS, Good
from lsecheck.formats import FORMATS
from lsecheck.fuzz import fuzz
from lsecheck.fuzz.streams import chunked, drawn
from lsecheck.inputs.bits import Draw
from lsecheck.subjects.streaming import Leaf, Merge, parse


class Updated:
    """Honest, and without a merge."""

    def __init__(self, like):
        self.state = Good(like)

    def update(self, chunk):
        """Add a chunk."""
        self.state.update(chunk)

    def finish(self):
        """The answer."""
        return self.state.finish()


def leaves(plan):
    """Its leaves, left to right."""
    return [plan] if isinstance(plan, Leaf) else [*leaves(plan.left), *leaves(plan.right)]


def depth(plan):
    """Merges within merges."""
    return 0 if isinstance(plan, Leaf) else 1 + max(depth(plan.left), depth(plan.right))


def plans(count, n, merges=True):
    """Plans as they are drawn."""
    return [drawn(Draw("plan", 3, np.array([turn])), n, merges) for turn in range(count)]


class TestPlans:
    """How a row is cut and merged."""

    @pytest.mark.parametrize("n", [0, 1, 2, 5, 130])
    @pytest.mark.parametrize("merges", [True, False])
    def test_the_sizes_of_a_plan_are_those_of_the_row(self, n, merges):
        """What is left over would be added to the last chunk, and what is too much left out."""
        for plan in plans(300, n, merges):
            sizes = [size for leaf in leaves(plan) for size in leaf.sizes]
            assert sum(sizes) == n or plan == Leaf()
            assert min(sizes, default=0) >= 0
            assert parse(str(plan)) == plan

    def test_without_a_merge_everything_goes_into_one_state(self):
        """There is nothing to merge with."""
        assert all(isinstance(plan, Leaf) for plan in plans(300, 12, merges=False))
        assert sum(isinstance(plan, Merge) for plan in plans(300, 12)) > 150

    def test_what_has_been_wrong_is_drawn_often(self):
        """Empty chunks, states that are never updated, merges within merges, on either side."""
        seen = Counter()
        for plan in plans(400, 6):
            parts = leaves(plan)
            seen["empty chunk"] += any(0 in leaf.sizes for leaf in parts)
            seen["never updated"] += Leaf() in parts and len(parts) > 1
            seen["left in left"] += isinstance(plan, Merge) and isinstance(plan.left, Merge)
            seen["right in right"] += isinstance(plan, Merge) and isinstance(plan.right, Merge)
            seen["many chunks"] += max(len(leaf.sizes) for leaf in parts) > 3
        assert min(seen.values()) > 20, seen
        assert 3 <= max(map(depth, plans(400, 64))) <= 6

    def test_a_turn_has_its_plan(self):
        """The same seed feeds the same rows in the same way."""
        assert plans(50, 12) == plans(50, 12)
        assert len({str(plan) for plan in plans(200, 12)}) > 150


class TestBatches:
    """What is asked of a stream."""

    def test_rows_are_numbers_of_the_format_under_their_plans(self):
        """Every plan sums to the length of its rows, which hold what has been wrong."""
        for fmt in FORMATS:
            lengths, special = set(), 0
            for heard in islice(chunked(arena(Good, fmt=fmt), 0), 40):
                batch = heard.asked.batch
                values, plan = batch.values, parse(batch.plan)
                assert sum(size for leaf in leaves(plan) for size in leaf.sizes) == values.shape[1] or plan == Leaf()
                held = formats.widen(formats.cast(values, FORMATS[fmt]))
                assert np.array_equal(held, values, equal_nan=True)
                assert FORMATS[fmt].has_infinity or not np.isinf(values).any()
                lengths.add(values.shape[1])
                special += int((~np.isfinite(values)).sum())
            assert {0, 1, 2, 4} <= lengths
            assert len(lengths) >= 8
            assert special > 0

    def test_plans_that_are_worth_a_try_come_first(self):
        """Empty parts and chunks, on either side: they break most of what is wrong, in a few hundred cases."""
        first = [heard.asked.batch.plan for heard in islice(chunked(arena(Good), 0), 16)]
        assert {"1,1", "0,2", "2,0", "(1 1)", "(0 2)", "(2 0)", "(() 2)", "(2 ())", "(() ())"} <= set(first)

    def test_a_stream_without_a_merge_is_never_merged(self):
        """It would raise, and honestly so."""
        for heard in islice(chunked(arena(Updated), 0), 60):
            assert "(" not in heard.asked.batch.plan
            assert not heard.broken.any()

    def test_a_subject_that_does_not_stream_is_not_asked(self):
        """There is nothing to feed."""
        assert list(chunked(arena(good), 0)) == []

    def test_a_seed_asks_the_same_again(self):
        """And another one something else."""
        one, again, other = (
            [heard.asked.batch for heard in islice(chunked(arena(Good), seed), 40)] for seed in (1, 1, 2)
        )
        assert all(np.array_equal(a.values, b.values, equal_nan=True) for a, b in zip(one, again, strict=True))
        assert [batch.plan for batch in one] == [batch.plan for batch in again]
        assert [batch.plan for batch in one[16:]] != [batch.plan for batch in other[16:]]


@pytest.mark.parametrize("fmt", ["float16", "bfloat16", "float32", "float64", "float8_e4m3fn"])
@pytest.mark.parametrize("stream", [SUMS, Lse, Good], ids=["sums", "lse", "good"])
def test_honest_streams_are_not_broken_in_any_way(stream, fmt):
    """No false alarm: a state may be kept as a sum or as a logsumexp, and merged in any tree."""
    asked = arena(stream, fmt=fmt)
    cases = 0
    for heard in until(2000, chunked(asked, 0)):
        assert heard.charge == {}
        cases += len(heard)
    assert cases >= 2000


@pytest.mark.parametrize("fault", STREAMS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("seed", [0, 1])
def test_every_planted_fault_of_a_stream_is_found(fault, seed):
    """In a few hundred cases, whatever the seed; how it is fed is part of the finding."""
    asked = planted(fault.name)
    broken = [heard for heard in until(1500, chunked(asked, seed)) if heard.broken.any()]
    assert broken
    plan = broken[0].asked.batch.plan
    assert plan
    row = next(iter(broken[0].charge))
    plainly = asked.hear(broken[0].asked.batch.values[row : row + 1])
    assert not plainly.broken.any() or fault.tiny


def test_the_finding_says_how_it_is_fed():
    """A reproducer without its plan shows nothing."""
    fault = "lsecheck.faults:stream-left-maximum"
    found = fuzz(fault, engines=("chunks",), cases=2000, first=True, explain=False)
    one = found.counterexamples[0]
    assert one.engine == "chunks"
    assert one.plan.startswith("(")
    assert one.witness.n <= 2
    assert found.status == 1
