"""JUnit XML: read back by a parser, since what reads it is a parser."""

from xml.etree import ElementTree

import pytest

from lsecheck.report.junit import render
from report.gates import HOSTILE, breach, finding, gated, real, row, unmeasured, verdict


def suite(gate):
    """The only test suite, from bytes as a consumer has them."""
    root = ElementTree.fromstring(render(gate).encode("utf-8"))
    assert root.tag == "testsuites"
    (found,) = root
    assert found.tag == "testsuite"
    return found


def outcomes(gate):
    """Of each test case: name, and the elements that say how it went."""
    beside = ("properties", "system-out")
    return [
        (case.get("name"), [(part.tag, part.get("type")) for part in case if part.tag not in beside])
        for case in suite(gate).iter("testcase")
    ]


def counts(element):
    """The four figures."""
    return tuple(int(element.get(name)) for name in ("tests", "failures", "errors", "skipped"))


def test_a_real_gate_is_a_suite_with_a_case_for_each_verdict():
    """Names as a dashboard lists them."""
    found = suite(real())
    assert [(case.get("classname"), case.get("name")) for case in found.iter("testcase")] == [
        ("lsecheck.logsumexp", "max-shift float32"),
        ("lsecheck.logsumexp", "online float32"),
        ("lsecheck.logsumexp", "log1p-shift float32"),
        ("lsecheck.logsumexp", "log1p-shift float16"),
    ]
    assert counts(found) == (4, 2, 0, 0)
    assert outcomes(real()) == [
        ("max-shift float32", [("failure", "fail")]),
        ("online float32", []),
        ("log1p-shift float32", [("failure", "fail")]),
        ("log1p-shift float16", []),
    ]


def test_a_failure_has_the_reason_as_its_message_and_the_reproducers_as_its_text():
    """What a dashboard shows when it is opened."""
    first = suite(real()).find("testcase/failure")
    assert first.get("message") == real().result.verdicts[0].reason
    assert first.text.startswith(
        "max-shift logsumexp float32 specials: nan where +inf is right (46 outputs; specials)\n"
        "float32  max-shift  x = [inf]\n  got        nan\n  should be  inf\n"
    )
    assert "\n\nmax-shift logsumexp float32 gap: keeps only shifted where conditioned is required\n" in first.text
    assert first.text.endswith("  again      lsecheck explain max-shift -f float32 -- 0x0p0 -0x1.0a5bb2p4")


def test_figures_are_properties_to_the_last_digit_and_absent_where_there_are_none():
    """A trend is drawn from them; a number that does not exist is no 0 and no nan."""
    found = suite(gated([verdict(max_ulp=0.1), unmeasured()]))
    of_first, of_second = ({p.get("name"): p.get("value") for p in case.iter("property")} for case in found)
    assert of_first == {"contract": "conditioned", "required": "shifted", "max_ulp": "0.1", "max_scaled": "2.0"}
    assert of_second == {"contract": "unmeasured", "required": "shifted"}


def test_each_status_has_its_element_and_is_counted():
    """fail: failure; undecided and failed throughout: error; unmeasured: skipped."""
    gate = gated([
        verdict("a"), verdict("b", "fail", breaches=[breach()]), verdict("c", "undecided"), unmeasured("d"),
        verdict("e", "fail", failed_throughout=True),
        verdict("f", "improved", advice=["max_ulp is 1 where 9 is allowed"]),
    ], [row("b")])  # fmt: skip
    assert outcomes(gate) == [
        ("a float32", []),
        ("b float32", [("failure", "fail")]),
        ("c float32", [("error", "undecided")]),
        ("d float32", [("skipped", None)]),
        ("e float32", [("error", "failed throughout")]),
        ("f float32", []),
    ]
    root = ElementTree.fromstring(render(gate))
    assert counts(root) == counts(root[0]) == (6, 1, 2, 1)
    assert suite(gate).find("testcase/skipped").get("message") == "d does not claim logsumexp in float32"
    assert [out.text for out in suite(gate).iter("system-out")] == ["max_ulp is 1 where 9 is allowed: tighten it"]


def test_with_strict_a_budget_to_be_tightened_is_a_failure():
    """The exit status is 1: a file without a failure would contradict it."""
    loose = [verdict("f", "improved", advice=["max_ulp is 1 where 9 is allowed"])]
    assert counts(suite(gated(loose))) == (1, 0, 0, 0)
    assert outcomes(gated(loose, strict=True)) == [("f float32", [("failure", "loose")])]
    said = suite(gated(loose, strict=True)).find("testcase/failure").get("message")
    assert said == "max_ulp is 1 where 9 is allowed: tighten it, --strict fails"


def test_only_elements_that_consumers_know_in_the_order_they_know():
    """properties, then how it went, then output, as pytest writes them."""
    order = ["properties", "failure", "error", "skipped", "system-out"]
    for case in suite(real()).iter("testcase"):
        places = [order.index(part.tag) for part in case]
        assert places == sorted(places)


def test_what_xml_cannot_hold_is_replaced_and_the_rest_is_kept():
    """A NUL or half a surrogate makes a whole file unreadable."""
    rows = [row(f"s{HOSTILE}", findings=[finding(kind="raised", message=HOSTILE)])]
    gate = gated([verdict(f"s{HOSTILE}", "fail", specials="fail", reason=HOSTILE)], rows, notes=[HOSTILE])
    found = suite(gate).find("testcase/failure")
    kept = HOSTILE.replace("\x1b", "\ufffd").replace("\x00", "\ufffd").replace("\ud800", "\ufffd")
    assert found.get("message") == kept.replace("\ufffe", "\ufffd")
    assert "<script>|" in found.text
    assert suite(gate).find("testcase").get("name").startswith("sraised E: 50%, a:b\r\n::error")


@pytest.mark.parametrize("code", [0x0, 0x8, 0xB, 0xC, 0xE, 0x1F, 0xD800, 0xDFFF, 0xFFFE, 0xFFFF])
def test_every_sort_of_character_outside_xml_is_replaced(code):
    """Production 2 of XML 1.0, at its edges."""
    gate = gated([verdict("a", "fail", reason=f"x{chr(code)}y")])
    assert suite(gate).find("testcase/failure").get("message") == "x\ufffdy"


@pytest.mark.parametrize("code", [0x9, 0x20, 0x7F, 0xD7FF, 0xE000, 0xFFFD, 0x10000, 0x10FFFF])
def test_every_sort_of_character_inside_xml_is_kept(code):
    """Also a tab in an attribute, which a parser would turn into a space were it not escaped."""
    gate = gated([verdict("a", "fail", reason=f"x{chr(code)}y")])
    assert suite(gate).find("testcase/failure").get("message") == f"x{chr(code)}y"


def test_the_same_gate_is_the_same_bytes_without_a_time_or_a_host():
    """A file that differs each time cannot be compared."""
    said = render(real())
    assert said == render(real())
    assert said.startswith('<?xml version="1.0" encoding="utf-8"?>\n<testsuites name="lsecheck" ')
    assert said.endswith("</testsuites>\n")
    attributes = {name for part in ElementTree.fromstring(said).iter() for name in part.attrib}
    assert not {"time", "timestamp", "hostname"} & attributes


def test_two_verdicts_that_are_equal_keep_their_own_failures():
    """Advice and failures belong to a verdict, not to whatever looks like it."""
    gate = gated(
        [verdict("a", "fail", breaches=[breach(family="x")]), verdict("b", "fail", breaches=[breach(family="y")])]
    )
    texts = [found.text for found in suite(gate).iter("failure")]
    assert ["logsumexp float32 x:" in text for text in texts] == [True, False]


def test_an_empty_gate_is_an_empty_suite():
    """Valid, and without a pass in it."""
    assert counts(suite(gated([]))) == (0, 0, 0, 0)
