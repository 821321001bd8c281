"""The drafts for other projects' trackers say what happens: their programs are run, without lsecheck."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from lsecheck.reproduce import printed
from lsecheck.rows import from_json
from lsecheck.run import environment

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "check_findings.py"
sys.path.insert(0, str(SCRIPT.parent))
import check_findings  # noqa: E402 - the script that is typed

PROGRAMS = [each for path in sorted(check_findings.FOLDER.glob("*.md")) for each in check_findings.programs(path)]
RECORDED = from_json((ROOT / "reports" / "leaderboard.json").read_bytes()).environment
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
    if got != program.said and elsewhere(RECORDED, environment()):
        pytest.skip(f"prints {got}, not {program.said}, with another {elsewhere(RECORDED, environment())[0]}")
    assert got == program.said


def elsewhere(recorded: "dict[str, str]", here: "dict[str, str]") -> "list[str]":
    """What is not as it was when the drafts were recorded: libraries' versions, and the processor's instructions."""
    told = {name.partition(" ")[2]: text for name, text in recorded.items() if name.startswith("subject ")}
    versions = {part.partition(" ")[::2] for text in told.values() for part in text.split(", ") if "." in part}
    changed = [name for name, version in sorted(versions) if _installed(name) not in ("", version)]
    return changed + ["processor"] * (recorded["numpy_simd"] != here["numpy_simd"])


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def test_other_versions_and_other_processors_are_told_from_the_recorded_ones():
    """Last digits differ there, and a later version may have been mended: neither is a stale draft."""
    numpy = metadata.version("numpy")
    known = {"numpy_simd": "X", "subject scipy": f"numpy {numpy}, eager, cpu, 1 thread", "subject gone": "gone 1.0"}
    assert elsewhere(known, {"numpy_simd": "X"}) == []
    assert elsewhere(known, {"numpy_simd": "Y"}) == ["processor"]
    assert elsewhere(known | {"subject scipy": "numpy 0.1, eager"}, {"numpy_simd": "X"}) == ["numpy"]


def test_the_libraries_that_must_be_there_are():
    """And there is a draft of each."""
    for library in REQUIRED:
        mine = [program for program in PROGRAMS if program.draft.startswith(f"{library}-")]
        assert mine
        assert not any(program.missing for program in mine)


def checked(path: Path) -> "subprocess.CompletedProcess[str]":
    """The script, on one draft."""
    return subprocess.run([sys.executable, SCRIPT, path], capture_output=True, text=True)


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


def test_a_program_that_nothing_is_said_of_is_refused(tmp_path):
    """Nobody would check it."""
    path = tmp_path / "draft.md"
    path.write_text(DRAFT.format(library="math", said="2").replace("prints", "says"), "utf-8")
    ran = checked(path)
    assert ran.returncode == 1
    assert "draft.md has a program without what it prints" in ran.stderr
