"""summary.md: a pure function of the document, verdict first."""

from pathlib import Path

import msgspec
import pytest

from lsecheck import check, selftest
from lsecheck.errors import InputError
from lsecheck.report import markdown, readme
from lsecheck.rows import SCHEMA, Document

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def document():
    """Two methods on three small families."""
    found = check(
        ["max-shift", "log1p-shift"], formats=["float32"], families=["gap", "specials", "tiny"], effort="quick"
    )
    return Document(schema=SCHEMA, environment={"numpy": "2"}, rows=found.rows, verdicts=found.verdicts)


def test_the_verdict_comes_first_in_a_sentence(document):
    """A reader who stops after two lines knows."""
    assert markdown.summary(document, "Title").splitlines()[:3] == [
        "# Title",
        "",
        "logsumexp: log1p-shift keeps conditioned; max-shift keeps shifted. Special values are wrong in max-shift.",
    ]


def test_the_matrix_has_contract_ulp_e_and_class_errors(document):
    """One line a method and format."""
    said = markdown.summary(document, "T")
    worst = {row.family: row.max_ulp for row in document.rows if row.subject == "max-shift"}
    ulp = f"{max(worst['gap'], worst['tiny'], worst['specials']):.3g}"
    assert f"| `max-shift` | float32 | **shifted** | {ulp} | 9.51e+05 | ✗ | - | - | nan 58, raised 1 |" in said
    assert "| `log1p-shift` | float32 | **conditioned** |" in said


def test_every_family_shows_its_worst_with_the_witness_in_hex(document):
    """got and should be, as a machine reads them."""
    said = markdown.summary(document, "T")
    line = next(line for line in said.splitlines() if line.startswith("| gap | 2 | `max-shift` |"))
    assert line.endswith("| shifted | float32 `0x0p0, -0x1.0a5bb2p4` | `0x0p0` | `0x1.f9f76ap-25` |")


def test_no_maximum_is_shown_without_saying_of_what(document):
    """Sampled is not exhaustive."""
    assert "sampled: every maximum below is the worst found among them" in markdown.summary(document, "T")
    whole = [msgspec.structs.replace(row, exhaustive=True) for row in document.rows]
    assert "exhaustive: every" in markdown.summary(msgspec.structs.replace(document, rows=whole), "T")


def test_a_pipe_in_a_cell_does_not_break_the_table(document):
    """Messages of raised exceptions hold anything."""
    said = markdown.summary(document, "T")
    for line in said.splitlines():
        if line.startswith("| logsumexp | `max-shift`"):
            assert line.count(" | ") == 6


def test_generated_parts_of_a_page_are_replaced_and_missing_ones_refused(document):
    """The README keeps its own words."""
    page = "a\n<!-- matrix -->\nSTALE\n<!-- end of matrix -->\nb\n<!-- contracts -->\n<!-- end of contracts -->\n"
    page += "<!-- leaderboard -->\n<!-- end of leaderboard -->\n"
    page += "<!-- selftest -->\n<!-- end of selftest -->\n<!-- certificates -->\n<!-- end of certificates -->\n"
    runs = selftest.from_json((ROOT / "reports" / "selftest.json").read_bytes())
    said = readme.filled(page, document, runs, [], document)
    assert f"{len(runs)} seeds" in said
    assert said.startswith("a\n<!-- matrix -->\n| logsumexp | float32 | special values |\n")
    assert "STALE" not in said
    assert "\nb\n" in said
    with pytest.raises(InputError, match="no part between <!-- contracts -->"):
        readme.filled(page.replace("<!-- contracts -->", ""), document, runs, [], document)


def test_the_worst_cases_made_small_have_their_exact_value_and_what_is_wrong():
    """Of a report; other results have none, and no empty section."""
    from report import pages

    document = pages.small()
    assert document.specimens
    said = markdown.summary(document, "T")
    section = said.split("## The worst cases, made small")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][2:]
    assert len(lines) == len(document.specimens)
    for line, one in zip(lines, document.specimens, strict=True):
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        assert cells[:3] == [one.function, f"`{one.subject}`", one.format]
        assert (one.exact or "-") in cells
        assert one.missed in cells[-1] or one.domain in cells[-1]
    assert "made small" not in markdown.summary(msgspec.structs.replace(document, specimens=[]), "T")
