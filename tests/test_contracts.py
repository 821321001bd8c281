"""contracts: the ladder is a chain, honest methods keep their rung, and each rung tells something apart."""

import functools
import importlib.util
import itertools
import math
import sys
from pathlib import Path

import independent
import numpy as np
import pytest

from lsecheck import contracts, formats, measure
from lsecheck.contracts import LADDER, Contract
from lsecheck.errors import UnknownName
from lsecheck.formats import FORMATS, FormatPair
from lsecheck.functions import FUNCTIONS
from lsecheck.functions.definition import Sums
from lsecheck.measure import Errors, errors
from lsecheck.oracle.truth import Truth, certify
from lsecheck.subjects.methods import method
from lsecheck.subjects.subject import ask

PAIRS = (*((name, name) for name in FORMATS), ("bfloat16", "float32"))
CASES = 99  #: of each function and pair, every family of `independent` nine times
NUMERIC = (Contract.CONDITIONED, Contract.SHIFTED, Contract.SEQUENTIAL, Contract.FOLDED)
EVERY = pytest.mark.parametrize("function", FUNCTIONS)
IN_PAIRS = pytest.mark.parametrize(("source", "target"), PAIRS, ids=lambda name: name)


def long_rows(source: str) -> "list[np.ndarray]":
    """Rows of up to 2^17 entries with few distinct values, so that their truths are cheap."""
    fmt = FORMATS[source]
    near = -math.log(1 << 17)
    levels = [(0.0, 0.0, 0.0), (0.0, -30.0, -2.0), (near, near, near - 1), (fmt.largest, fmt.largest / 2, -fmt.largest)]
    levels += [(0.0, fmt.tiny_exponent * math.log(2), -20.0), (1000.0, 999.0, 996.5), (fmt.tiny, -fmt.tiny, 0.0)]
    rows = []
    for turn, n in enumerate((100, 257, 1024, 4097, 20000, 1 << 17)):
        for top, middle, low in levels:
            row = np.repeat([top, middle, low], [1 + turn % 2, (n - 2) // 3, n - (n - 2) // 3 - 1 - turn % 2])
            rows.append(formats.widen(formats.cast(np.clip(row, -fmt.largest, fmt.largest), fmt)))
    return rows


@functools.cache
def truths(function: str, source: str, target: str) -> "list[Truth]":
    """Random and adversarial cases: near zero, subnormal, huge, overflowing, long."""
    pair = FormatPair(FORMATS[source], FORMATS[target])
    found = []
    for case in independent.cases(function, source, target, CASES, seed=1):
        labels = None if case.label is None else np.array([case.label])
        found.append(certify(FUNCTIONS[function], np.array([case.row]), pair, labels))
    if function == "logaddexp":
        return found
    for row in long_rows(source):
        few = FUNCTIONS[function].elementwise and len(row) > 20000  # an output for each entry
        labels = np.array([len(row) - 1]) if FUNCTIONS[function].labelled else None
        if not few:
            found.append(certify(FUNCTIONS[function], row[None, :], pair, labels))
    return found


def in_units(truth: Truth) -> "dict[Contract, np.ndarray]":
    """The bounds of a truth, in units of 2^exponent, where an ulp is 2^(1 - p)."""
    down = (truth.scale - truth.exponent).astype(np.int32)
    magnitude = np.abs(np.ldexp(truth.high, down) + np.ldexp(truth.low, down))
    unit = np.ldexp(1.0, truth.exponent.astype(np.int32))
    return contracts.bounds(truth.function, truth.sums, magnitude, truth.formats.output, unit)


def scored(truth: Truth) -> "np.ndarray":
    """Outputs with a number for an answer."""
    return truth.expected == 0


def neighbour(truth: Truth, step: int) -> "np.ndarray":
    """The answer `step` numbers from the correct rounding, toward the truth's side of it."""
    fmt = truth.formats.output
    places = np.clip(truth.places + step * truth.side, -fmt.largest_ordinal - 1, fmt.largest_ordinal + 1)
    return formats.widen(formats.from_ordinals(places, fmt))


def beyond(truth: Truth) -> "np.ndarray":
    """Truths past the number after the largest (2^(emax + 1); 480), where the largest is no neighbour."""
    fmt = truth.formats.output
    after = (fmt.largest_significand + 1) * 2.0 ** (1 - fmt.precision)
    return np.abs(np.ldexp(truth.high, (truth.scale - fmt.emax).astype(np.int32))) >= after


def stands_for_nothing(truth: Truth, step: int) -> "np.ndarray":
    """The neighbour is the nan that float8_e4m3fn overflows to: a case of its own below."""
    return np.isnan(neighbour(truth, step)) & (not truth.formats.output.has_infinity)


@EVERY
@IN_PAIRS
class TestChain:
    """correctly-rounded < faithful < conditioned < shifted < sequential < folded, case by case."""

    def test_every_bound_is_at_most_the_next(self, function, source, target):
        """A subject that keeps a rung keeps all below it, or 'the strongest it keeps' says nothing."""
        for truth in truths(function, source, target):
            allowed = in_units(truth)
            where = scored(truth)
            for stronger, weaker in itertools.pairwise(NUMERIC):
                assert np.all((allowed[stronger] <= allowed[weaker])[where]), (stronger, weaker, truth.sums)
            assert np.all((allowed[Contract.CONDITIONED] > 0) & np.isfinite(allowed[Contract.FOLDED]), where=where)

    def test_both_neighbours_of_the_truth_are_within_conditioned(self, function, source, target):
        """Faithful answers come first on the ladder: no bound below may refuse one."""
        for truth in truths(function, source, target):
            allowed = in_units(truth)[Contract.CONDITIONED]
            place = 2.0 * truth.formats.output.unit_roundoff
            for step in (0, 1):
                found = errors(truth, neighbour(truth, step))
                where = scored(truth) & ~(beyond(truth) & (step == 1)) & ~stands_for_nothing(truth, step)
                assert np.all(found.kind == "", where=where)
                assert np.all((found.ulp * place <= allowed)[where]), (step, found.ulp, allowed / place)

    def test_a_correct_rounding_is_faithful_and_a_neighbour_nothing_better(self, function, source, target):
        """The two top rungs compare numbers, and the second neighbour must not slip in."""
        for truth in truths(function, source, target):
            where = scored(truth)
            for step, contract in enumerate((Contract.CORRECTLY_ROUNDED, Contract.FAITHFUL)):
                inexact = where & ((truth.side != 0) | (step == 0)) & ~stands_for_nothing(truth, step)
                inexact &= (step == 0) | ~beyond(truth)
                assert np.all(errors(truth, neighbour(truth, step)).rung[inexact] == contract.rung)
            # away from the truth, a number is more than an ulp off
            inside = np.abs(truth.places - truth.side) <= truth.formats.output.largest_ordinal
            away = where & (truth.side != 0) & inside & ~beyond(truth)
            assert np.all(errors(truth, neighbour(truth, -1)).rung[away] > Contract.FAITHFUL.rung)


class TestFaithfulBeyondTheFormat:
    """The truth may lie past the largest number, where 'its neighbours' need care."""

    def test_the_largest_number_is_not_faithful_to_a_truth_of_twice_its_size(self):
        """A log_softmax that saturates is 1.3e7 ulps off here; a name must not excuse it."""
        largest = FORMATS["float32"].largest
        batch = np.array([[3e38, -3e38]], np.float32)
        found = measure("log_softmax", batch, np.array([[0.0, -largest]], np.float32))
        assert found.ulp[0, 1] > 1e7
        assert found.rung[0, 1] == Contract.BROKEN.rung
        assert found.excess[0, 1] > 1e5

    def test_overflow_to_nan_stands_for_the_number_after_the_largest(self):
        """float8_e4m3fn: after 448 comes 480; 464 ties. So nan is 0.98 ulp from 448.69, and within `conditioned`."""
        batch = formats.cast(np.array([[448.0, 448.0]]), FORMATS["float8_e4m3fn"])
        found = measure(
            "logsumexp", batch, formats.cast(np.array([np.nan]), FORMATS["float8_e4m3fn"]), require="conditioned"
        )
        assert found.rung[0, 0] == Contract.FAITHFUL.rung
        assert found.ulp[0, 0] == pytest.approx((480 - 448 - math.log(2)) / 32)

    def test_overflow_to_nan_is_the_correct_rounding_below_the_lowest_number_too(self):
        """nan has no sign to speak of: -464 rounds to it as 464 does."""
        fmt = FORMATS["float8_e4m3fn"]
        batch = formats.cast(np.array([[448.0, -16.0]]), fmt)
        found = measure("log_softmax", batch, formats.cast(np.array([[-0.0, np.nan]]), fmt))
        assert found.correct[0, 1]
        assert found.rung[0, 1] == Contract.CORRECTLY_ROUNDED.rung


def by_hand(function: str, name: str, row: "list[float]", place: int) -> "dict[Contract, float]":
    """The bounds as the documentation states them, not scaled: for rows whose figures are in range."""
    fmt, figures = FORMATS[name], independent.sums(row, place)
    u, t, n, total = fmt.unit_roundoff, fmt.tiny, len(row), figures["total"]
    answer = independent.correctly_rounded(function, row, name, place)[place if FUNCTIONS[function].elementwise else 0]
    y, share, gap, spread = (
        abs(float((answer.low + answer.high) / 2)),
        *(figures[k] for k in ("share", "gap", "spread")),
    )
    pairwise = min(n - 1, math.ceil(math.log2(n)) + 18)
    others = (1 - share) * gap + spread - share * gap
    if function == "softmax":
        lost, k, beside, factor = n * t * share / total, share * others, share, 8
        bound = {g: 2 * u * share * (gap + spread + g + 4) + lost + 2 * t for g in (pairwise, 3 * (n - 1))}
    else:
        lost, beside, factor = n * t / total, figures["rest"], 4
        k, away = (figures["absolute"], 0) if function in ("logsumexp", "logaddexp") else (others, gap)
        inner = away + figures["log_total"] + spread
        bound = {g: 2 * u * (y + inner + g + 2) + lost + t for g in (pairwise, 3 * (n - 1))}
    shifted = bound[pairwise]
    sequential = min(bound[3 * (n - 1)], math.log(n) + shifted)
    folded = max(min(2 * u * (n * (y + 4) + spread) + n * t, 2 * math.log(n) + shifted), sequential)
    conditioned = min(factor * max(u * y + u * k, t) + u * pairwise * beside + lost, shifted)
    folded = folded if function == "logsumexp" else sequential
    return dict(zip(NUMERIC, (conditioned, shifted, sequential, folded), strict=True))


class TestFormulas:
    """The code works in units of each answer's binade; the documentation does not."""

    ROWS = ([0.0, -0.5], [0.25, 3.0], [0.0, -9.0], [-0.5, -1.0], [8.0, 8.0], [40.0, 39.0])

    @EVERY
    @pytest.mark.parametrize("name", FORMATS)
    def test_the_bounds_are_those_of_the_documentation(self, function, name):
        """Written a second time, term by term, so that a term that is dropped is missed."""
        rows = list(self.ROWS)
        if function != "logaddexp":
            rows += [[0.5, -1.0, 2.0, 2.0], [0.0] * 40, [2.0, *[-1.5] * 300]]
        for row in rows:
            for place in {0, len(row) - 1} if FUNCTIONS[function].elementwise or FUNCTIONS[function].labelled else {0}:
                labels = np.array([place]) if FUNCTIONS[function].labelled else None
                truth = certify(FUNCTIONS[function], np.array([row]), formats.pair(name), labels)
                output = place if FUNCTIONS[function].elementwise else 0
                unit = 2.0 ** int(truth.exponent[0, output])
                for contract, wanted in by_hand(function, name, row, place).items():
                    found = np.broadcast_to(in_units(truth)[contract], truth.expected.shape)[0, output] * unit
                    assert found == pytest.approx(wanted, rel=1e-9), (contract, row, place)


class TestStand:
    """error, bounds -> the strongest contract kept, and the excess over the required one."""

    def stand(self, error: float, required: Contract, correct: bool = False, faithful: bool = False):
        """One output with bounds 2, 4, 8 and 16, and an ulp of 1."""
        flags = (np.array([[flag]]) for flag in (correct, faithful))
        allowed = contracts.Allowed(*(np.array([[2.0 ** (1 + place)]]) for place in range(4)))
        return contracts.stand(np.array([[error]]), 1.0, *flags, allowed, required.rung)

    @pytest.mark.parametrize(
        ("error", "kept"),
        [
            (0.0, Contract.CONDITIONED),  # a number that is neither neighbour cannot be exact; still, no crash
            (2.0, Contract.CONDITIONED),  # a bound is kept where it is reached
            (math.nextafter(2.0, 3.0), Contract.SHIFTED),
            (4.0, Contract.SHIFTED),
            (5.0, Contract.SEQUENTIAL),
            (8.5, Contract.FOLDED),
            (math.nextafter(16.0, 17.0), Contract.BROKEN),
            (math.inf, Contract.BROKEN),
        ],
    )
    def test_the_strongest_contract_kept_is_named(self, error, kept):
        """Which contract does it keep? has one answer."""
        for required in LADDER[:-1]:
            assert self.stand(error, required).rung[0, 0] == kept.rung

    @pytest.mark.parametrize("required", LADDER[:-1])
    def test_an_error_of_nan_keeps_nothing_and_its_excess_never_passes(self, required):
        """Every comparison with nan is false, so it must be written to fail."""
        for flags in ({}, {"correct": False, "faithful": False}):
            standing = self.stand(math.nan, required, **flags)
            assert standing.rung[0, 0] == Contract.BROKEN.rung
            assert not standing.excess[0, 0] <= 1
            assert not standing.excess[0, 0] <= math.inf

    @pytest.mark.parametrize(
        ("required", "limit"), [*zip(NUMERIC, (2, 4, 8, 16), strict=True), ("correctly-rounded", 0.5), ("faithful", 1)]
    )
    def test_excess_is_error_over_the_bound_that_is_asked_for(self, required, limit):
        """It is what search maximises and what gates report."""
        assert self.stand(40.0, Contract(required)).excess[0, 0] == 40 / limit
        assert self.stand(math.inf, Contract(required)).excess[0, 0] == sys.float_info.max

    def test_comparison_as_numbers_outranks_a_rounded_error(self):
        """An error of 0.5000001 ulp, as computed, of an answer that is the nearest number."""
        standing = self.stand(0.5000001, Contract.CORRECTLY_ROUNDED, correct=True, faithful=True)
        assert standing.rung[0, 0] == Contract.CORRECTLY_ROUNDED.rung
        assert standing.excess[0, 0] == 1.0
        standing = self.stand(1.0000001, Contract.FAITHFUL, faithful=True)
        assert standing.rung[0, 0] == Contract.FAITHFUL.rung
        assert standing.excess[0, 0] == 1.0

    @pytest.mark.parametrize("required", LADDER[:-1])
    def test_excess_is_at_most_one_exactly_where_the_contract_is_kept(self, required):
        """Rung and excess are two views of one verdict."""
        for error in (0.25, 0.6, 1.0, 1.5, 2.0, 3.0, 4.0, 7.0, 8.0, 12.0, 16.0, 1e300):
            standing = self.stand(error, required, correct=error <= 0.5, faithful=error <= 1)
            assert (standing.excess[0, 0] <= 1) == LADDER[standing.rung[0, 0]].keeps(required)


class TestNames:
    """Contracts are asked for by name."""

    def test_an_unknown_contract_is_answered_with_a_whole_sentence(self):
        """The sentence says what was wrong, what is near and what there is."""
        with pytest.raises(UnknownName) as caught:
            contracts.named("shited")
        assert str(caught.value) == (
            "unknown contract 'shited': did you mean 'shifted'? choose from correctly-rounded, faithful, conditioned,"
            " shifted, sequential, folded"
        )

    def test_broken_cannot_be_required(self):
        """It promises nothing, so a gate that asks for it would always be open."""
        with pytest.raises(UnknownName, match="unknown contract 'broken': choose from correctly-rounded, faithful, "):
            contracts.named("broken")

    def test_every_other_contract_is_found_by_name_and_explained(self):
        """`list contracts` prints them all."""
        assert [contracts.named(str(contract)) for contract in LADDER[:-1]] == list(LADDER[:-1])
        assert set(contracts.MEANING) == set(LADDER)

    def test_keeping_a_rung_is_keeping_those_below(self):
        """The order of the ladder is the order of the promises."""
        for place, contract in enumerate(LADDER):
            assert [contract.keeps(required) for required in LADDER] == [place <= other for other in range(len(LADDER))]


def standing(spec: str, function: str, batch: "np.ndarray", required: str = "shifted") -> Errors:
    """How a method of ours does on a batch."""
    pair = formats.pair(batch.dtype.name)
    answers = ask(method(spec), FUNCTIONS[function], formats.widen(batch), pair, None).values
    return measure(function, batch, formats.cast(answers, pair.output), require=required)


class TestSeparation:
    """What each rung tells apart: without a case for it, a rung could be dropped."""

    def test_max_shift_near_zero_keeps_shifted_and_not_conditioned(self):
        """It answers 0 for 1.98e-8: 1.1e7 ulps, though the problem is easy."""
        found = standing("max-shift", "logsumexp", np.array([[0, -17.738]], np.float32))
        assert found.rung[0, 0] == Contract.SHIFTED.rung
        log1p = standing("log1p-shift", "logsumexp", np.array([[0, -17.738]], np.float32))
        assert log1p.rung[0, 0] <= Contract.CONDITIONED.rung

    def test_a_float16_running_sum_of_ones_keeps_only_sequential(self):
        """It sticks at 2048 = 2^11: adding 1 is half an ulp, and ties go to even."""
        ones = np.zeros((1, 4096), np.float16)
        assert standing("online", "logsumexp", ones).rung[0, 0] == Contract.SEQUENTIAL.rung
        assert standing("max-shift", "logsumexp", ones).rung[0, 0] <= Contract.CONDITIONED.rung

    @pytest.mark.parametrize(
        ("name", "offset", "n"), [("float16", 500, 1000), ("float32", 2**21, 4096), ("float64", 2**40, 4096)]
    )
    def test_a_fold_at_a_large_offset_over_a_long_row_keeps_only_folded(self, name, offset, n):
        """Every partial result is rounded at the offset; either alone does not show it."""
        fold = FORMATS[name].dtype
        assert standing("logaddexp-fold", "logsumexp", np.full((1, n), offset, fold)).rung[0, 0] == Contract.FOLDED.rung
        for offset_alone in (np.full((1, 4), offset, fold), np.full((1, n), 0, fold)):
            assert standing("logaddexp-fold", "logsumexp", offset_alone).rung[0, 0] < Contract.FOLDED.rung

    @pytest.mark.parametrize("name", ["float16", "float32", "float64"])
    def test_x_minus_logsumexp_at_a_large_offset_is_broken(self, name):
        """LSE is rounded at the offset and the difference keeps that rounding whole."""
        offset = 2.0 ** (FORMATS[name].precision - 3)
        batch = (offset + np.array([[0.0, 0.5, 1.0, 1.5]])).astype(name)
        assert np.all(standing("via-lse", "log_softmax", batch).rung == Contract.BROKEN.rung)
        assert np.all(standing("max-shift", "log_softmax", batch).rung <= Contract.SHIFTED.rung)

    def test_the_bound_of_the_literature_refuses_the_correctly_rounded_answer(self):
        """u (y + n - min x) leaves out the last addition's rounding, u |y|; ours has it."""
        batch = np.array([[500.5, 501.25]], np.float16)
        truth = certify(FUNCTIONS["logsumexp"], formats.widen(batch), formats.pair("float16"))
        found = errors(truth, formats.widen(truth.rounded), Contract.CONDITIONED)
        y, u = float(truth.high[0, 0]), 2.0**-11
        error = found.ulp[0, 0] * 2.0**-2  # an ulp of float16 at 501
        assert found.correct[0, 0]
        assert error > u * (y + 2 - 500.5)
        assert found.excess[0, 0] < 1
        unit = 2.0 ** int(truth.exponent[0, 0])
        for contract, bound in in_units(truth).items():
            assert error <= bound[0, 0] * unit, contract


def script(name: str):
    """A module of scripts/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent.parent / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


SEARCH = script("search_bounds")
#: what must hold at the least, whatever the script says is claimed: (subject, format, contract) for logsumexp
HONEST = [
    *(("max-shift", name, "shifted") for name in ("float16", "float32", "float64")),
    *((name, fmt, "sequential") for name in ("online", "pairwise") for fmt in FORMATS),
    *(("log1p-shift", name, "conditioned") for name in ("float32", "float64")),
    *(("log1p-shift@float32", name, "conditioned") for name in FORMATS if FORMATS[name].width < 32),
    *(("logaddexp-fold", name, "folded") for name in ("float16", "float32", "float64")),
]


def hard_rows(name: str) -> "list[np.ndarray]":
    """Literal adversaries, rounded to the format: one reason a line."""
    fmt = FORMATS[name]
    far = fmt.tiny_exponent * math.log(2)
    rows = [
        [0.0, -17.738],  # the 1 swallows the tail
        [0.0, far, far],  # the answer is subnormal, its terms half lost
        [0.0, *[far + math.log(1.49)] * 64],  # many terms underflow together, each by half of t
        [0.0, *[far + math.log(1.51)] * 64],  # and upward
        [-math.log(3)] * 3,  # cancels to nearly 0
        [-0.3147108, -1.309019],  # two shares that sum to almost 1
        [fmt.largest / 2] * 5,  # the last addition is all there is
        [fmt.largest] * 2,  # y is beyond the largest number
        [fmt.largest / 2, -fmt.largest / 2],  # a difference near the largest number
        list(np.arange(40) / 4),  # every entry is a new maximum
        list(-np.arange(40) / 4),  # none is
        [20.0, *[-fmt.precision * math.log(2) + 20] * 100],  # what is summed beside the largest
        [0.0] * 300,  # a sum that sticks in 8 bits
        [500.0, 499.0] * 100,  # an offset and a long row
        [fmt.tiny, -fmt.tiny, 0.0],  # below every rounding of the sum
    ]
    return [formats.widen(formats.cast(np.clip([row], -fmt.largest, fmt.largest), fmt)) for row in rows]


class TestHonestMethods:
    """A bound that an honest implementation violates is a bug of ours."""

    @pytest.mark.parametrize(("spec", "name", "contract"), HONEST)
    def test_an_honest_method_keeps_its_rung_on_every_hard_row(self, spec, name, contract):
        """Literal rows, certified truth: no search in between."""
        pair = formats.pair(name)
        for row in hard_rows(name):
            truth = certify(FUNCTIONS["logsumexp"], row, pair)
            found = errors(truth, ask(method(spec), FUNCTIONS["logsumexp"], row, pair, None).values, Contract(contract))
            assert found.kind[0, 0] == "", row
            assert found.excess[0, 0] <= 1, row

    @pytest.mark.parametrize("name", ["float32", "float64"])
    def test_scipy_keeps_conditioned_on_every_hard_row(self, name):
        """The best known library is the first to be accused by a bound that is too tight."""
        special = pytest.importorskip("scipy.special", reason="scipy is missing: pip install 'lsecheck[scipy]'")
        for row in hard_rows(name):
            batch = row.astype(name)
            found = measure("logsumexp", batch, special.logsumexp(batch, axis=-1), require="conditioned")
            assert found.excess[0, 0] <= 1, row

    @EVERY
    @pytest.mark.parametrize("name", FORMATS)
    def test_no_claim_is_broken_by_a_short_climb(self, function, name):
        """Random and adversarial moves; `scripts/search_bounds.py` does the same for minutes."""
        if function in ("logaddexp", "cross_entropy") and name not in ("float16", "float32"):
            return  # logsumexp of two and log_softmax at a label: the other formats add nothing
        members, rng = SEARCH.claims(FUNCTIONS[function], FORMATS[name]), np.random.default_rng(3)
        for _ in range(40):
            SEARCH.climb(members, rng, (2, 2, 3, 5, 9, 33, 129, 257))
        for finding in map(SEARCH.conclude, members):
            assert finding.excess <= 1, (finding.subject, finding.contract, finding.witness)
            assert finding.tried > 1000

    def test_the_climb_tries_every_claim_that_must_hold(self):
        """A claim dropped from the script would be a claim that nobody checks."""
        tried = {
            (claim.subject.name, name, str(claim.contract))
            for name in FORMATS
            for claim in SEARCH.claims(FUNCTIONS["logsumexp"], FORMATS[name])
        }
        assert set(HONEST) <= tried

    def test_the_climb_finds_a_method_that_claims_too_much(self):
        """A search that finds nothing anywhere proves nothing: max-shift does not keep `conditioned`."""
        function, fmt = FUNCTIONS["logsumexp"], FORMATS["float32"]
        claim = SEARCH.Claim(method("max-shift"), function, fmt, Contract.CONDITIONED)
        rng = np.random.default_rng(0)
        for _ in range(60):
            SEARCH.climb([claim], rng, (2, 3, 5))
        finding = SEARCH.conclude(claim)
        assert finding.excess > 1000
        assert len(finding.witness) <= 3

    @EVERY
    @pytest.mark.parametrize("name", ["float16", "float32", "float64"])
    def test_what_screens_agrees_with_the_certified_truth(self, function, name):
        """The climb follows the screen, so a screen that is wrong would climb the wrong hill."""
        fmt = FORMATS[name]
        rng = np.random.default_rng(7)
        batch = SEARCH.held(rng.normal(size=(40, 2)) * 8, fmt)
        labels = SEARCH.label_of(batch, FUNCTIONS[function])
        truth = certify(FUNCTIONS[function], batch, formats.pair(name), labels)
        screened, sums = SEARCH.sums_of(batch, labels, FUNCTIONS[function])
        assert np.allclose(screened.astype(np.float64), np.ldexp(truth.high, truth.scale.astype(np.int32)), rtol=1e-15)
        for figure in Sums._fields:
            ours, theirs = np.broadcast_arrays(getattr(sums, figure), getattr(truth.sums, figure))
            assert np.allclose(ours, theirs, rtol=1e-12, atol=1e-300), figure
