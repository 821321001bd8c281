"""The gate, attacked. What its tests share: a project in a folder of its own, with subjects good and bad."""

import itertools
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from lsecheck.cli import main
from lsecheck.gate import config, enforce
from lsecheck.gate.baseline import Baseline
from lsecheck.gate.enforce import Gated
from lsecheck.rows import Verdict

#: an honest implementation and every way that we know of not to be one; all but the first misbehave
SUBJECTS = '''
import os

import numpy as np

calls = 0


def wide(x):
    """Honest: float64 inside, log1p, specials guarded."""
    if x.shape[-1] == 0:
        return np.full(len(x), -np.inf, x.dtype)
    v = x.astype(np.float64)
    m = v.max(-1)
    terms = np.exp(v - np.where(np.isfinite(m), m, 0)[:, None])
    plain = np.log(terms.sum(-1))
    terms[np.arange(len(v)), v.argmax(-1)] = 0
    return np.where(np.isfinite(m), m + np.log1p(terms.sum(-1)), plain).astype(x.dtype)


def textbook(x, axis=-1):
    """max-shift in the format itself: `shifted`, nan where every entry is -inf."""
    m = x.max(axis, keepdims=True, initial=-np.inf)
    return m.squeeze(axis) + np.log(np.exp(x - m).sum(axis, dtype=x.dtype))


def nan_everywhere(x):
    return np.full(len(x), np.nan, x.dtype)


def zero_everywhere(x):
    return np.zeros(len(x), x.dtype)


def infinite_everywhere(x):
    return np.full(len(x), np.inf, x.dtype)


def nan_once(x):
    """One wrong case in the whole of gap."""
    answers = wide(x)
    answers[np.flatnonzero(x[:, -1] == x[:, -1].min())[:1]] = np.nan
    return answers


def off_once(x):
    """One number that is wrong by a factor of 1.01."""
    answers = wide(x)
    answers[-1:] *= x.dtype.type(1.01)
    return answers


def raises(x):
    raise ValueError("no")


def raises_once(x):
    """On gap:0:1 alone, however it is asked."""
    if (x[:, -1].astype(np.float64).round(3) == -64.687).any():
        raise ZeroDivisionError("only here")
    return wide(x)


def leaves(x):
    raise SystemExit(0)


def leaves_at_once(x):
    os._exit(0)


def interrupts(x):
    raise KeyboardInterrupt


def double(x):
    """The answer in float64, whatever it was asked in."""
    return wide(x).astype(np.float64)


def double_when_long(x):
    return double(x) if x.shape[-1] > 8 else wide(x)


def column_of_columns(x):
    return wide(x)[:, None, None]


def one_short(x):
    return wide(x)[:-1]


def nothing(x):
    return None


def words(x):
    return "0.0"


def once(x):
    """Good to begin with, nan from the third call on."""
    global calls
    calls += 1
    return wide(x) if calls < 3 else nan_everywhere(x)


def overwrites(x):
    """Right, and then the input is another one."""
    answers = wide(x)
    x[...] = 0
    return answers


def drops_small_ones(x):
    """Twice as much where the answer is nearly 0."""
    answers = wide(x)
    return np.where(np.abs(answers) < 0.01, answers * x.dtype.type(2), answers)
'''

_NUMBER = itertools.count()


class Project:
    """A folder with a configuration, a module of subjects and a baseline."""

    def __init__(self, folder: Path):
        self.folder = folder
        # a name of its own: a process keeps a module that it has imported
        self.module = f"subjects_{os.getpid()}_{next(_NUMBER)}.py"
        (folder / self.module).write_text(SUBJECTS)

    def subject(self, name: str) -> str:
        """One of ours by the name of its function, any other as it is."""
        return f"{self.module}:{name}" if f"def {name}(" in SUBJECTS else name

    def demand(self, name: str, *lines: str, families: tuple[str, ...] = ("gap",), formats: str = "float32") -> str:
        """The table of one subject."""
        asked = f"families = {list(families)}" if families else ""
        return "\n".join(
            ["[[subjects]]", f'subject = "{self.subject(name)}"', f"formats = {formats.split()}", asked, *lines, ""]
        )

    def write(self, *tables: str, top: str = "", name: str = "lsecheck.toml") -> Path:
        """The configuration: quick, what is said at the top, tables."""
        path = self.folder / name
        quick = "" if "effort" in top else 'effort = "quick"\n'
        path.write_text(f"{quick}{top}\n" + "\n".join(tables), "utf-8")
        return path

    def gate(
        self, *tables: str, top: str = "", baseline: "Baseline | None" = None, jobs: int = 1, strict: bool = False
    ) -> Gated:
        """What the gate finds."""
        path = self.write(*tables, top=top)
        return enforce.enforce(config.read(path), self.folder, baseline=baseline, jobs=jobs, strict=strict)

    def one(self, name: str, *lines: str, families: tuple[str, ...] = ("gap",), formats: str = "float32") -> Verdict:
        """The only verdict on one subject in one format."""
        (found,) = self.gate(self.demand(name, *lines, families=families, formats=formats)).result.verdicts
        return found

    def run(self, *words: str) -> tuple[str, str, int]:
        """stdout, stderr and exit status of `lsecheck gate` in the folder; a traceback is no answer."""
        said = CliRunner().invoke(main, ["gate", *words])
        assert said.exception is None or isinstance(said.exception, SystemExit), said.exception
        return said.stdout, said.stderr, said.exit_code

    def refused(self, status: int = 2) -> str:
        """The sentence with which it refuses to begin."""
        stdout, stderr, found = self.run("--output", "json")
        assert (stdout, found) == ("", status), (stdout[:300], stderr, found)
        (sentence,) = stderr.strip().splitlines()
        return sentence.removeprefix("lsecheck: ")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A new project, and we are in its folder; GitHub is not watching."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)
