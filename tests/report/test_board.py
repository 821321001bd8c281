"""The leaderboard's page: the Markdown's tables, drawn, in the frame of every page."""

import itertools
import re
from xml.etree import ElementTree

import msgspec
import pytest

from lsecheck.report import figures, leaderboard
from lsecheck.report.figures import pareto
from lsecheck.report.page import board
from report import boards

html5lib = pytest.importorskip("html5lib", reason="needs html5lib: pip install 'lsecheck[test]'")
DRAWS = pytest.mark.skipif(not figures.available(), reason="needs matplotlib: pip install 'lsecheck[report]'")


def words(text):
    """What is read of a page that is valid."""
    found = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    return " ".join("".join(found.itertext()).split())


def dot(subject, time, scaled, contract="shifted", best=False):
    """One point."""
    return pareto.Dot(subject, contract, time, scaled, best)


def test_it_is_valid_and_has_every_line_of_every_table():
    """As Markdown has them."""
    document = boards.board()
    said = words(board.render(document))
    lines = leaderboard.standings(document)
    assert len(lines) > 5
    for line in lines:
        members = [one for one in lines if one.format == line.format]
        for word, cell in zip(leaderboard.header(members), leaderboard.cells(line, members), strict=True):
            if word != leaderboard.MARKED:
                assert " ".join(cell.split()) in said
        assert " ".join(leaderboard.marks_in_words(line).split()) in said
    assert "sampled" in said
    # a cell closes no tag: its words run on in those of the next
    assert all(word in said for word in leaderboard.header(lines) if word != leaderboard.MARKED)


def test_names_are_text_whatever_they_are():
    """A subject may be called anything."""
    document = boards.board()
    name = "<script>alert(1)</script>\"'"
    rows = [msgspec.structs.replace(row, subject=name) for row in document.rows if row.subject == "naive"]
    verdicts = [msgspec.structs.replace(one, subject=name) for one in document.verdicts if one.subject == "naive"]
    found = board.render(msgspec.structs.replace(document, rows=rows, verdicts=verdicts, specimens=[], speeds=[]))
    assert "<script>alert" not in found
    assert name in words(found)


def test_without_speeds_there_are_no_figures_and_without_rows_no_tables():
    """An old or empty file is a page too."""
    document = msgspec.structs.replace(boards.board(), speeds=[])
    assert board.draw(document) == {}
    assert "Who keeps what" in words(board.render(document))
    assert "Findings" in words(board.render(msgspec.structs.replace(document, rows=[], verdicts=[], specimens=[])))


def test_findings_are_linked_to_their_drafts():
    """Beside the page, in a folder."""
    found = board.render(boards.board())
    assert re.findall(r'href="(findings/[^"]+)"', found)


@DRAWS
def test_every_function_and_format_that_was_timed_is_drawn_once_with_words():
    """Whoever has a time and an error is in the words of its figure."""
    document = boards.board()
    drawn = board.draw(document)
    assert list(drawn) == ["pareto_logsumexp_float32"]
    (figure,) = drawn.values()
    told = re.search(r"<desc[^>]*>(.*?)</desc>", figure, re.DOTALL)[1]
    assert all(name in told for name in ("max-shift", "scipy", "onnxruntime", "naive"))
    page = board.render(document, drawn)
    assert page.count("<svg") == 1
    words(page)
    assert board.draw(document) == drawn


@DRAWS
def test_no_two_names_in_the_figure_meet_and_none_lies_on_a_mark():
    """What has no room is left to the table."""
    dots = [dot(f"subject-{place}", 1 + 0.05 * place, 900.0 + place) for place in range(12)]
    dots += [dot("alone", 20.0, 1.0, "conditioned", True), dot("quick", 0.1, 1e6, "broken", True)]
    figure = pareto.draw(dots, "crowd", "crowd")
    boxes = dict(placed(ElementTree.fromstring(figure), "start"))
    names = [name for name in boxes if name.startswith(("subject", "alone", "quick"))]
    assert {"alone", "quick"} <= set(names)
    assert len(names) < len(dots)
    for one, other in itertools.combinations((boxes[name] for name in names), 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (one, other)


def placed(element, anchor):
    """Every text with its box, about: left, top, right, bottom."""
    anchor = element.get("text-anchor", anchor)
    if element.tag.endswith("}text"):
        x, y = (float(element.get(name).split()[0]) for name in "xy")
        wide = 5.7 * len(element.text)
        left = x - {"start": 0, "middle": wide / 2, "end": wide}[anchor]
        yield element.text, (left, y - 9, left + wide, y + 2)
    for inner in element:
        yield from placed(inner, anchor)


@DRAWS
def test_nothing_to_show_draws_nothing():
    """No empty axes."""
    assert pareto.draw([], "none", "none") == ""
