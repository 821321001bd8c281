"""Why an answer is wrong: the steps must add up to the whole error, and name the guilty one."""

import numpy as np
import pytest

from lsecheck import formats, functions
from lsecheck.contracts import Contract
from lsecheck.explain import explain
from lsecheck.functions.definition import Expected
from lsecheck.inputs import cases
from lsecheck.inputs.batch import Batch
from lsecheck.subjects import load


def _explained(method, fmt, values, function="logsumexp", labels=None):
    pair = formats.pair(fmt)
    held = np.array([[formats.rounded(pair.input, value) for value in values]])
    batch = Batch("given", 0, np.array([0]), held, labels)
    return explain(load(method), functions.named(function), pair, batch)


@pytest.mark.parametrize(
    "method", ["naive", "max-shift", "online", "online-blocked", "pairwise", "log1p-shift", "max-shift@float32"]
)
@pytest.mark.parametrize("fmt", ["float16", "bfloat16", "float32", "float64"])
def test_the_steps_add_up_to_the_whole_error(method, fmt):
    """Each contribution is exact remainder after less exact remainder before, so they telescope."""
    for index in (0, 1, 2, 5, 6):
        pair = formats.pair(fmt)
        batch = cases.case(f"ordinary:0:{index}", functions.named("logsumexp"), pair.input)
        found = explain(load(method), functions.named("logsumexp"), pair, batch)
        if found.kind:
            continue
        total = sum(share.ulps for share in found.steps)
        assert abs(abs(total) - found.seen.ulp) < 2.0**-9


def test_max_shift_loses_the_small_term_in_the_sum():
    """[0, -17.738] in float32: 1 + 2e-8 is 1. Nothing else is to blame."""
    found = _explained("max-shift", "float32", [0, -17.738])
    shares = {share.step: share.ulps for share in found.steps}
    assert shares["sum"] == pytest.approx(-1.1e7, rel=0.02)
    assert all(abs(ulps) < 1 for step, ulps in shares.items() if step != "sum")
    assert found.contract is Contract.SHIFTED
    assert found.seen.condition == pytest.approx(17.7, abs=0.1)


def test_log1p_shift_loses_nothing_there():
    """The same case, the method that leaves the 1 out of the sum."""
    found = _explained("log1p-shift", "float32", [0, -17.738])
    assert found.seen.ulp < 2


def test_an_overflow_is_shown_at_the_step_where_it_happens():
    """exp(1000) leaves the numbers; what follows cannot be attributed."""
    found = _explained("naive", "float32", [1000, 1000, 1000])
    assert found.kind == "infinite"
    assert [share.ulps for share in found.steps] == [None, None, None]


def test_a_carried_method_ends_with_its_rounding():
    """max-shift@float32 in bfloat16: nearly all of the error is the last rounding."""
    found = _explained("max-shift@float32", "bfloat16", [0.5, 1.25, -3])
    assert found.steps[-1].step == "round"
    assert abs(found.steps[-1].ulps) <= 0.5
    assert abs(abs(found.steps[-1].ulps) - found.seen.ulp) < 1e-3


def test_the_worst_output_of_a_vector_is_explained():
    """log_softmax by x - LSE at a large offset: any output, the worst one is shown."""
    found = _explained("via-lse", "float32", [1e8, 1e8, 1e8 - 64], "log_softmax")
    assert found.seen.scaled > 1e6
    assert found.contract is Contract.BROKEN


def test_an_unsettled_output_is_named_and_not_scored():
    """softmax with +inf has no single answer."""
    found = _explained("max-shift", "float32", [np.inf, 0], "softmax")
    assert found.expected is Expected.UNSETTLED
    assert found.kind == ""
    assert not isinstance(found.seen.ulp, float)
