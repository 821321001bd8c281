"""subjects -> the files of an accuracy report: measured, judged, rendered.

Two documents: the families of hard cases, and real logits. A report states what is; it has no
required contract to fail. Everything that is written is made from the two documents alone, so that
a result file can be rendered again, anywhere, without the subjects.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from lsecheck import formats, functions, specimens, workers
from lsecheck.contracts import Contract
from lsecheck.errors import NothingMeasured
from lsecheck.gate import judge
from lsecheck.inputs import cases, logits
from lsecheck.report import figures, markdown, page
from lsecheck.rows import SCHEMA, Document, to_json
from lsecheck.run import Task, environment, execute, may_end_us, plan, told_apart
from lsecheck.subjects import load
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.methods import METHODS

#: what is reported on when nobody is named
SUBJECTS = tuple(METHODS)
#: what is said of the efforts where none is chosen
DEFAULT_EFFORT = "standard for logsumexp, quick for the others"
#: subjects x functions up to which all figures are drawn: more do not fit a page
DRAWN = 8
#: folders of the two documents
FAMILIES, LOGITS = "", "logits/"

Progress = Callable[[int], Callable[[], object]]


def measure(
    subjects: Sequence[str],
    chosen: "Sequence[str] | None",
    pairs: Sequence[str],
    *,
    effort: "str | None" = None,
    seed: int = 0,
    jobs: int = 1,
    loading: Loading = PLAIN,
    progress: "Progress | None" = None,
) -> dict[str, Document]:
    """Folder -> what was found: of the families with the worst cases made small, and of real logits.

    chosen    functions; by default all of them, and logsumexp of what is no method or library
    effort    for every function; by default standard for logsumexp and quick for the rest
    raises    `NothingMeasured` if no subject claims any of the functions and formats
    """
    loaded = told_apart([load(subject, loading) for subject in subjects])
    settled = [functions.named(name) for name in dict.fromkeys(chosen or functions.FUNCTIONS)]
    wanted = [formats.pair(text) for text in pairs]
    groups = {FAMILIES: cases.synthetic(), LOGITS: tuple(logits.REASONS)}
    tasks: list[Task] = []
    for families in groups.values():
        for function in settled:
            at = effort or ("standard" if function.name == "logsumexp" else "quick")
            # a given function is one function: nobody said that it is a softmax too
            able = [subject for subject in loaded if chosen or function.name == "logsumexp" or not subject.given]
            tasks += plan(able, [function], wanted, families, effort=at, seed=seed, loading=loading)
    report, apart = progress or (lambda _total: lambda: None), may_end_us(loaded)
    documents: dict[str, Document] = {}
    with workers.pool(max(jobs, 1)) as crew:  # for all of it: each may have a library to import
        rows = execute(tasks, jobs, report(len(tasks)), apart=apart, within=crew)
        if not rows:
            raise NothingMeasured(
                "nothing was measured: none of the subjects claims any of the functions in these formats"
            )
        record = environment(loaded) | {"effort": effort or DEFAULT_EFFORT, "seed": str(seed)}
        for folder, families in groups.items():
            mine = [row for row in rows if row.family in families]
            if mine:
                judged = judge(mine, Contract.SHIFTED)
                documents[folder] = Document(schema=SCHEMA, environment=record, rows=mine, verdicts=judged)
        if FAMILIES in documents:
            found = documents[FAMILIES]
            told = report(specimens.candidates_of(found.rows))
            small = specimens.collect(loaded, found.rows, loading, jobs, told, apart=apart, within=crew)
            documents[FAMILIES] = msgspec.structs.replace(found, specimens=small)
    return documents


def results(documents: Mapping[str, Document]) -> dict[str, str]:
    """File name -> the result files: all that cannot be made again from other files."""
    return {f"{folder}results.json": to_json(document) for folder, document in documents.items()}


def together(document: Document, real: Document) -> bool:
    """Whether the real logits are of the same report: measured of the same subjects, in the same environment."""

    def asked(of: Document) -> set[tuple[str, str, str]]:
        return {(row.subject, row.function, row.format) for row in of.rows}

    return document.environment == real.environment and asked(real) <= asked(document)


def render(documents: Mapping[str, Document], older: "Document | None" = None) -> dict[str, str]:
    """File name -> content: summaries, results, the page and its figures; a pure function of the documents.

    older     an earlier result of the families: the page says what has changed since
    """
    main = documents.get(FAMILIES) or documents[LOGITS]
    real = documents.get(LOGITS) if FAMILIES in documents else None
    drawn = figures.draw(main, functions=_drawn(main))
    files = {"index.html": page.render(main, logits=real, older=older, figures=drawn)}
    written = results(documents)
    for folder, document in documents.items():
        files[f"{folder}summary.md"] = markdown.summary(document, title(document))
        files[f"{folder}results.json"] = written[f"{folder}results.json"]
    return files | {f"figures/{name}.svg": figure for name, figure in drawn.items()}


def _drawn(document: Document) -> "set[str] | None":
    """Functions that are drawn: all of them, or where those are many the first of each subject."""
    groups = dict.fromkeys((row.subject, row.function) for row in document.rows)
    if len(groups) <= DRAWN:
        return None
    first: dict[str, str] = {}
    for subject, function in groups:
        first.setdefault(subject, function)
    return set(first.values())


def title(document: Document) -> str:
    """What a result is of: families, real logits, or files of somebody's own."""
    asked = {row.family for row in document.rows}
    if asked & set(cases.synthetic()):
        return "LogSumExp accuracy: families of hard cases"
    return "LogSumExp accuracy: real logits" if asked and asked <= set(logits.REASONS) else "LogSumExp accuracy"


def first_lines(files: dict[str, str]) -> str:
    """The title and the verdict sentences of each summary."""
    return "\n\n".join(content.partition("\n\nMeasured:")[0] for name, content in files.items() if name.endswith(".md"))
