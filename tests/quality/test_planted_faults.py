"""A referee is worth what it catches: every planted fault must be flagged, and what they are made from must not be."""

import functools

import pytest

import lsecheck
from lsecheck.contracts import Contract
from lsecheck.faults import CONTROLS, FAULTS, Fault
from lsecheck.inputs import cases

#: caught by nothing yet: which families should, and why they do not
NOT_CAUGHT = {
    "lost-at-1700": (("width",), "above 1100 only powers of two, their neighbours and a few odd widths are asked"),
    "masked-tile-before-inf-nan": (("specials",), "long rows have one special value among zeros"),
    "xent-label-ends-tile": (("width",), "labels are drawn, and 511 is one of many"),
}
CAUGHT = [name for name in FAULTS if name not in NOT_CAUGHT]

Terms = tuple[str, str, str, str]


def spec(name: str) -> str:
    """As on the command line."""
    return f"lsecheck.faults:{name}"


def terms(fault: Fault) -> Terms:
    """Function, format, effort and contract: faults that share them are asked together, and the truth is found once."""
    return fault.function, fault.format, fault.effort, fault.require


@functools.cache
def flagged(family: str, asked: Terms, names: tuple[str, ...]) -> set[str]:
    """Which of these one family alone is enough to find."""
    function, fmt, effort, require = asked
    result = lsecheck.check(
        [spec(name) for name in names],
        function=function,
        formats=fmt,
        families=[family],
        effort=effort,
        require=require,
    )
    assert all(row.cases > 0 for row in result.rows)
    return {verdict.subject for verdict in result.verdicts if verdict.status == "fail"}


def found(name: str, family: str) -> bool:
    """Whether one family alone is enough to find it."""
    fault = FAULTS[name]
    alike = tuple(
        other for other in CAUGHT if family in FAULTS[other].families and terms(FAULTS[other]) == terms(fault)
    )
    return spec(name) in flagged(family, terms(fault), alike if name in alike else (name,))


@pytest.mark.parametrize("name", CAUGHT)
def test_every_fault_is_caught_by_each_family_that_is_there_for_it(name):
    """A family that stops catching what it names has lost its reason, whatever the others still find."""
    assert [family for family in FAULTS[name].families if not found(name, family)] == []


def test_every_fault_names_one_to_three_families():
    """A family that names every fault explains none: the narrowest ones are kept."""
    for name, fault in FAULTS.items():
        assert (name in NOT_CAUGHT) == (fault.families == ()), name
        assert len(fault.families) <= 3, name
        assert set(fault.families) <= set(cases.names()), name


@pytest.mark.parametrize("name", NOT_CAUGHT)
def test_faults_that_nothing_catches_yet_are_known(name, request):
    """What the tool cannot show is written down; when a family grows to catch it, this test says so."""
    families, why = NOT_CAUGHT[name]
    request.applymarker(pytest.mark.xfail(reason=why, strict=True))
    assert all(found(name, family) for family in families)


@pytest.mark.parametrize(
    "place", sorted({(control.function, control.format) for control in CONTROLS.values()}), ids="-".join
)
def test_what_the_faults_are_made_from_is_not_flagged_by_any_family(place):
    """No false alarm at standard effort, conduct included: otherwise catching a fault would prove nothing."""
    function, fmt = place
    names = [name for name, control in CONTROLS.items() if (control.function, control.format) == place]
    result = lsecheck.check([spec(name) for name in names], function=function, formats=fmt, effort="standard")
    assert len(result.verdicts) == len(names)
    for verdict in result.verdicts:
        control = CONTROLS[verdict.subject.rpartition(":")[2]]
        assert verdict.status == "pass", verdict.reason
        assert (verdict.specials, verdict.conduct) == ("pass", "pass"), verdict.reason
        assert Contract(verdict.contract).keeps(Contract(control.require)), verdict.reason


def test_every_fault_has_an_honest_control_in_its_function_and_format():
    """So that a format or a function of its own is not what is caught."""
    controlled = {(control.function, control.format) for control in CONTROLS.values()}
    assert {(fault.function, fault.format) for fault in FAULTS.values()} <= controlled


def test_every_family_that_is_generated_is_there_for_some_fault():
    """A family that no fault needs should say what it is for, or go."""
    assert {family for fault in FAULTS.values() for family in fault.families} >= set(cases.FAMILIES)
