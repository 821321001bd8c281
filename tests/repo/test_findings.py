"""The drafts for other projects' trackers say what happens: their programs are run, without lsecheck."""

import math
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from lsecheck.contracts import Contract
from lsecheck.report import causes, findings, sorts
from lsecheck.reproduce import printed
from lsecheck.rows import from_json
from lsecheck.run import environment
from lsecheck.subjects.adapters import ADAPTERS, install_line, installed

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "check_findings.py"
sys.path.insert(0, str(SCRIPT.parent))
import check_findings  # noqa: E402 - the script that is typed

PROGRAMS = [each for path in sorted(check_findings.FOLDER.glob("*.md")) for each in check_findings.programs(path)]
BOARD = from_json((ROOT / "reports" / "leaderboard.json").read_bytes())
RECORDED = BOARD.environment
#: libraries that must be there where the tests run: a skip would hide that a draft is wrong
REQUIRED = ("numpy", "scipy", "onnxruntime")
DRAFT = """# A draft

```python
import {library}
print(1 + 1)
```

prints

```text
{said}
```
"""


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda each: f"{each.draft}-{each.number}")
def test_a_program_still_prints_what_its_draft_says(program):
    """Exactly. Run scripts/make_leaderboard.py when a library has changed its answer."""
    if program.missing:
        pytest.skip(f"needs {program.missing[0]}: pip install -r scripts/leaderboard-requirements.txt")
    got = printed(program.source)
    excused = elsewhere(RECORDED, environment(), program.imported, kinds(got) == kinds(program.said))
    if got != program.said and excused:
        pytest.skip(f"prints {got}, not {program.said}, with another {excused[0]}")
    assert got == program.said


def elsewhere(recorded: "dict[str, str]", here: "dict[str, str]", imported: "list[str]", alike: bool) -> "list[str]":
    """What is not as it was recorded, of what a program uses: versions, and the processor's instructions.

    alike     what is printed differs in digits only: another processor may do that, and no more than that
    """
    told = {name.partition(" ")[2]: text for name, text in recorded.items() if name.startswith("subject ")}
    versions = {part.partition(" ")[::2] for text in told.values() for part in text.split(", ") if "." in part}
    versions |= {(name, recorded[name]) for name in ("numpy", "ml_dtypes") if name in recorded}
    used = {name for module in imported for name in metadata.packages_distributions().get(module, [module])}
    changed = [name for name, version in sorted(versions) if name in used and _installed(name) not in ("", version)]
    return changed + ["processor"] * (alike and recorded["numpy_simd"] != here["numpy_simd"])


def kinds(text: str) -> "list[str]":
    """Of what a program prints: inf, nan, or a number, each in its place; anything else as it is."""
    found = []
    for word in text.strip("[]").split(", "):
        try:
            value = float(word)
        except ValueError:
            found.append(word)
        else:
            found.append(str(value) if math.isinf(value) or math.isnan(value) else "0" if value == 0 else "a number")
    return found


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def test_other_versions_and_other_processors_are_told_from_the_recorded_ones():
    """Last digits differ there, and a later version may have been mended: neither is a stale draft."""
    numpy = metadata.version("numpy")
    known = {"numpy_simd": "X", "subject scipy": f"numpy {numpy}, eager, cpu, 1 thread", "subject gone": "gone 1.0"}
    assert elsewhere(known, {"numpy_simd": "X"}, ["numpy"], True) == []
    assert elsewhere(known, {"numpy_simd": "Y"}, ["numpy"], True) == ["processor"]
    assert elsewhere(known, {"numpy_simd": "Y"}, ["numpy"], False) == []
    older = known | {"subject scipy": "numpy 0.1, eager"}
    assert elsewhere(older, {"numpy_simd": "X"}, ["numpy"], False) == ["numpy"]
    assert elsewhere(older, {"numpy_simd": "X"}, ["scipy"], True) == []


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("1.5", "1.25", True),
        ("1.5", "inf", False),
        ("nan", "inf", False),
        ("-inf", "inf", False),
        ("0.0", "1e-40", False),
        ("[nan, -inf]", "[nan, -inf]", True),
        ("[1.5, 2.0]", "[1.5, nan]", False),
        ("ValueError: no", "1.5", False),
    ],
)
def test_a_difference_in_kind_is_told_from_one_in_digits(one, other, alike):
    """No processor turns a number into an infinity."""
    assert (kinds(one) == kinds(other)) is alike


def test_every_failure_of_a_library_has_a_specimen_and_a_draft():
    """What fails on the leaderboard must not be missing from the findings in silence."""
    written = {
        (each.subject, each.function, each.format, each.domain)
        for draft in findings.drafts(BOARD)
        for each in draft.specimens
        if (check_findings.FOLDER / draft.file).exists()
    }
    failing = set()
    for verdict in BOARD.verdicts:
        if verdict.subject not in ADAPTERS or verdict.options:
            continue
        missed = not Contract(verdict.contract).keeps(Contract.SHIFTED)
        domains = ["contract"] * missed + [
            name for name in ("specials", "range", "conduct") if getattr(verdict, name) == "fail"
        ]
        failing |= {(verdict.subject, verdict.function, verdict.format, domain) for domain in domains}
    assert len(failing) > 50
    assert failing - written == set()


@pytest.mark.skipif(not installed("onnxruntime"), reason=install_line("onnxruntime"))
def test_the_definition_that_is_named_as_a_cause_is_the_published_one():
    """The body of the function, and that it is not what float32 is answered with."""
    import onnx.defs

    body = onnx.defs.get_schema("ReduceLogSumExp", 18).function_body
    assert tuple(node.op_type for node in body.node) == causes.ONNX_BODY
    assert body.node[0].attribute[0].i == onnx.TensorProto.DOUBLE
    told = {
        each.format for each in BOARD.specimens if each.subject == "onnxruntime" and sorts.of(each).slug == "overflow"
    }
    assert told == {"float16", "bfloat16"}


def test_the_libraries_that_must_be_there_are():
    """And there is a draft of each."""
    for library in REQUIRED:
        mine = [program for program in PROGRAMS if program.draft.startswith(f"{library}-")]
        assert mine
        assert not any(program.missing for program in mine)


def checked(path: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    """The script, on one draft."""
    return subprocess.run([sys.executable, SCRIPT, path, *more], capture_output=True, text=True)


@pytest.mark.parametrize(
    ("library", "said", "status", "told"),
    [
        ("math", "2", 0, "1 print what the drafts say, 0 do not, 0 were skipped"),
        ("math", "3", 1, "draft.md, program 1 prints\n  2\nwhere the draft says\n  3"),
        ("no_such_library", "2", 5, "skipped 1 that need no_such_library, which is not installed"),
    ],
)
def test_the_script_says_what_differs_and_what_it_skipped(tmp_path, library, said, status, told):
    """1 where something differs, 5 where nothing could be run."""
    path = tmp_path / "draft.md"
    path.write_text(DRAFT.format(library=library, said=said), "utf-8")
    ran = checked(path)
    assert ran.returncode == status
    assert told in ran.stdout


@pytest.mark.parametrize("more", [[], ["--all"]])
def test_nothing_may_be_left_out_where_all_is_asked_for(tmp_path, more):
    """A library that is not here, and a draft that has no program."""
    path = tmp_path / "draft.md"
    path.write_text(DRAFT.format(library="math", said="2") + DRAFT.format(library="no_such_library", said="2"), "utf-8")
    assert checked(path, *more).returncode == len(more)
    path.write_text("# A draft without a program\n", "utf-8")
    ran = checked(path, *more)
    assert ran.returncode == (1 if more else 5)
    assert "draft.md has no program: nobody can check what it says" in ran.stdout


def test_a_program_that_nothing_is_said_of_is_refused(tmp_path):
    """Nobody would check it."""
    path = tmp_path / "draft.md"
    path.write_text(DRAFT.format(library="math", said="2").replace("prints", "says"), "utf-8")
    ran = checked(path)
    assert ran.returncode == 1
    assert "draft.md has a program without what it prints" in ran.stderr
