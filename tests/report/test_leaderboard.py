"""leaderboard: a pure function of the document, the best first."""

import math
import sys

import msgspec
import pytest

from lsecheck.contracts import Contract
from lsecheck.gate import judge
from lsecheck.report import leaderboard
from lsecheck.rows import AtPlace, Finding, Witness, from_json, to_json
from report.boards import board, row, speed


@pytest.fixture(scope="module")
def document():
    """Made up, so that every figure is known."""
    return board()


def test_the_verdict_comes_first_in_sentences_libraries_before_methods(document):
    """A reader who stops there knows."""
    said = leaderboard.page(document).splitlines()
    assert said[0] == "# Who keeps what"
    assert said[5] == (
        "* logsumexp: scipy keeps conditioned; onnxruntime keeps shifted. Special values are wrong in onnxruntime."
    )
    assert "* logsumexp: max-shift keeps shifted; naive keeps no contract." in said


def test_the_best_contract_comes_first_and_within_it_the_least_worst_e(document):
    """Speed breaks no tie of accuracy."""
    names = [line.subject for line in leaderboard.standings(document) if line.format == "float32"]
    assert names == ["scipy", "onnxruntime", "max-shift", "naive"]
    rows = [row("scipy", 900.0, "conditioned"), row("onnxruntime", 2.0, "sequential"), row("naive", 1.0, "broken")]
    weaker = msgspec.structs.replace(document, rows=rows, verdicts=judge(rows, Contract.SHIFTED))
    assert [line.subject for line in leaderboard.standings(weaker)] == ["scipy", "onnxruntime", "naive"]


def test_a_line_has_every_figure(document):
    """One line a subject; a golden one."""
    said = leaderboard.page(document).splitlines()
    line = next(line for line in said if line.startswith("| `onnxruntime` | **shifted**"))
    assert line == (
        "| `onnxruntime` | **shifted** | 900 | 1.8e+03 | 0.5 | -0.12 | 75.0 % | infinite 3 | ✗ - - | 1.5 → 3.5"
        " | 0.5 [0.45, 0.625] | 20 |"
    )


def test_a_method_of_ours_is_told_from_a_library(document):
    """Italics, not code."""
    assert "| *naive* | **broken** |" in leaderboard.page(document)


def test_the_mean_weighs_every_family_the_same(document):
    """A family of a million outputs must not drown one of ten."""
    (line,) = (each for each in leaderboard.standings(document) if each[1:3] == ("float16", "scipy"))
    assert line.mean == 0.5
    assert line.bias == -0.125


def test_drift_is_of_plain_families_and_leaves_out_the_lengths_between(document):
    """E of 99 at n = 4096 is neither short nor long; a family of hard cases would drown what n does."""
    (line,) = (each for each in leaderboard.standings(document) if each[1:3] == ("float32", "scipy"))
    assert (line.few, line.many) == (1.5, 3.5)
    hard = [msgspec.structs.replace(each, family="gap") for each in document.rows]
    (line,) = (
        each
        for each in leaderboard.standings(msgspec.structs.replace(document, rows=hard))
        if each[1:3] == ("float32", "scipy")
    )
    assert math.isnan(line.few)


def test_a_wrong_kind_of_answer_to_a_long_row_shows_in_the_drift(document):
    """E knows numbers only."""
    assert "- → 1 ✗" in leaderboard.page(document)


def test_what_was_not_measured_is_a_dash(document):
    """No by_place, no speed: no figure is made up."""
    bare = msgspec.structs.replace(
        document, speeds=[], rows=[msgspec.structs.replace(r, by_place=[]) for r in document.rows]
    )
    said = leaderboard.page(bare)
    assert "| - → - |" in said
    assert "time," not in said


def test_who_only_raises_for_a_row_without_entries_is_told_from_who_has_special_values_wrong(document):
    """nan that gets lost and an empty array that is refused are not one thing."""
    nothing = Witness(case="specials:0:0", x="", n=0, output=0, answer="nan", truth="nan", message="raised")
    raised = Finding(domain="specials", kind="raised", expected="no outputs", count=1, witness=nothing)
    lost = msgspec.structs.replace(raised, kind="nan", witness=msgspec.structs.replace(nothing, n=1))
    for findings, mark, told in (([raised], "∅ - -", False), ([raised, lost], "✗ - -", True)):
        rows = [row("scipy", 15.0, "conditioned", findings=findings)]
        said = leaderboard.page(msgspec.structs.replace(document, rows=rows, verdicts=judge(rows, Contract.SHIFTED)))
        assert f"| {mark} |" in said
        assert ("Special values are wrong in scipy" in said) is told


def test_who_was_asked_fewer_cases_says_so_in_its_line_and_in_the_readme(document):
    """Fewer cases find less."""
    rows = [
        msgspec.structs.replace(each, cases=3) if (each.subject, each.family) == ("scipy", "width") else each
        for each in document.rows
    ]
    found = msgspec.structs.replace(document, rows=rows)
    page = leaderboard.page(found)
    assert page.count("| 13 (fewer of width) |") == 2
    assert page.count("fewer of") == 2
    assert "`scipy` was asked fewer cases of width" in leaderboard.first_lines(found)
    assert "fewer" not in leaderboard.first_lines(document)


def test_an_error_past_every_number_is_no_number_and_has_no_mean(document):
    """The largest float64 stands for it in the JSON."""
    most = sys.float_info.max
    rows = [
        msgspec.structs.replace(each, max_scaled=most, max_ulp=most, mean_ulp=1e305)
        if each.subject == "naive"
        else each
        for each in document.rows
    ]
    found = msgspec.structs.replace(document, rows=rows, verdicts=judge(rows, Contract.SHIFTED))
    line = next(line for line in leaderboard.page(found).splitlines() if line.startswith("| *naive*"))
    assert "| over 1e+308 | over 1e+308 | - | - |" in line
    assert "e+305" not in line


def test_no_maximum_is_shown_without_saying_of_what(document):
    """Sampled is not exhaustive."""
    assert "sampled: every maximum is the worst found among them" in leaderboard.page(document)


def test_the_readmes_first_lines_have_both_formats_and_the_time(document):
    """Subjects that lack one of them are left to the page."""
    assert leaderboard.first_lines(document).splitlines() == [
        "| logsumexp | float32 keeps | worst E | float16 keeps | worst E | special values"
        " | float32 time ÷ `max-shift`, 4,096 × 128 |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| `scipy` | conditioned | 15 | conditioned | 13 | ✓ | 2 |",
        "| `max-shift` | shifted | 1e+03 | shifted | 200 | ✓ | 1 |",
        "",
        "Broken with a small E: answers of a wrong kind, which have no E. Every E is the worst found.",
    ]


def test_a_point_nobody_beats_is_on_the_front(document):
    """max-shift is slower than onnxruntime and no more accurate; naive is slower and worse."""
    found = {point.subject: point for point in leaderboard.points(document, (4096, 128))}
    assert {name for name, point in found.items() if point.best} == {"scipy", "onnxruntime"}
    assert found["scipy"].time == 2.0
    assert found["scipy"].scaled == 15.0
    assert leaderboard.points(document, (64, 32768)) == []


def test_two_alike_are_both_on_the_front(document):
    """Neither beats the other."""
    twins = msgspec.structs.replace(
        document,
        rows=[row("max-shift", 9.0, "shifted"), row("scipy", 9.0, "shifted")],
        verdicts=[v for v in document.verdicts if v.format == "float32" and v.subject in ("max-shift", "scipy")],
        speeds=[speed("max-shift", 1.0), speed("scipy", 1.0)],
    )
    twins = msgspec.structs.replace(
        twins, verdicts=[msgspec.structs.replace(v, contract="shifted", max_scaled=9.0) for v in twins.verdicts]
    )
    assert all(point.best for point in leaderboard.points(twins, (4096, 128)))


def test_speeds_are_in_the_json_one_a_line_and_only_where_there_are_some(document):
    """An old result reads as before, and is written as before."""
    text = to_json(document)
    assert '\n"speeds": [\n{"function":"logsumexp","subject":"max-shift"' in text
    assert from_json(text) == document
    bare = to_json(msgspec.structs.replace(document, speeds=[]))
    assert '"speeds"' not in bare
    assert from_json(bare).speeds == []


def test_the_places_are_read_back_as_places(document):
    """Arrays in JSON."""
    assert from_json(to_json(document)).rows[0].by_place[0] == AtPlace(4, 0.0, 4, 0.75, 0)
