"""subjects -> the files of an accuracy report: measured, judged, rendered.

Two documents: the families of hard cases, and real logits. A report states what is; it has no
required contract to fail.
"""

from collections.abc import Callable, Sequence

from lsecheck import formats, functions
from lsecheck.contracts import Contract
from lsecheck.errors import NothingMeasured
from lsecheck.gate import judge
from lsecheck.inputs import cases, logits
from lsecheck.report import markdown
from lsecheck.rows import SCHEMA, Document, Row, to_json
from lsecheck.run import Task, environment, execute, plan, told_apart
from lsecheck.subjects import load
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.methods import METHODS

#: what is reported on when nobody is named
SUBJECTS = tuple(METHODS)
#: titles of the two documents, by the folder they are written to
TITLES = {"": "LogSumExp accuracy: families of hard cases", "logits/": "LogSumExp accuracy: real logits"}


def make(
    subjects: Sequence[str],
    chosen: "Sequence[str] | None",
    pairs: Sequence[str],
    *,
    effort: "str | None" = None,
    seed: int = 0,
    jobs: int = 1,
    loading: Loading = PLAIN,
    progress: "Callable[[int], Callable[[], object]] | None" = None,
) -> dict[str, str]:
    """File name -> content of `summary.md`, `results.json` and the same under `logits/`.

    chosen    functions; by default all of them, and logsumexp of what is no method or library
    effort    for every function; by default standard for logsumexp and quick for the rest
    raises    `NothingMeasured` if no subject claims any of the functions and formats
    """
    loaded = told_apart([load(subject, loading) for subject in subjects])
    settled = [functions.named(name) for name in dict.fromkeys(chosen or functions.FUNCTIONS)]
    wanted = [formats.pair(text) for text in pairs]
    groups = {"": cases.synthetic(), "logits/": tuple(logits.REASONS)}
    tasks: list[Task] = []
    for families in groups.values():
        for function in settled:
            at = effort or ("standard" if function.name == "logsumexp" else "quick")
            # a given function is one function: nobody said that it is a softmax too
            able = [subject for subject in loaded if chosen or function.name == "logsumexp" or not subject.given]
            tasks += plan(able, [function], wanted, families, effort=at, seed=seed, loading=loading)
    rows = execute(tasks, jobs, progress(len(tasks)) if progress else lambda: None)
    if not rows:
        raise NothingMeasured("nothing was measured: none of the subjects claims any of the functions in these formats")
    record = environment(loaded)
    files: dict[str, str] = {}
    for folder, title in TITLES.items():
        mine = [row for row in rows if row.family in groups[folder]]
        if mine:
            files |= _files(folder, title, mine, record)
    return files


def _files(folder: str, title: str, rows: list[Row], record: dict[str, str]) -> dict[str, str]:
    document = Document(schema=SCHEMA, environment=record, rows=rows, verdicts=judge(rows, Contract.SHIFTED))
    return {
        f"{folder}summary.md": markdown.summary(document, title),
        f"{folder}results.json": to_json(document),
    }


def first_lines(files: dict[str, str]) -> str:
    """The title and the verdict sentences of each summary."""
    return "\n\n".join(content.partition("\n\nMeasured:")[0] for name, content in files.items() if name.endswith(".md"))
