"""Proving as a user meets it: killed, interrupted, refused, gone on with, and the same bytes in the end."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_cli import run
from test_workers import children, gone

import lsecheck

ROOT = Path(lsecheck.__file__).parents[1]
WORDS = ["-f", "float8_e4m3fn"]
HONEST = """
import time
import numpy as np

def lse(x):
    time.sleep(PAUSE if len(x) > 5000 else 0)
    v = x.astype(np.float64)
    m = v.max(-1)
    with np.errstate(all="ignore"):
        return (np.log(np.exp(v - m[:, None]).sum(-1)) + m).astype(x.dtype)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """We are in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "tests")]))
    return tmp_path


def prove(*words):
    """In this process."""
    return run("prove", *words)


#: the command with shards of 4,096 cases: eight of them
SMALL = (
    "import sys; from lsecheck.prove import claim; claim.SHARD = 1 << 12; from lsecheck.cli import main;"
    " sys.argv[0] = 'lsecheck'; main()"
)


def begin(*words):
    """The real command, as the leader of a group."""
    return subprocess.Popen(
        [sys.executable, "-c", SMALL, "prove", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finished(*words):
    """The same, waited for."""
    process = begin(*words)
    stdout, stderr = process.communicate(timeout=100)
    return stdout, stderr, process.returncode


def slow(folder, pause=0.25):
    """A subject that takes a while: over shards of 4,096 it is asked in slabs of as many."""
    (folder / "its.py").write_text(HONEST.replace("PAUSE", str(pause)).replace("5000", "1000"))
    return ["its.py:lse", *WORDS]


def kept(folder):
    """Shards that are in the state, as anybody can see who looks at a copy."""
    (state,) = folder.glob("lsecheck-certificates/*.state")
    copy = folder / "copy.db"
    shutil.copy(state, copy)
    journal = Path(f"{state}-journal")
    if journal.exists():
        shutil.copy(journal, f"{copy}-journal")
    file = sqlite3.connect(copy)
    try:
        return file.execute("select count(*) from shard").fetchone()[0]
    except sqlite3.Error:
        return 0
    finally:
        file.close()


def until_kept(folder, count, process):
    """Wait until so many are."""
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        if list(folder.glob("lsecheck-certificates/*.state")) and kept(folder) >= count:
            return
        time.sleep(0.05)
    raise AssertionError(process.communicate())


def certificates(folder):
    """Both files."""
    found = {
        path.suffix: path.read_bytes()
        for path in (folder / "lsecheck-certificates").glob("its*")
        if path.suffix != ".state"
    }
    assert set(found) == {".json", ".txt"}
    return found


class TestKilled:
    """kill -9, at several moments."""

    def test_the_end_is_byte_for_byte_that_of_a_run_without(self, folder):
        """The whole group, the parent alone, with one process and two, again and again."""
        words = slow(folder)
        assert finished(*words, "--jobs", "2")[2] == 0
        whole = certificates(folder)
        shutil.rmtree(folder / "lsecheck-certificates")
        for count, jobs, group in ((0, "2", True), (1, "1", True), (3, "2", False), (5, "2", True)):
            process = begin(*words, "--jobs", jobs)
            until_kept(folder, count, process)
            time.sleep(0.1)
            its = children(process.pid)
            if group:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                assert len(its) >= 2
                process.kill()
            process.communicate()
            assert gone(its), "a worker outlived its parent"
            assert not list(folder.glob("lsecheck-certificates/*.json"))
        before = kept(folder)
        assert before >= 5
        stdout, stderr, status = finished(*words, "--jobs", "1")
        assert (status, stderr) == (0, "")
        resumed = int(re.search(r"; (\d+) shards were there already", stdout)[1])
        assert 5 <= resumed <= 7
        assert certificates(folder) == whole

    def test_an_isolated_subject_does_not_outlive_it_either(self, folder):
        """It has a process of its own below a worker."""
        process = begin(*slow(folder, 1.0), "--isolate", "--jobs", "2")
        until_kept(folder, 0, process)
        time.sleep(1.5)
        its = children(process.pid)
        process.kill()
        process.communicate()
        assert len(its) > 2
        assert gone(its)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_an_interrupt_says_what_is_kept_and_ends_with_130(self, folder, number):
        """To the whole group, as ctrl-c in a terminal."""
        process = begin(*slow(folder), "--jobs", "2")
        until_kept(folder, 2, process)
        its = children(process.pid)
        os.killpg(process.pid, number)
        stdout, stderr = process.communicate(timeout=20)
        assert (process.returncode, stdout) == (130, "")
        said = re.fullmatch(
            r"lsecheck: interrupted: ([\d,]+) of 32,131 cases are kept in lsecheck-certificates/\S+\.state, and the"
            r" same command goes on from there\n",
            stderr,
        )
        assert said, stderr
        assert gone(its)
        assert int(said[1].replace(",", "")) == kept(folder) * 4096


class TestTwoAtOnce:
    """In one folder."""

    def test_the_second_is_refused_and_the_first_is_unharmed(self, folder):
        """--fresh as well."""
        words = slow(folder, 0.9)
        first = begin(*words, "--jobs", "1")
        until_kept(folder, 1, first)
        others = [begin(*words, *more) for more in ([], ["--fresh"])]
        for other in others:
            stdout, stderr = other.communicate(timeout=60)
            assert first.poll() is None, "it was too fast"
            assert (stdout, other.returncode) == ("", 2)
            assert re.fullmatch(
                r"lsecheck: \S+\.state is in use by another run: wait for it, or write elsewhere with -o DIR\n", stderr
            )
        stdout, stderr = first.communicate(timeout=60)
        assert (first.returncode, stderr) == (0, "")
        assert certificates(folder)


class TestRefused:
    """One sentence and 2."""

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["max-shift", "--n", "0"], "n must lie from 1 to 16, got 0"),
            (["max-shift", "--n", "-1"], "n must lie from 1 to 16, got -1"),
            (["max-shift", "--n", "x"], "Invalid value for '--n'"),
            (
                ["max-shift", "-f", "float64"],
                "float64 has 1.8e+19 numbers, more than anybody can enumerate: add --sample DRAWS",
            ),
            (["max-shift", "--n", "16"], "more than can be numbered: add --sample DRAWS"),
            (["max-shift", "--specials", "--sample", "1"], "--sample and --specials exclude each other"),
            (["max-shift", "--seed", "1"], "--seed goes with --sample: every case there is needs no chance"),
            (["max-shift", "--sample", "0"], "the draws from each stratum must be 1 or more, got 0"),
            (["max-shift", "--require", "shiftd"], "unknown contract 'shiftd': did you mean 'shifted'?"),
            (["max-shift", "-F", "lse"], "unknown function 'lse'"),
            (["max-shift", "-f", "float31"], "unknown format 'float31'"),
            (["max-shift", "-F", "logaddexp", "--n", "3"], "logaddexp takes rows of 2 entries: n cannot be 3"),
            (["via-lse", *WORDS], "via-lse has no logsumexp in float8_e4m3fn: see 'lsecheck list subjects'"),
            (["max-shft", *WORDS], "unknown subject 'max-shft': did you mean 'max-shift'?"),
            (["no.py:f", *WORDS], "there is no file no.py"),
            (["max-shift", *WORDS, "-o", "/proc/x"], "/proc/x cannot be written to: "),
            (["max-shift", *WORDS, "-o", "file"], "file cannot be written to: "),
            (["max-shift", *WORDS, "--json", "."], "'.' is a folder: name a file"),
            (["max-shift", *WORDS, "--executor", "spark:x"], "unknown executor 'spark': choose from dask"),
            (["max-shift", *WORDS, "--executor", "dask"], "dask needs the address of a scheduler"),
            (["max-shift", *WORDS, "--jobs", "0"], "Invalid value for '--jobs'"),
            (["prove.theirs:fickle", *WORDS], "prove.theirs:fickle answers otherwise when it is asked again"),
            ([], "name a SUBJECT to prove something of"),
        ],
    )
    def test_what_makes_no_sense(self, folder, words, sentence):
        """Before any work, nothing on stdout and nothing left behind."""
        (folder / "file").write_text("a file")
        stdout, stderr, status = prove(*words)
        assert (stdout, status) == ("", 2)
        assert stderr.startswith("lsecheck: ")
        assert stderr.count("\n") == 1
        assert sentence in stderr
        assert not list(folder.rglob("*.json"))

    def test_a_state_that_is_none(self, folder):
        """A text under its name."""
        (folder / "lsecheck-certificates").mkdir()
        state = folder / "lsecheck-certificates" / "max-shift_logsumexp_float8_e4m3fn_every-2.state"
        state.write_text("a letter")
        for more in ([], ["--fresh"]):
            stdout, stderr, status = prove("max-shift", *WORDS, *more)
            assert (stdout, status, stderr.count("\n")) == ("", 2, 1)
            assert "is no state of a proof" in stderr
        assert state.read_text() == "a letter"

    def test_no_room_on_disk_is_a_sentence_and_the_same_command_goes_on(self, folder):
        """Shards that were kept are still there."""
        (folder / "its.py").write_text(HONEST.replace("PAUSE", "0"))
        limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (24_000, resource.RLIM_INFINITY)); "
        said = subprocess.run(
            [
                sys.executable,
                "-c",
                limited + SMALL.replace("1 << 12", "1 << 9"),
                "prove",
                "its.py:lse",
                *WORDS,
                "--jobs",
                "1",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (said.returncode, said.stdout, said.stderr.count("\n")) == (2, "", 1)
        count = int(re.search(r" cannot be written: .*; (\d+) finished shards? (?:are|is) kept", said.stderr)[1])
        assert count == kept(folder) > 0


class TestSaid:
    """What a run prints and writes."""

    @pytest.mark.parametrize(
        ("subject", "status"), [("log1p-shift", 1), ("prove.theirs:honest", 0), ("prove.theirs:raises", 3)]
    )
    def test_exit_statuses(self, subject, status):
        """0 holds, 1 a finding, 3 it answers nothing."""
        stdout, stderr, said = prove(subject, *WORDS)
        assert (said, stderr) == (status, "")
        assert stdout.startswith(f"{subject} logsumexp float8_e4m3fn: ")

    def test_the_files_are_what_is_printed(self, folder):
        """JSON with -, the text, and a line in the index that is there once."""
        stdout, _, _ = prove("max-shift", *WORDS)
        name = "max-shift_logsumexp_float8_e4m3fn_every-2"
        place = folder / "lsecheck-certificates"
        assert stdout.startswith((place / f"{name}.txt").read_text("utf-8"))
        page = (place / "index.md").read_text("utf-8")
        piped, stderr, status = prove("max-shift", *WORDS, "--json", "-")
        assert (stderr, status) == ("", 1)
        assert piped == (place / f"{name}.json").read_text("utf-8")
        assert json.loads(piped)["certificate"]["count"] == 32_131
        assert (place / "index.md").read_text("utf-8") == page
        prove("naive", *WORDS, "--json", "deep/er/x.json")
        assert json.loads((folder / "deep/er/x.json").read_text("utf-8"))
        again = (place / "index.md").read_text("utf-8")
        assert [line for line in page.splitlines() if line not in again.splitlines()] == []
        assert sorted(path.name for path in folder.iterdir()) == ["deep", "lsecheck-certificates"]

    def test_hostile_names_stay_in_the_folder_and_in_their_cell(self, folder):
        """A path upwards, pipes, brackets: the file is plain, and the index has a row for it."""
        (folder / "a|b](c) d").mkdir()
        (folder / "a|b](c) d" / "its.py").write_text(HONEST.replace("PAUSE", "0"))
        (folder / "sub").mkdir()
        os.chdir(folder / "sub")
        for _ in range(2):
            stdout, stderr, status = prove("../a|b](c) d/its.py:lse", *WORDS)
            assert (stderr, status) == ("", 0), stdout
        place = folder / "sub" / "lsecheck-certificates"
        assert len(list(place.iterdir())) == 4
        rows = [line for line in (place / "index.md").read_text("utf-8").splitlines() if line.startswith("| [")]
        assert len(rows) == 1
        assert rows[0].count(" | ") == 7

    def test_progress_is_on_stderr_of_a_terminal_alone(self):
        """A pipe gets the certificate and nothing else."""
        stdout, stderr, status = finished("max-shift", *WORDS, "--json", "-", "--jobs", "2")
        assert (stderr, status) == ("", 1)
        json.loads(stdout)

    def test_a_changed_subject_is_refused_and_fresh_begins_anew(self, folder):
        """The sentence names the remedy."""
        (folder / "its.py").write_text(HONEST.replace("PAUSE", "0"))
        assert prove("its.py:lse", *WORDS)[2] == 0
        (folder / "its.py").write_text(HONEST.replace("PAUSE", "0").replace("+ m)", "+ m + 1)"))
        _, stderr, status = finished("its.py:lse", *WORDS)
        assert status == 2
        assert "cannot be gone on with: " in stderr
        assert stderr.endswith("; --fresh begins anew\n")
        assert finished("its.py:lse", *WORDS, "--fresh")[2] == 1


def test_memory_does_not_grow_with_the_space():
    """The first shard of float16 pairs against all triples of float8: peak of the process, in megabytes."""
    script = (
        "import sys; from lsecheck.prove.claim import Claim; from lsecheck.prove import shard;"
        " claim = Claim('max-shift', 'logsumexp', sys.argv[1], int(sys.argv[2]));"
        " shard.span(claim, *map(int, sys.argv[3:]));"
        # not ru_maxrss: that has the peak of the process that started this one
        " print(next(int(line.split()[1]) // 1024 for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    peaks = [
        int(subprocess.run([sys.executable, "-c", script, *map(str, words)], capture_output=True, check=True).stdout)
        for words in (
            ("float8_e4m3fn", 3, 0, 1 << 19),
            ("float16", 2, 0, 1 << 19),
            ("float16", 2, 2_015_331_328 - (1 << 19), 2_015_331_328),
        )
    ]
    assert max(peaks) < 500
    assert max(peaks) - min(peaks) < 60, peaks
