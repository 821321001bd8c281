"""Evidence: what a batch says is what a plain loop says, and it adds up in any order and any grouping."""

import functools
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lsecheck.charges import Asked
from lsecheck.contracts import Contract
from lsecheck.prove.asking import Asking
from lsecheck.prove.claim import Claim
from lsecheck.prove.evidence import (
    GRAIN,
    LARGEST_SUMMED,
    LOWEST,
    Evidence,
    buckets,
    fold,
    gathered,
    kinds,
    merged,
    summed,
)
from lsecheck.prove.shard import span
from lsecheck.subjects.loading import Loading
from lsecheck.tally import Tally
from prove.twin import bucket, grains, looped, said_by

#: what is asked -> how it is judged: class errors, several outputs, labels, specials, troubles, faults
CLAIMS = {
    "good": Claim("log1p-shift", "logsumexp", "float8_e5m2", 2),
    "naive": Claim("naive", "logsumexp", "float8_e5m2", 2),
    "specials": Claim("max-shift", "logsumexp", "float8_e5m2", 2, specials=True),
    "naive specials": Claim("naive", "logsumexp", "float8_e5m2", 2, specials=True),
    "softmax": Claim("max-shift", "softmax", "float8_e5m2", 2, specials=True),
    "log_softmax": Claim("naive", "log_softmax", "float8_e5m2", 2),
    "cross_entropy": Claim("naive", "cross_entropy", "float8_e4m3fn", 2),
    "logaddexp": Claim("max-shift", "logaddexp", "float8_e4m3fn", 2, ordered=True, required="conditioned"),
    "raises on some": Claim("prove.theirs:raises_at_two", "logsumexp", "float8_e4m3fn", 2),
    "raises on some outputs": Claim("prove.theirs:softmax", "softmax", "float8_e4m3fn", 2),
    "another dtype": Claim("prove.theirs:double", "logsumexp", "float8_e4m3fn", 2, specials=True),
    "wide": Claim("prove.theirs:double", "logsumexp", "float8_e4m3fn:float64", 2),
    "sample": Claim("max-shift", "logsumexp", "float32", 2, sample=1, required="faithful"),
    "no-shift": Claim("lsecheck.faults:no-shift", "logsumexp", "float8_e4m3fn", 2),
    "shift-first": Claim("lsecheck.faults:shift-first", "logsumexp", "float8_e5m2", 2),
    "n1-zero": Claim("lsecheck.faults:n1-zero", "logsumexp", "float8_e5m2", 1, specials=True),
}
each = pytest.mark.parametrize("name", CLAIMS)


def windows(name):
    """Cases that are looped over: the first, some from the middle, and the last, which are special."""
    count = CLAIMS[name].space.count
    ends = [(0, 500), (count * 2 // 5, count * 2 // 5 + 1200), (max(count - 700, 0), count)]
    return [(start, min(stop, count)) for start, stop in ends if start < count]


@functools.cache
def asked(name, which=0):
    """A batch with all that is known of it."""
    claim = CLAIMS[name]
    batch = claim.space.batch(*windows(name)[which])
    found, undecided = Asking(claim).judged(batch)
    assert not undecided
    return found


def some(one, rows):
    """Some rows of it."""
    batch, truth, answers, errors = one
    part = type(errors)(*(getattr(errors, field)[rows] for field in type(errors).__dataclass_fields__))
    return Asked(batch.some(rows), truth.part(rows, slice(None)), answers.part(rows), part)


class TestAgainstALoop:
    """A readable second version."""

    @each
    def test_every_field_is_what_a_loop_finds(self, name):
        """Over `lsecheck.measure`, output by output."""
        claim = CLAIMS[name]
        for which, ends in enumerate(windows(name)):
            mine, theirs = said_by(fold(asked(name, which), claim.contract)), looped(claim, *ends)
            for field, told in theirs.items():
                assert mine[field] == told, (field, ends)

    @each
    def test_what_is_charged_apart_is_what_a_check_charges(self, name):
        """The row of `lsecheck check` is made by other lines: kinds, domains, findings, conventions, contract."""
        claim = CLAIMS[name]
        tally, parts = Tally("x", claim.defined, claim.pair, "every", claim.contract), []
        for which in range(len(windows(name))):
            parts.append(fold(asked(name, which), claim.contract))
            tally.add(asked(name, which), b"")
        evidence = gathered(parts)
        row = tally.row()
        assert kinds(evidence) == row.class_errors
        findings = {f"{one.domain}|{one.kind}|{one.expected}": one for one in row.findings}
        assert sorted(evidence.findings) == sorted(findings)
        for key, noted in evidence.findings.items():
            assert noted.count == findings[key].count
            assert findings[key].witness.case.endswith(f":{noted.index}")
            assert noted.output == findings[key].witness.output
        assert evidence.conventions == row.conventions
        assert said_by(evidence)["contract"] == (row.contract if isinstance(row.contract, str) else None)
        if isinstance(row.max_ulp, float):
            assert evidence.worst["ulp"].value == row.max_ulp
            assert evidence.worst["scaled"].value == row.max_scaled
            assert evidence.worst["excess"].value == row.max_excess
            assert [(2.0 ** min(k, 1023), count) for k, count in evidence.ulp.items()] == row.histogram

    def test_they_are_not_all_the_same(self):
        """What the table of claims has in it."""
        found = {
            name: gathered(fold(asked(name, which), claim.contract) for which in range(len(windows(name))))
            for name, claim in CLAIMS.items()
        }
        assert found["good"].broken is None
        assert found["naive"].classes
        assert found["softmax"].conventions
        assert found["naive specials"].findings
        assert found["raises on some"].troubles["raised"] > 1
        assert found["softmax"].scored > found["softmax"].cases
        assert found["another dtype"].scored == 0


class TestAddingUp:
    """A commutative monoid."""

    @settings(max_examples=120, deadline=None)
    @given(st.data())
    def test_any_pieces_in_any_grouping_are_the_whole(self, data):
        """Whoever did which shard when must not be seen in a certificate."""
        name = data.draw(st.sampled_from(sorted(CLAIMS)))
        claim, among = CLAIMS[name], asked(name, data.draw(st.integers(0, len(windows(name)) - 1)))
        start = data.draw(st.integers(0, max(0, len(among.batch.values) - 60)))
        one = some(among, np.arange(start, min(start + 60, len(among.batch.values))))
        rows = len(one.batch.values)
        cuts = sorted(data.draw(st.sets(st.integers(1, rows - 1), max_size=6)))
        parts = [fold(some(one, np.arange(*ends)), claim.contract) for ends in itertools.pairwise([0, *cuts, rows])]
        parts += [Evidence()] * data.draw(st.integers(0, 2))
        left = data.draw(st.permutations(parts))
        while len(left) > 1:  # a tree of some shape
            place = data.draw(st.integers(0, len(left) - 2))
            left[place : place + 2] = [merged(left[place], left[place + 1])]
        assert left[0] == fold(one, claim.contract)

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(
            st.tuples(st.sampled_from(sorted(CLAIMS)), st.integers(0, 200), st.integers(1, 9)), min_size=3, max_size=3
        )
    )
    def test_it_is_associative_and_commutative_with_nothing_as_neutral(self, picked):
        """Of pieces that are nothing to each other, too."""
        a, b, c = (
            fold(some(asked(name), np.arange(at, at + length)), CLAIMS[name].contract) for name, at, length in picked
        )
        assert merged(a, b) == merged(b, a)
        assert merged(merged(a, b), c) == merged(a, merged(b, c))
        assert merged(a, Evidence()) == merged(Evidence(), a) == a
        assert gathered([c, a, b]) == gathered([a, b, c])

    @each
    def test_spans_add_up_to_the_whole(self, name):
        """Digests aside: what is asked in which batch is another matter."""
        claim = CLAIMS[name]
        stop = min(claim.space.count, 3000)
        cuts = [0, 1, stop // 3, stop // 2, stop]
        parts = [span(claim, *ends).evidence for ends in itertools.pairwise(cuts) if ends[0] < ends[1]]
        whole = span(claim, 0, stop).evidence
        assert gathered(reversed(parts)) == gathered(parts) == whole

    def test_of_equal_worst_cases_the_first_is_named(self):
        """Whichever shard is done first."""
        one = asked("naive")
        parts = [fold(some(one, np.array([row])), Contract.SHIFTED) for row in range(300)]
        assert gathered(reversed(parts)) == fold(some(one, np.arange(300)), Contract.SHIFTED)

    def test_it_survives_json(self):
        """A state is made of it."""
        import msgspec

        for name, claim in CLAIMS.items():
            evidence = fold(asked(name), claim.contract)
            assert msgspec.json.decode(msgspec.json.encode(evidence), type=Evidence) == evidence


EDGES = [
    0.0,
    5e-324,
    2.0**-1074 * 3,
    2.0**-1022,
    0.25,
    0.5,
    1.0,
    2.0**0.5,
    4.0,
    2.0**20,
    2.0**52,
    2.0**1023,
    *(math.nextafter(edge, math.inf) for edge in (0.5, 1.0, 8.0, 2.0**1023)),
    *(math.nextafter(edge, 0) for edge in (0.5, 1.0, 8.0, 2.0**1023, math.inf)),
]


class TestBuckets:
    """(2^(k-1), 2^k], the lowest with everything below."""

    @pytest.mark.parametrize("number", EDGES, ids=float.hex)
    def test_an_edge_belongs_to_the_bucket_below_it(self, number):
        """Exactly: by fractions."""
        (k,) = buckets(np.array([number]))
        assert k == bucket(number)
        assert Fraction(number) <= Fraction(2) ** k
        assert k == LOWEST or Fraction(number) > Fraction(2) ** (k - 1)

    @given(st.lists(st.floats(0, allow_nan=False, allow_infinity=False), max_size=30))
    def test_every_number_is_in_one(self, numbers):
        """Counted one by one."""
        expected = {}
        for number in numbers:
            expected[bucket(number)] = expected.get(bucket(number), 0) + 1
        assert buckets(np.array(numbers, np.float64)) == expected


class TestSums:
    """Whole numbers of 2^-20 ulps."""

    @given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=40))
    @example([LARGEST_SUMMED, -LARGEST_SUMMED, math.nextafter(LARGEST_SUMMED, math.inf)])
    @example([GRAIN / 2, GRAIN * 1.5, GRAIN * 2.5, -GRAIN / 2, 5e-324])
    @example([1.7976931348623157e308] * 3)
    def test_it_is_the_exact_sum_of_what_each_rounds_to(self, numbers):
        """Ties to even, however large."""
        assert summed(np.array(numbers, np.float64)) == sum(map(grains, numbers))

    def test_four_million_of_the_largest_do_not_overflow(self):
        """They are below 2^63 together."""
        assert summed(np.full(1 << 22, LARGEST_SUMMED)) == (1 << 22) * grains(LARGEST_SUMMED)


def test_undecided_cases_and_nan_that_is_not_asked_are_no_evidence():
    """A declared nan is left out, not judged."""
    claim = Claim("max-shift", "logsumexp", "float8_e4m3fn", 2, specials=True, loading=Loading(nan="unspecified"))
    evidence = span(claim, 0, claim.space.count).evidence
    assert evidence.cases == claim.space.count - 255
    assert evidence.undecided == 0
