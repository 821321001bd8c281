"""One shard: slabs at multiples of their size, digests of every answer, and what a repeated probe tells."""

import numpy as np
import pytest

from lsecheck.prove import asking
from lsecheck.prove import claim as claiming
from lsecheck.prove.asking import alone, slab
from lsecheck.prove.claim import Claim
from lsecheck.prove.shard import perform, span

CLAIM = Claim("max-shift", "logsumexp", "float8_e4m3fn", 2)


@pytest.mark.parametrize(("n", "rows"), [(1, 1 << 17), (2, 1 << 16), (3, 1 << 15), (4, 1 << 15), (16, 1 << 13)])
def test_a_slab_is_a_power_of_two_that_divides_every_shard(n, rows):
    """So that an answer has the same neighbours wherever it is asked."""
    one = Claim("max-shift", "logsumexp", "float8_e4m3fn", n, sample=None if n < 5 else 1) if n < 8 else None
    size = slab(one) if one else 1 << (asking.SLAB // n).bit_length() - 1
    assert size == rows
    assert claiming.SHARD % size == 0


def test_a_shard_says_the_same_twice():
    """But for the seconds."""
    import msgspec

    one, again = (msgspec.structs.replace(perform(CLAIM, 0), stages={}) for _ in range(2))
    assert one == again


def test_one_other_answer_is_another_digest(monkeypatch):
    """Anywhere in the shard; the truths stay what they are."""
    before = span(CLAIM, 0, 5000)
    whole = asking.ask_whole

    def other(*words):
        said = whole(*words)
        if len(said.values) == 5000:
            said.values[4321, 0] += 1
        return said

    monkeypatch.setattr(asking, "ask_whole", other)
    after = span(CLAIM, 0, 5000)
    assert after.answers != before.answers
    assert after.truths == before.truths


def test_digests_are_in_the_order_of_the_cases():
    """Two halves are not each other."""
    assert span(CLAIM, 0, 500).answers != span(CLAIM, 500, 1000).answers
    assert span(CLAIM, 0, 500).truths != span(CLAIM, 500, 1000).truths


@pytest.mark.parametrize("index", [0, 1, 215, 32_130])
def test_a_case_asked_again_is_that_case(index):
    """In its slab, found by its number."""
    asked, row = alone(CLAIM, index)
    assert asked.batch.indices[row] == index
    assert (asked.batch.values[row] == CLAIM.space.at(index).values[0]).all()


def test_nan_is_one_answer_whatever_its_bits_and_no_number(monkeypatch):
    """A payload differs between processors; a number in its place is another answer."""
    whole, digests = asking.ask_whole, []
    for bits in (0x7FF8000000000000, -0x0007FFFFFFFFFFFF, 0):
        nan = np.array([bits], np.int64).view(np.float64)[0]

        def other(*words, nan=nan):
            said = whole(*words)
            if len(said.values) == 500:
                said.values[17, 0] = nan
            return said

        monkeypatch.setattr(asking, "ask_whole", other)
        digests.append(span(CLAIM, 2000, 2500).answers)
    assert digests[0] == digests[1] != digests[2]
