"""The command `report`, as a user types it: what is written, what is kept, what is refused."""

import json
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_workers import children, gone

from lsecheck import publish
from lsecheck.cli import main
from lsecheck.report import figures
from lsecheck.report.page import specimens
from lsecheck.rows import from_json

#: little of everything, and quick
QUICK = ("--effort", "quick", "--jobs", "1")
HOSTILE = "a`b<img src=x onerror=alert(1)>\nc|d.py"


def run(*words):
    """The command, in this process."""
    said = CliRunner().invoke(main, [*map(str, words)])
    return said.stdout, said.stderr, said.exit_code


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What is wrong with max-shift and naive, in two functions."""
    folder = tmp_path_factory.mktemp("report") / "out"
    words = ("max-shift", "naive", "-F", "logsumexp", "-F", "log_softmax", "-f", "float32", "-f", "float8_e4m3fn")
    assert run("report", *words, *QUICK, "-o", folder)[2] == 0
    return folder


def test_every_command_on_the_page_shows_the_very_case(made):
    """The same answer, the same right one, the same error: whatever output, length and domain it is of."""
    shown = from_json((made / "results.json").read_bytes()).specimens
    assert {one.domain for one in shown} >= {"contract", "specials", "range"}
    assert any(one.witness.n == 0 for one in shown)
    assert any(not isinstance(one.witness.x, str) for one in shown)
    for one in shown:
        (command,) = [command for what, command in specimens.told(one).commands if what == "again"]
        stdout, stderr, status = run(*shlex.split(command)[1:])
        assert (status, stderr) in ((0, ""), (1, "")), command
        seen = one.witness
        got = seen.message if isinstance(seen.message, str) else seen.answer
        assert f"  got        {got}" in stdout, command
        assert one.expected != "a number" or f"  should be  {seen.truth}" in stdout, command
        assert (f"  output {seen.output}" in stdout.splitlines()[0]) == bool(seen.output), command
        if isinstance(seen.ulp, float):
            assert f"  error      {seen.ulp:.3g} ulp, E = {seen.scaled:.3g} " in stdout, command


def test_a_hostile_name_is_words_in_the_summary(tmp_path, monkeypatch):
    """A file may be called anything; no line, picture or code span of ours ends with it."""
    monkeypatch.chdir(tmp_path)
    Path(HOSTILE).write_text("import numpy as np\ndef f(x):\n    return np.log(np.exp(x).sum(-1))\n")
    asked = ("-F", "logsumexp", "-f", "float32", *QUICK, "-o", "out")
    stdout, _, status = run("report", f"{HOSTILE}:f", *asked)
    assert status == 0
    for text in (stdout, Path("out/summary.md").read_text("utf-8")):
        rest = text.replace("``a`b<img src=x onerror=alert(1)> c|d.py:f``", "")
        rest = rest.replace("``a`b<img src=x onerror=alert(1)> c\\|d.py:f``", "")
        assert "\nc|d" not in rest
        assert "a`b" not in rest
        assert "<img" not in rest.replace("\\<img", "")


def test_results_are_written_before_anything_is_drawn(tmp_path, monkeypatch):
    """They took minutes; a page can be made of them again."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(publish, "render", interrupted)
    out = tmp_path / "out"
    asked = ("naive", "-F", "logsumexp", "-f", "float32", *QUICK)
    _, stderr, status = run("report", *asked, "-o", out)
    assert status == 130
    assert f"lsecheck report --from {out / 'results.json'} -o {out} writes the rest" in stderr
    assert from_json((out / "results.json").read_bytes()).specimens


def test_a_file_that_cannot_be_replaced_leaves_no_part_of_one(made, tmp_path):
    """And is one sentence."""
    (tmp_path / "index.html").mkdir()
    _, stderr, status = run("report", "--from", made / "results.json", "-o", tmp_path)
    assert (status, stderr) == (2, f"lsecheck: {tmp_path / 'index.html'} cannot be written: Is a directory\n")
    assert not [*tmp_path.rglob("*.part")]


def test_real_logits_of_another_report_are_not_shown_beside_results(made, tmp_path):
    """A report in the same folder, later, that asked none."""
    out = tmp_path / "out"
    for words in (("naive", "-F", "logsumexp"), ("naive", "-F", "logaddexp")):
        stdout, _, status = run("report", *words, "-f", "float32", *QUICK, "-o", out)
        assert status == 0
    told = stdout.splitlines()[-1]
    assert told.startswith("left from an earlier report, no part of this one: ")
    assert str(out / "logits" / "results.json") in told
    _, stderr, status = run("report", "--from", out / "results.json", "-o", tmp_path / "again")
    assert (status, stderr) == (
        0, f"lsecheck: {out / 'logits' / 'results.json'} is of another report: left out\n",
    )  # fmt: skip
    assert "Real logits were not asked" in (tmp_path / "again" / "index.html").read_text("utf-8")
    assert "left from" not in run("report", "--from", made / "results.json", "-o", made)[0]


BROKEN = {
    "a length of 0": (("rows", 0, "by_place", 0, 0), 0),
    "a spread below 0": (("rows", 0, "by_place", 0, 1), -1.0),
    "a spread beyond all": (("rows", 0, "by_place", 0, 1), 1e308),
    "no outputs in a bar": (("rows", 0, "histogram", 0, 1), 0),
    "more than all are right": (("rows", 0, "correctly_rounded"), 1e308),
    "a negative error": (("rows", 0, "by_condition", 0, 3), -1.0),
    "fewer cases than none": (("rows", 0, "cases"), -5),
    "entries that are no numbers": (("rows", 0, "witness", "x"), "<b>"),
    "an answer beyond all numbers": (("rows", 0, "witness", "answer"), "0x1p99999"),
    "a truth that is none": (("specimens", 0, "witness", "truth"), "soon"),
    "entries without end": (("specimens", 0, "witness", "x"), "0x0p0 " * 60 + "!"),
}


@pytest.mark.parametrize("named", BROKEN)
def test_a_result_that_nobody_measured_is_refused_in_one_sentence(made, tmp_path, named):
    """Where it says what no figure can show."""
    path, wrong = BROKEN[named]
    document = json.loads((made / "results.json").read_bytes())
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = wrong
    (tmp_path / "x.json").write_text(json.dumps(document))
    stdout, stderr, status = run("report", "--from", tmp_path / "x.json", "-o", tmp_path / "out")
    assert (stdout, status) == ("", 2)
    assert stderr.startswith(f"lsecheck: {tmp_path / 'x.json'} is not an lsecheck result: ")
    assert len(stderr.splitlines()) == 1


def test_names_of_a_later_version_are_rendered(made, tmp_path):
    """A function, format, family, contract and standing that this one does not know."""
    document = json.loads((made / "results.json").read_bytes())
    for row, key in zip(document["rows"], ("function", "format", "family", "contract"), strict=False):
        row[key] = f"later-{key}"
    document["verdicts"][0]["specials"] = "later-standing"
    (tmp_path / "later.json").write_text(json.dumps(document))
    assert run("report", "--from", tmp_path / "later.json", "-o", tmp_path / "out")[2] == 0
    assert "later-standing" in (tmp_path / "out" / "summary.md").read_text("utf-8")


def test_a_matplotlib_that_is_there_and_broken_costs_the_figures_only(made, tmp_path, monkeypatch):
    """As it is after NumPy alone was upgraded."""
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_svg", None)
    assert not figures.available()
    assert run("report", "--from", made / "results.json", "-o", tmp_path)[2] == 0
    assert "There are no figures here" in (tmp_path / "index.html").read_text("utf-8")


def test_what_was_not_measurable_is_no_contract_that_is_kept(tmp_path, monkeypatch):
    """The sentence reads."""
    monkeypatch.chdir(tmp_path)
    Path("wide.py").write_text("import numpy as np\ndef f(x):\n    return np.zeros(len(x), np.float64)\n")
    stdout, _, status = run("report", "wide.py:f", "-F", "logsumexp", "-f", "float32", *QUICK)
    assert status == 0
    assert "logsumexp: wide.py:f keeps nothing that could be measured." in stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupted_report_says_so_and_leaves_an_older_one_as_it_was(made, tmp_path, number):
    """No traceback, no half of a file, no worker."""
    words = ["max-shift", "naive", "-f", "float64", "--effort", "deep", "--jobs", "2", "-o", str(tmp_path)]
    run("report", "--from", made / "results.json", "-o", tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    asked = subprocess.Popen(
        [sys.executable, "-m", "lsecheck", "report", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # a background job of a shell may have it ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    until = time.monotonic() + 60
    while len(its := children(asked.pid)) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(1)
    asked.send_signal(number)
    stdout, stderr = asked.communicate(timeout=60)  # ends only when the last worker has let go of both
    assert len(its) == 2
    assert gone(its)
    assert (stdout, asked.returncode) == ("", 130)
    assert stderr.strip() == "lsecheck: interrupted: nothing was written"
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
