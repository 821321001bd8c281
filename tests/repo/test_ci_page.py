"""docs/ci.md, action.yml and the printed job say what the code does."""

import ast
import json
import re
import shlex
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner

from lsecheck import run
from lsecheck.cli import main
from lsecheck.gate import baseline, config, starter
from lsecheck.gate.enforce import LOOSE

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text("utf-8")
ACTION = (ROOT / "action.yml").read_text("utf-8")

#: the tables of the page, by the line before them
TABLES = {
    "The whole:": config.Config,
    "Each of `subjects`:": config.Demand,
    "`budgets`, of a subject": config.Budgets,
    "Each of `waive`:": config.Waiver,
    "Each of `family`:": config.Exception_,
}
#: defaults that are said in words, because the code says None
SAID = {
    "of the whole",
    "all of them",
    "found out",
    "shifted",
    "no limit",
    "that of the subject",
    "those of the subject",
}


def _table(before):
    """Key -> default, of the table behind a line."""
    lines = PAGE[PAGE.index(before) :].split("\n\n")[1].splitlines()
    assert lines[0].startswith("| key | default |")
    found = {}
    for line in lines[2:]:
        keys, default = (cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:3])
        names = re.findall(r"`(\w+)`", keys)
        defaults = _split(default) if len(names) > 1 else [default]
        found |= dict(zip(names, defaults if len(defaults) > 1 else defaults * len(names), strict=True))
    return found


def _split(cell):
    """What is separated by commas outside brackets."""
    return [part.strip() for part in re.split(r",(?![^\[]*\])", cell)]


@pytest.mark.parametrize("before", TABLES)
def test_every_key_of_the_configuration_is_in_its_table_with_its_default(before):
    """And no key that is none."""
    shown, kind = _table(before), TABLES[before]
    assert set(shown) == set(kind.__struct_fields__)
    defaults = {field.name: field for field in msgspec.structs.fields(kind)}
    for name, said in shown.items():
        field = defaults[name]
        if field.required:
            assert said == "", name
        elif name == "budgets":
            assert said in {"", "those of the subject"}
        elif field.default in (None, "") and not said.startswith('`"'):
            assert said.strip("`") in SAID | {""}, name
        else:
            default = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
            assert said == f"`{json.dumps(msgspec.to_builtins(default))}`", name


def test_the_example_is_accepted(tmp_path):
    """Word for word."""
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "lsecheck.toml").write_text(example, "utf-8")
    (demand,) = config.read(tmp_path / "lsecheck.toml").subjects
    assert demand.held().require("gap") == "folded"
    assert demand.held().require("tiny") == "conditioned"


def test_the_numbers_in_the_text_are_those_of_the_code():
    """Slack, and what is loose."""
    assert f"`{config.Config(subjects=()).slack}`" in PAGE
    assert LOOSE == 2
    assert starter.snippet().splitlines()[0].startswith("# .github/workflows/")
    assert baseline.TITLE.startswith("#")


def _commands(text):
    """Every `lsecheck ...` command of a text, as words."""
    whole = re.sub(r"\\\n\s*", " ", text)
    fenced = re.findall(r"^\s*(?:# )?(?:- run: )?(?:.*&& )?(lsecheck [a-z].*)$", whole, re.MULTILINE)
    quoted = re.findall(r"`(lsecheck [a-z][^`]*)`", whole)
    return [command.replace("\n", " ") for command in (*fenced, *quoted)]


def test_every_command_and_option_exists():
    """On the page, in the printed job and in the action."""
    blocks = "\n".join(re.findall(r"```(?:sh|yaml)\n(.*?)```", PAGE, re.DOTALL))
    commands = [
        *_commands(blocks),
        *re.findall(r"`(lsecheck [a-z][^`]*)`", PAGE),
        *_commands(starter.snippet()),
        *_commands(ACTION),
    ]
    assert len(commands) > 10
    for command in commands:
        name, *words = shlex.split(re.sub(r"\$\{[^}]*\}", "", command))[1:]
        assert name in main.commands, command
        options = {option for p in main.commands[name].params if isinstance(p, click.Option) for option in p.opts}
        assert {word.partition("=")[0] for word in words if word.startswith("--")} <= options, command


def test_every_input_of_the_action_is_used_and_named_on_the_page():
    """And every one that is used is there; no input is pasted into a script."""
    head, _, steps = ACTION.partition("\nruns:")
    inputs = set(re.findall(r"^  ([a-z-]+):$", head.partition("\ninputs:")[2], re.MULTILINE))
    assert inputs == set(re.findall(r"inputs\.([a-z-]+)", steps))
    assert inputs <= set(re.findall(r"`([a-z-]+)`", PAGE))
    for script in re.findall(r"run: \|\n((?:        .*\n)+)", steps):
        assert "${{" not in script


@pytest.mark.parametrize("name", ["action", "snippet"])
def test_they_are_yaml(name):
    """With every step either a command in a shell, or an action of a version."""
    yaml = pytest.importorskip("yaml", reason="pip install pyyaml")
    if name == "action":
        steps = yaml.safe_load(ACTION)["runs"]["steps"]
        assert all("shell" in step for step in steps if "run" in step)
    else:
        (job,) = yaml.safe_load(starter.snippet())["jobs"].values()
        steps = job["steps"]
    assert all("run" in step or re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]) for step in steps)


def test_the_action_has_no_tab_and_every_script_step_its_shell():
    """What YAML's own parser would say, where there is none."""
    assert "\t" not in ACTION
    assert ACTION.count("run: |") == ACTION.count("shell: bash") == 2


def test_the_python_on_the_page_is_python():
    """The examples for pytest."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        ast.parse(block)


def test_the_first_minutes_go_as_the_page_says(tmp_path, monkeypatch):
    """A project, its configuration, the gate, a baseline, a mistake."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    source = (
        "import numpy as np\n\ndef lse(x, axis=-1):\n    top = x.max(axis, keepdims=True)\n"
        "    return np.squeeze(top, axis) + np.log(np.exp(x - top).sum(axis))\n"
    )
    (tmp_path / "yours.py").write_text(source, "utf-8")
    survey = starter.measure(starter.find(tmp_path), formats=["float32"], effort="quick")
    text = starter.config_text(survey, baseline="lsecheck-baseline.txt")
    (tmp_path / "lsecheck.toml").write_text(text, "utf-8")
    folder = "lsecheck-report"
    asked = f"lsecheck gate --output text --output junit={folder}/junit.xml --output json={folder}/results.json"
    assert asked in PAGE

    def gate(command="lsecheck gate"):
        run.loaded.cache_clear()
        assert command in PAGE.replace("\n--", " --")
        return CliRunner().invoke(main, shlex.split(command)[1:]).exit_code

    assert gate() == 2  # no baseline yet
    assert gate("lsecheck gate --write-baseline") == 0
    assert baseline.read((tmp_path / "lsecheck-baseline.txt").read_text("utf-8"), "it") == starter.recorded(survey)
    assert gate(asked) == 0
    assert (tmp_path / folder / "junit.xml").is_file()
    (tmp_path / "yours.py").write_text(source.replace("x - top", "x + top"), "utf-8")
    assert gate() == 1
    assert gate("lsecheck gate --write-baseline") == 2
