"""a result document with speeds -> the leaderboard as one self-contained page.

The same tables as `report.leaderboard` writes in Markdown, with speed beside accuracy drawn for each.
"""

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from lsecheck.report import findings, leaderboard, twins
from lsecheck.report.figures import naming, pareto, svg
from lsecheck.report.page import filled, halves
from lsecheck.report.words import one_line
from lsecheck.rows import Document

#: characters of an example in the list of findings
_LONGEST = 90


def render(document: Document, figures: "Mapping[str, str]" = {}) -> str:  # noqa: B006  never changed
    """The page; figures as `draw` gives them."""
    lines = leaderboard.standings(document)
    tables = []
    for key in dict.fromkeys((line.function, line.format) for line in lines):
        members = [line for line in lines if (line.function, line.format) == key]
        tables.append(
            {
                "function": key[0],
                "format": key[1],
                "id": naming.fit(f"{key[0]}-{key[1]}"),
                "figure": Markup(figures.get(figure_name(*key), "").replace(svg.ELEMENT, "").strip()),
                "header": tuple(_HEADINGS.get(word, word) for word in leaderboard.header(members)),
                "lines": [(line.library, *_cells(line, members)) for line in members],
            }
        )
    libraries, ours = leaderboard.in_sentences(document)
    said = {
        "introduction": leaderboard.INTRODUCTION,
        "sentences": [halves(one_line(sentence)) for sentence in libraries],
        "ours": [halves(one_line(sentence)) for sentence in ours],
        "alike": [one_line(sentence) for sentence in twins.spoken(twins.found(document.rows))],
        "asked": leaderboard.asked(document),
        "order": leaderboard.ORDER,
        "terms": [(_HEADINGS.get(term, term), meaning) for term, meaning in leaderboard.terms(document)],
        "tables": tables,
        "findings": [_finding(draft) for draft in findings.drafts(document)],
        "versions": [(one_line(name), one_line(text)) for name, text in leaderboard.versions(document)],
        "commands": leaderboard.COMMANDS.splitlines(),
        "version": one_line(document.environment.get("lsecheck", "")),
    }
    return filled("board.html.j2", said)


def _cells(line: leaderboard.Standing, members: "Sequence[leaderboard.Standing]") -> Iterator[str]:
    """As in Markdown, but marks with words: a mark alone is nothing to listen to."""
    for word, cell in zip(leaderboard.header(members), leaderboard.cells(line, members), strict=True):
        yield leaderboard.marks_in_words(line) if word == leaderboard.MARKED else one_line(cell)


#: in words, where there is room for them
_HEADINGS = {leaderboard.MARKED: "judged apart"}


def draw(document: Document) -> dict[str, str]:
    """Name -> SVG of speed beside accuracy, one for each function and format, at the first shape timed."""
    if not document.speeds:
        return {}
    first = document.speeds[0]
    groups: dict[tuple[str, str], list[leaderboard.Point]] = {}
    for point in leaderboard.points(document, (first.rows, first.n)):
        groups.setdefault((point.function, point.format), []).append(point)
    drawn = {}
    for key, points in groups.items():
        dots = [pareto.Dot(each.subject, each.contract, each.time, each.scaled, each.best) for each in points]
        name = figure_name(*key)
        drawn[name] = pareto.draw(dots, name, f"{key[0]}, {key[1]}", first.beside)
    return drawn


def figure_name(function: str, fmt: str) -> str:
    """Fit for a file."""
    return f"pareto_{naming.fit(function)}_{naming.fit(fmt.replace(':', '-'))}"


def _finding(draft: findings.Draft) -> tuple[str, ...]:
    example = one_line(findings.example(draft).replace("`", ""))
    shown = example if len(example) <= _LONGEST else example[: _LONGEST - 1] + "…"
    return draft.file, draft.title, draft.library, draft.sort.standing, draft.formats, shown
