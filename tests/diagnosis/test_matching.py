"""Answers are compared with known models bit for bit, and a match is claimed only where none disagrees."""

import numpy as np
import pytest

from diagnosis.diagnosed import ENOUGH, arena, of_callable, of_fault
from lsecheck import formats, functions
from lsecheck.diagnosis import diagnose
from lsecheck.diagnosis.fixes import _by_fault
from lsecheck.diagnosis.inquiry import Inquiry
from lsecheck.diagnosis.matching import matches
from lsecheck.diagnosis.models import models
from lsecheck.diagnosis.probes import probes
from lsecheck.faults import FAULTS
from lsecheck.subjects.methods import METHODS


@pytest.mark.parametrize(
    ("method", "fmt", "words"),
    [
        ("max-shift", "float16", "answers like max-shift with every step in float16 on 408 of 408 probes"),
        ("max-shift@float16", "float32", "max-shift with a float16 accumulator (max-shift@float16) on 408 of 408"),
        ("online@float32", "bfloat16", "online with a float32 accumulator (online@float32) on 408 of 408"),
        ("naive", "float32", "naive with every step in float32 on 409 of 409"),
        ("pairwise", "float32", "pairwise with every step in float32 on 408 of 408"),
    ],
)
def test_built_in_methods_are_recognised_with_what_they_accumulate_in(method, fmt, words):
    """A kernel that is somebody's textbook method is named as that."""
    first = diagnose(arena(method, fmt=fmt), seconds=ENOUGH).causes[0]
    assert first.kind == "match"
    assert words in first.statement
    assert first.confidence.agreeing == first.confidence.probes >= 408


def test_the_fix_of_a_method_is_one_that_breaks_nothing_on_the_same_probes():
    """A fix that was seen to work here, not one that usually does."""
    first = diagnose(arena("max-shift@float16"), seconds=ENOUGH).causes[0]
    assert first.fix == (
        "sum in float32 or wider, and take log1p of the sum without its largest term: log1p-shift breaks nothing on"
        " these 408 probes"
    )


@pytest.mark.parametrize(
    "name",
    ["shift-first", "max-init-5e4", "allninf-zero", "nan-first-only", "exp-power-of-2", "last-tile-max",
     "tail-padded-zeros", "merge-adds", "rescale-twice", "softmax-eps", "log-softmax-base2", "xent-clamped",
     "logaddexp-cutoff-5", "global-max-over-rows"],
)  # fmt: skip
def test_planted_faults_are_recognised(name):
    """Each answers like itself, and like nothing else that is known."""
    first = of_fault(name).causes[0]
    assert first.kind == "match"
    assert f"planted fault {name} (" in first.statement
    assert first.fix


def test_models_that_give_the_same_answers_are_both_named():
    """Which of them it is cannot be told, and is not."""
    assert (
        "planted fault naive-own-f64 (log(sum(exp x)) in float64), or planted fault no-shift (no shift, in float64)"
        in (of_fault("no-shift").causes[0].statement)
    )


def test_a_match_is_not_claimed_where_nothing_is_broken():
    """Honest code answers like the honest model: that explains nothing."""
    asked = arena("log1p-shift@float64")
    inquiry = Inquiry.of(asked, ENOUGH)
    assert matches(inquiry, [inquiry.hear(batch) for batch in probes(asked.function, asked.pair.input)]) == []


def test_one_bit_on_one_probe_is_no_match():
    """All but one probe alike: nearest is the most that is said, and only where nothing better is known."""

    def nearly(x, axis=-1):
        y = np.asarray(FAULTS["merge-adds"].call(x, axis))
        return np.nextafter(y, np.float32(9e9)) if x.shape[axis] == 3000 else y

    diagnosis = of_callable(nearly)
    assert not [cause for cause in diagnosis.causes if "to the last bit" in cause.statement]


def test_other_arithmetic_with_the_same_fault_is_wrong_in_the_same_way():
    """The terms-of-float32 version of a fault: the same rows, there the same to within rounding."""

    def last_tile_max(x, axis=-1):
        x = np.moveaxis(np.asarray(x), axis, -1)
        with np.errstate(all="ignore"):
            good = np.asarray(FAULTS["last-tile-max"].call(x.astype(np.float64)))
            return (good * (1 + 2.0**-25)).astype(np.float32)

    first = of_callable(last_tile_max).causes[0]
    assert first.kind == "match"
    assert "last-tile-max" in first.statement


def test_the_case_that_is_known_to_break_is_a_probe():
    """Some faults show at one length alone."""
    name = "lost-at-1700"
    found = diagnose(arena(f"lsecheck.faults:{name}"), np.zeros(1700), seconds=ENOUGH)
    assert "planted fault lost-at-1700" in found.causes[0].statement
    assert found.causes[0].confidence == (410, 410)


@pytest.mark.parametrize("fmt", ["float16", "bfloat16", "float32", "float64", "float8_e4m3fn"])
def test_probes_are_the_same_every_time_and_few(fmt):
    """Deterministic, in the format once held, and cheap."""
    function, wanted = functions.named("logsumexp"), formats.named(fmt)
    batches = list(probes(function, wanted))
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(batches, probes(function, wanted), strict=True))
    assert 400 <= sum(map(len, batches)) <= 420
    assert sum(batch.size for batch in batches) < 80_000


def test_most_models_differ_from_each_other_on_the_probes():
    """What cannot be told apart is one thing to a diagnosis: in float32 that is little."""
    asked = arena("log1p-shift")
    inquiry = Inquiry.of(asked, ENOUGH)
    heard = [inquiry.hear(batch) for batch in probes(asked.function, asked.pair.input)]
    few = [model for model in models(asked.function, asked.pair) if model.fault in _SOME or model.name in METHODS]
    said = {
        model.name: b"".join(
            (model.answers(asked.function, each.asked.batch, asked.pair).values + 0.0).tobytes() for each in heard
        )
        for model in few
    }
    assert len(set(said.values())) == len(said)


_SOME = {"shift-first", "shift-mean", "max-half-lanes", "last-tile-max", "nan-ignored", "exp-of-f16", "exp-f16-table"}


def test_every_fix_is_of_a_fault_that_there_is():
    """A renamed fault would lose its fix without anybody seeing it."""
    assert set(_by_fault()) <= set(FAULTS)
