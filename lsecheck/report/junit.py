"""a gate's verdicts -> JUnit XML: one test case a verdict.

Without times or hosts: the same verdicts are the same bytes. The encoding is UTF-8.
"""

import re
from collections.abc import Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from lsecheck.gate.enforce import Gated
from lsecheck.gate.verdicts import FAIL, IMPROVED, UNDECIDED, UNMEASURED
from lsecheck.report import failures
from lsecheck.report.failures import Failure
from lsecheck.rows import Verdict


def render(gated: Gated) -> str:
    """The file.

    failure    a finding; with `strict` also a budget that could be tightened
    error      undecided, or failed on every case
    skipped    unmeasured, though the gate's exit status is no pass
    """
    verdicts, found = gated.result.verdicts, failures.of(gated)
    suites = Element("testsuites", name="lsecheck")
    suite = SubElement(suites, "testsuite", name="lsecheck")
    loose: dict[int, list[str]] = {}
    for verdict, said in failures.advice(gated):
        loose.setdefault(id(verdict), []).append(said)
    for verdict in verdicts:
        mine = [failure for failure in found if failure.verdict is verdict]
        suite.append(_case(verdict, mine, loose.get(id(verdict), []), gated.strict))
    for outcome in ("failure", "error", "skipped"):
        count = str(len(suite.findall(f"testcase/{outcome}")))
        for element in (suites, suite):
            element.set({"failure": "failures", "error": "errors"}.get(outcome, outcome), count)
    for element in (suites, suite):
        element.set("tests", str(len(verdicts)))
    if gated.notes:
        SubElement(suite, "system-out").text = _held("\n".join(gated.notes))
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suites, "unicode") + "\n"


def _case(verdict: Verdict, found: Sequence[Failure], advice: Sequence[str], strict: bool) -> Element:
    case = Element("testcase", classname=_held(f"lsecheck.{verdict.function}"))
    case.set("name", _held(f"{verdict.subject} {verdict.format}"))
    properties = SubElement(case, "properties")
    for name in ("contract", "required", "max_ulp", "max_scaled", "options"):
        value = getattr(verdict, name)
        if isinstance(value, str | float) and value != "":
            SubElement(properties, "property", name=name, value=_held(str(value)))
    outcome, kind = _outcome(verdict, bool(advice) and strict)
    if outcome:
        of = SubElement(case, outcome, message=_held("; ".join(advice) if kind == "loose" else verdict.reason))
        if outcome != "skipped":
            of.set("type", kind)
        blocks = ["\n".join(part for part in (failure.line, failure.evidence) if part) for failure in found]
        of.text = _held("\n\n".join(blocks)) or None
    if advice:
        SubElement(case, "system-out").text = _held("\n".join(advice))
    return case


def _outcome(verdict: Verdict, loose: bool) -> tuple[str, str]:
    """The element, and its type; '' for a pass."""
    if verdict.status == FAIL:
        return ("error", "failed throughout") if verdict.failed_throughout else ("failure", FAIL)
    if verdict.status == UNDECIDED:
        return "error", UNDECIDED
    if verdict.status == UNMEASURED:
        return "skipped", UNMEASURED
    return ("failure", "loose") if verdict.status == IMPROVED and loose else ("", "")


def _held(text: str) -> str:
    """The text with U+FFFD for every character that XML cannot hold."""
    return _NO_CHARACTER.sub("\ufffd", text)


#: the complement of Char in XML 1.0, production 2
_NO_CHARACTER = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
