"""A referee is worth what it catches: every planted fault must be flagged, and what they are made from must not be."""

import pytest

import lsecheck
from lsecheck.contracts import Contract
from lsecheck.inputs import cases
from lsecheck.subjects import from_callable
from quality.faults import FAULTS, GOOD, NOT_CAUGHT, Fault


def flagged(fault: Fault, family: str) -> bool:
    """Whether one family alone is enough to find it."""
    result = lsecheck.check(
        fault.lse, formats=fault.format, families=[family], effort=fault.effort, require=fault.require
    )
    assert sum(row.cases for row in result.rows) > 0
    return result.status == 1 and not result.ok


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_caught_by_each_family_that_is_there_for_it(name):
    """A family that stops catching what it names has lost its reason, whatever the others still find."""
    fault = FAULTS[name]
    missed = [family for family in fault.families.split() if not flagged(fault, family)]
    assert missed == []


def test_every_fault_names_one_to_three_families():
    """A family that names every fault explains none: the narrowest ones are kept."""
    for name, fault in FAULTS.items():
        assert 1 <= len(fault.families.split()) <= 3, name
        assert set(fault.families.split()) <= set(cases.names()), name


@pytest.mark.parametrize("name", NOT_CAUGHT)
def test_faults_that_nothing_catches_yet_are_known(name, request):
    """What the tool cannot show is written down; when a family grows to catch it, this test says so."""
    fault, why = NOT_CAUGHT[name]
    request.applymarker(pytest.mark.xfail(reason=why, strict=True))
    assert all(flagged(fault, family) for family in fault.families.split())


def test_what_the_faults_are_made_from_is_not_flagged_by_any_synthetic_family():
    """No false alarm at standard effort: otherwise catching a fault would prove nothing."""
    subjects = [from_callable(lse, name) for name, (lse, _) in GOOD.items()]
    result = lsecheck.check(subjects, formats="float32", families=cases.synthetic(), effort="standard")
    assert {row.family for row in result.rows} == set(cases.synthetic())
    assert result.status == 0
    for verdict in result.verdicts:
        assert verdict.status == "pass", verdict.reason
        assert Contract(verdict.contract).keeps(Contract(GOOD[verdict.subject][1])), verdict.reason


@pytest.mark.parametrize("fmt", ["float16", "bfloat16", "float64"])
def test_the_good_implementation_keeps_conditioned_in_the_other_formats(fmt):
    """The base of the float64 faults, and of what anyone would write for 16 bits with a wide accumulator."""
    lse, require = GOOD["two passes"]
    result = lsecheck.check(lse, formats=fmt, effort="quick", require=require)
    assert result.status == 0, result.verdicts[0].reason


def test_every_family_that_is_generated_is_there_for_some_fault():
    """A family that no fault needs should say what it is for, or go."""
    named = {family for fault in FAULTS.values() for family in fault.families.split()}
    assert set(cases.FAMILIES) - named <= {
        "offset",
        "conduct",
    }  # folds and x - LSE: the gate's tests; habits: test_conduct
