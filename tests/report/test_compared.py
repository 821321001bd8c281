"""A comparison as it is read: the worst first, each line with old, new and the case, the count last."""

from lsecheck import check
from lsecheck.gate.compare import compare
from lsecheck.report.compared import markdown, render
from lsecheck.rows import ABSENT, SCHEMA, Document, from_json
from report.gates import HOSTILE, breach, finding, row, verdict


def document(*rows, verdicts=(), **environment):
    """A result file in memory."""
    return Document(schema=SCHEMA, environment=environment, rows=list(rows), verdicts=list(verdicts))


def cells(text):
    """The lines of the tables of a text, without their padding."""
    return [line.split() for line in text.splitlines() if line and not line.startswith((" ", "-"))]


MIXED = compare(
    document(
        row("same"), row("gone"), row("other"), row("worse"), row("better"), row("mixed"), row("wide", max_ulp=5e3),
        verdicts=[verdict(), verdict("b", required="conditioned"), verdict("c")],
        numpy="2.0",
    ),
    document(
        row("same", options="--device cuda"), row("new"), row("other", inputs_sha256="1" * 64),
        row("worse", findings=[finding()], class_errors={"nan": 3}), row("better", max_scaled=1.0),
        row("mixed", max_scaled=1.5, mean_ulp=ABSENT), row("wide", max_ulp=9e3, max_scaled=2.5),
        verdicts=[verdict(status="fail", breaches=[breach()]), verdict("b"), verdict("c")],
        numpy="2.1",
    ),
)  # fmt: skip


def test_a_comparison_reads_from_the_worst_to_the_count():
    """The whole text, line by line."""
    said = render(MIXED).splitlines()
    assert [line.split() for line in said[:5]] == [
        ["subject", "function", "format", "family", "measure", "old", "new", "case"],
        said[1].split(),
        ["worse", "a", "logsumexp", "float32", "-", "status", "pass", "fail", "-"],
        ["worse", "a", "logsumexp", "float32", "-", "budget:", "max_ulp", "of", "gap", "met", "3", "where", "2", "is",
         "allowed", "gap:0:7"],
        ["(beside)", "b", "logsumexp", "float32", "-", "required", "conditioned", "shifted", "-"],
    ]  # fmt: skip
    assert [line.split() for line in said[8:18]] == [
        ["worse", "mixed", "logsumexp", "float32", "gap", "mean_ulp", "1", "-", "gap:0:7"],
        ["better", "mixed", "logsumexp", "float32", "gap", "max_scaled", "2", "1.5", "gap:0:7"],
        ["worse", "worse", "logsumexp", "float32", "gap", "specials:", "nan", "where", "+inf", "is", "right", "0", "3",
         "gap:0:3"],
        ["worse", "wide", "logsumexp", "float32", "gap", "max_scaled", "2", "2.5", "gap:0:7"],
        ["(beside)", "wide", "logsumexp", "float32", "gap", "max_ulp", "5e+03", "9e+03", "gap:0:7"],
        ["not", "comparable", "other", "logsumexp", "float32", "gap", "inputs", "0" * 12, "1" * 12, "-"],
        ["vanished", "gone", "logsumexp", "float32", "gap", "row", "conditioned,", "E", "2", "absent", "gap:0:7"],
        ["appeared", "new", "logsumexp", "float32", "gap", "row", "absent", "conditioned,", "E", "2", "gap:0:7"],
        ["better", "better", "logsumexp", "float32", "gap", "max_scaled", "2", "1", "gap:0:7"],
        [],
    ]  # fmt: skip
    assert said[18:24] == [
        "WORSE mixed logsumexp float32 gap: mean_ulp was 1, is -",
        "float32  mixed  x = [0x0p0, -0x1p4]",
        "  got        0x1p0  1",
        "  should be  0x1p-1  0.5",
        "  error      3 ulp, E = 2   (κ 1: close to what the inputs allow)",
        "  case       gap:0:7",
    ]
    assert said[-6:] == [
        "note  numpy was 2.0, is 2.1: answers may change with it",
        "note  same was asked with no options, is with --device cuda: answers may change with it",
        "note  3 rows changed in figures and in no bit of an answer: lsecheck measures otherwise",
        "",
        "verdicts: 1 worse, 2 the same",
        "lsecheck compare: 1 better, 3 worse, 1 the same, 1 appeared, 1 vanished, 1 not comparable",
    ]


def test_the_page_says_the_same():
    """A table, the cases in fences, notes, the count."""
    said = markdown(MIXED)
    assert said.startswith(
        "## lsecheck compare\n\n|  | subject | function | format | family | measure | old | new | case |"
    )
    assert "\n| **worse** | `a` | logsumexp | float32 | - | `status` | `pass` | `fail` | `-` |\n" in said
    assert "\n| **better** | `better` | logsumexp | float32 | gap | `max_scaled` | `2` | `1` | `gap:0:7` |\n" in said
    assert "**`WORSE mixed logsumexp float32 gap: mean_ulp was 1, is -`**\n\n```text\nfloat32  mixed  x = [" in said
    assert "* `numpy was 2.0, is 2.1: answers may change with it`" in said
    assert said.splitlines()[-1] == render(MIXED).splitlines()[-1]


def test_nothing_changed_is_two_lines():
    """Nothing to read where nothing changed."""
    same = compare(document(row(), verdicts=[verdict()]), document(row(), verdicts=[verdict()]))
    count = "lsecheck compare: 0 better, 0 worse, 1 the same, 0 appeared, 0 vanished, 0 not comparable"
    assert render(same) == f"verdicts: 1 the same\n{count}"
    assert markdown(same) == f"## lsecheck compare\n\nverdicts: 1 the same\n\n{count}"


def test_two_real_results_show_the_case_that_got_worse():
    """With the command that shows it again."""
    old, new = (
        from_json(
            check(name, formats="float32", families="gap", effort="quick", require="conditioned")
            .to_json()
            .replace(f'"{name}"', '"max-shift"')
        )
        for name in ("log1p-shift", "max-shift")
    )
    said = render(compare(old, new))
    assert said.splitlines()[-1] == (
        "lsecheck compare: 0 better, 1 worse, 0 the same, 0 appeared, 0 vanished, 0 not comparable"
    )
    assert [
        "worse", "max-shift", "logsumexp", "float32", "gap", "contract", "conditioned", "shifted", "gap:0:31",
    ] in cells(said)  # fmt: skip
    assert [
        "worse", "max-shift", "logsumexp", "float32", "gap", "max_scaled", "0.935", "9.51e+05", "gap:0:31",
    ] in cells(said)  # fmt: skip
    assert "WORSE max-shift logsumexp float32 gap: contract was conditioned, is shifted" in said
    assert "  again      lsecheck explain max-shift -f float32 -- 0x0p0 -0x1.0a5bb2p4" in said


def test_every_difference_is_in_the_text_and_a_page_says_what_it_leaves_out():
    """A page has a limit, a log has none."""
    found = compare(
        document(*(row(f"s{i}") for i in range(80))), document(*(row(f"s{i}", max_scaled=9.0) for i in range(80)))
    )
    assert sum(line[:1] == ["worse"] for line in cells(render(found))) == 80
    assert markdown(found).count("| **worse** |") == 50
    assert "30 more lines: `lsecheck compare` without `--output` has them all." in markdown(found)
    assert render(found).count("\nWORSE ") == 3


def test_a_name_in_a_file_cannot_forge_a_line():
    """A result may come from somebody else's run."""
    bad = f"x\n::error::{HOSTILE}"
    found = compare(
        document(row(bad), verdicts=[verdict(bad)], numpy="1"),
        document(row(bad, max_scaled=9.0), verdicts=[verdict(bad, "fail", reason=bad)], numpy="\n::error::"),
    )
    said = render(found)
    assert not [line for line in said.splitlines() if line.lstrip().startswith("::")]
    assert all(each.isprintable() or each == "\n" for each in said)
    assert all(line.count("|") >= 10 for line in markdown(found).splitlines() if line.startswith("|"))
