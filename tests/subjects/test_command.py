"""from_command: a program that is asked on its standard input is judged like a function."""

import gc
import os
import re
import shlex
import sys
import time
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from lsecheck import formats, functions
from lsecheck.errors import SubjectError
from lsecheck.subjects import load
from lsecheck.subjects.loading import Loading
from lsecheck.subjects.question import Question
from lsecheck.subjects.subject import Subject, ask
from subjects.compiled import PROGRAMS, library, program

ROWS = np.random.default_rng(4).normal(size=(40, 6)).astype(np.float32)


def question(rows: "np.ndarray" = ROWS, function: str = "logsumexp", output: str = "", **more: object) -> Question:
    """One call, to be answered in the format of its rows."""
    return Question(function, rows, output or rows.dtype.name, **more)


def written(code: str, **limits: float) -> Subject:
    """A program in Python: `ask()` gives it the words of a question and its bytes, `say` sends bytes."""
    whole = f"""
import os, sys, time
import numpy as np
def ask():
    line = sys.stdin.buffer.readline()
    if not line:
        raise SystemExit
    words = line.decode("ascii").split()
    rows, n = map(int, words[5:])
    return words, rows, n
def say(raw):
    sys.stdout.buffer.write(raw)
    sys.stdout.buffer.flush()
take = sys.stdin.buffer.read
{code}
"""
    return load(f"exec:{shlex.join([sys.executable, '-c', whole])}", Loading(**limits))


#: answers every question of one row of float32 with what is in `answer`
EACH = """
while True:
    words, rows, n = ask()
    x = np.frombuffer(take(4 * rows * n), "<f4").reshape(rows, n)
    {}
    say(x.max(-1).tobytes())
"""


class TestProtocol:
    """What is on the pipe."""

    @pytest.mark.parametrize("language", ["c", "python"])
    def test_the_examples_answer_what_the_function_answers(self, language):
        """Bit for bit: C's program as the same C in a library, Python's as the same Python here."""
        if language == "c":
            line, wanted = program("command", "max_shift"), load(f"{library('max_shift')}:logsumexp")
            wanted = wanted.reply(question()).array
        else:
            line = shlex.join([sys.executable, str(PROGRAMS / "command.py")])
            largest = ROWS.max(-1)
            wanted = largest + np.log(np.exp(ROWS - largest[:, None]).sum(-1))
        subject = load(f"exec:{line}")
        for rows in (slice(None), slice(0, 1), slice(0, 0), slice(None)):
            got = subject.reply(question(ROWS[rows])).array
            assert (got.dtype, got.tobytes()) == (wanted.dtype, wanted[rows].tobytes())
        answers = ask(subject, functions.named("logsumexp"), ROWS.astype(float), formats.pair("float32"), None)
        assert (answers.trouble == "").all()
        assert answers.values[:, 0].tolist() == wanted.tolist()

    def test_a_question_is_a_line_and_raw_numbers(self):
        """Labels come last, as 64-bit integers."""
        subject = written(
            "words, rows, n = ask()\n"
            "body = take(2 * rows * n + 8 * rows)\n"
            "assert words == ['lsecheck', '1', 'cross_entropy', 'bfloat16', 'float32', '2', '3'], words\n"
            "x = np.frombuffer(body[:12], '<u2').astype('<u4') << 16\n"
            "labels = np.frombuffer(body[12:], '<i8')\n"
            "say(x.view('<f4').reshape(2, 3)[[0, 1], labels].tobytes())\n"
            "ask()\n"
        )
        rows = np.array([[1, 2, 3], [4, 5, 6]], ml_dtypes.bfloat16)
        asked = question(rows, "cross_entropy", "float32", labels=np.array([2, 1]))
        assert subject.reply(asked).array.tolist() == [3.0, 5.0]

    @pytest.mark.parametrize("function", ["softmax", "log_softmax", "logaddexp"])
    def test_as_many_answers_as_the_function_has(self, function):
        """Pairs come as rows of two."""
        entries = "2" if function == "logaddexp" else "n"
        subject = written(
            "while True:\n"
            "    words, rows, n = ask()\n"
            f"    x = np.frombuffer(take(8 * rows * {entries}), '<f8').reshape(rows, {entries})\n"
            f"    say((x[:, 0] - x[:, 1] if words[2] == 'logaddexp' else 2 * x).tobytes())\n"
        )
        rows = np.arange(6.0).reshape(3, 2)
        wanted = rows[:, 0] - rows[:, 1] if function == "logaddexp" else 2 * rows
        assert np.array_equal(subject.reply(question(rows, function)).array, wanted)

    def test_a_large_batch_neither_blocks_nor_breaks(self):
        """The program answers row by row before it has read them all: neither side may wait for the other."""
        subject = written(
            "while True:\n"
            "    words, rows, n = ask()\n"
            "    for row in range(rows):\n"
            "        sys.stdout.buffer.write(take(8 * n))\n"
            "    sys.stdout.buffer.flush()\n"
        )
        rows = np.random.default_rng(5).normal(size=(2000, 500))
        for _ in range(2):
            assert subject.reply(question(rows, "softmax")).array.tobytes() == rows.tobytes()

    def test_it_is_started_once_and_told_the_end(self, tmp_path):
        """Programs may be slow to start; at the end of their input they may tidy up."""
        subject = written(
            f"open({str(tmp_path)!r} + '/started', 'a').write('x')\n"
            "try:\n"
            + "\n".join("    " + line for line in EACH.format("pass").strip().splitlines())
            + f"\nfinally:\n    time.sleep(0.2)\n    open({str(tmp_path)!r} + '/ended', 'a').write('x')\n"
        )
        for _ in range(3):
            assert subject.reply(question()).trouble == ""
        del subject
        gc.collect()
        assert (tmp_path / "started").read_text() == (tmp_path / "ended").read_text() == "x"


class TestLoss:
    """A program may do anything; it is a finding of the rows concerned."""

    def test_exactly_the_rows_at_fault_are_lost(self):
        """Each of them ends or stops the program."""
        subject = written(
            EACH.format("if 13 in x: os.kill(os.getpid(), 11)\n    if 19 in x: os._exit(3)\n    while 17 in x: pass"),
            seconds=1.0,
        )
        rows = ROWS.copy()
        rows[3, 1], rows[11, 0], rows[20, 5] = 13, 17, 19
        answers = ask(subject, functions.named("logsumexp"), rows.astype(float), formats.pair("float32"), None)
        wanted = {3: "crashed", 11: "timed-out", 20: "crashed"}
        assert {row: kind for row, kind in enumerate(answers.trouble.tolist()) if kind} == wanted
        others = [row for row in range(40) if row not in wanted]
        assert answers.values[others, 0].tolist() == rows[others].max(-1).tolist()
        assert answers.message == "killed by SIGSEGV after 0 of 4 bytes"

    @pytest.mark.parametrize(
        ("code", "trouble", "sentence"),
        [
            ("ask(); take(12); say(bytes(8))", "crashed", "ended its process with exit status 0 after 8 of 12 bytes"),
            ("ask(); raise SystemExit(4)", "crashed", "ended its process with exit status 4 after 0 of 12 bytes"),
            ("raise SystemExit(0)", "crashed", "ended its process with exit status 0 after 0 of 12 bytes"),
            (
                "ask(); take(12); say(bytes(8)); time.sleep(60)",
                "timed-out",
                "no answer within 1.8 s: 8 of 12 bytes came",
            ),
            ("time.sleep(60)", "timed-out", "no answer within 1.8 s: 0 of 12 bytes came"),
        ],
    )
    def test_a_short_answer_says_how_much_came(self, code, trouble, sentence):
        """What came is no answer, whatever it looks like."""
        reply = written(code, seconds=0.3).reply(question(ROWS[:3]))
        assert (reply.array, reply.trouble, reply.message) == (None, trouble, sentence)

    def test_a_fresh_program_is_given_the_time_that_it_takes_to_start(self):
        """A warm one needs less; the loss of one row must not cost the next."""
        subject = written("time.sleep(1)\n" + EACH.format("if 19 in x: os._exit(3)"), seconds=0.5)
        rows = np.float32([[1, 2]])
        assert subject.reply(question(rows)).trouble == ""
        assert subject.reply(question(rows + 18)).trouble == "crashed"
        assert subject.reply(question(rows)).trouble == ""

    def test_a_program_that_reads_nothing_times_out(self):
        """More than a pipe holds: writing has its deadline too."""
        reply = written("time.sleep(60)", seconds=0.2).reply(question(np.zeros((1000, 1000))))
        assert (reply.trouble, reply.message) == ("timed-out", "no answer within 1.2 s: 0 of 8000 bytes came")

    def test_a_program_that_ends_is_not_waited_for_though_what_it_started_goes_on(self):
        """That holds the pipe open: there is no end of file."""
        begun = time.monotonic()
        reply = written("import subprocess; ask(); subprocess.Popen(['sleep', '60']); os._exit(3)").reply(question())
        assert (reply.trouble, reply.message) == (
            "crashed", "ended its process with exit status 3 after 0 of 160 bytes",
        )  # fmt: skip
        assert time.monotonic() - begun < 10

    def test_bytes_too_many_are_noticed_and_spoil_nothing(self):
        """What follows them would be read as numbers."""
        subject = written(EACH.format("if x[0, 0] == 7: say(b'debugging: 7')"))
        before = subject.reply(question(np.float32([[7, 1]])))
        assert [notice.rule for notice in before.notices] == ["stdout"]
        assert re.fullmatch(r"wrote (8|12) bytes too many: b'gging: 7.*", before.notices[0].message)
        after = subject.reply(question(np.float32([[1, 2]])))
        assert (after.array.tolist(), after.notices) == ([2.0], ())

    def test_bytes_that_come_late_are_noticed_at_the_next_question(self):
        """And it is put to a fresh program."""
        subject = written(
            "while True:\n    ask(); x = np.frombuffer(take(4), '<f4'); say(x.tobytes())\n"
            "    if x[0] == 7: time.sleep(0.2); say(b'late')\n"
        )
        assert subject.reply(question(np.float32([[7]]))).notices == ()
        time.sleep(0.6)
        reply = subject.reply(question(np.float32([[5]])))
        assert [tuple(notice) for notice in reply.notices] == [("stdout", "wrote 4 bytes too many: b'late'")]
        assert reply.array.tolist() == [5.0]

    @pytest.mark.skipif(sys.platform != "linux", reason="limits another process")
    def test_its_memory_is_limited(self):
        """A program that takes all there is ends others than itself."""
        subject = written(EACH.format("held = bytearray(8 << 30)"), gibibytes=1.0)
        reply = subject.reply(question())
        assert (reply.trouble, reply.message) == (
            "crashed",
            "ended its process with exit status 1 after 0 of 160 bytes",
        )

    @pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
    def test_many_losses_leave_no_process_and_no_descriptor(self):
        """Nor does the last."""
        subject = written("ask(); take(4); say(np.float32(os.getpid()).tobytes()); time.sleep(60)", seconds=0.6)
        held = len(os.listdir("/proc/self/fd"))
        processes = []
        for _ in range(3):
            processes.append(int(subject.reply(question(np.float32([[1]]))).array[0]))
            assert subject.reply(question(np.float32([[1]]))).trouble == "timed-out"
        assert len(set(processes)) == 3
        assert not any(Path(f"/proc/{process}").exists() for process in processes)
        assert len(os.listdir("/proc/self/fd")) < held
        del subject


class TestLoading:
    """How a command is named."""

    @pytest.mark.parametrize(
        ("line", "sentence"),
        [
            ("no-such-program --now", "'exec:no-such-program --now': no-such-program cannot be started: "
                                      "No such file or directory"),
            ("./here", "'exec:./here': ./here cannot be started: Permission denied"),
            ("'open", "\"exec:'open\" is no command line: no closing quotation"),
            ("  ", "'exec:  ' names no program: write exec:program arguments"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_started_is_a_sentence(self, line, sentence, tmp_path, monkeypatch):
        """Before any row is lost to it."""
        monkeypatch.chdir(tmp_path)
        Path("here").write_text("not executable")
        with pytest.raises(SubjectError) as refused:
            load(f"exec:{line}")
        assert str(refused.value) == sentence

    def test_a_program_beside_us_is_found_and_described(self, tmp_path, monkeypatch):
        """Relative to the current folder, whichever that is later."""
        monkeypatch.chdir(tmp_path)
        os.symlink(program("command", "max_shift"), "mine")
        subject = load("exec:./mine")
        monkeypatch.chdir("/")
        subject.elsewhere.__self__.service.drop()
        assert subject.reply(question()).trouble == ""
        assert (subject.name, subject.spec, subject.version, subject.note) == (
            "exec:./mine", "exec:./mine", "./mine", "command",
        )  # fmt: skip
        assert subject.takes == frozenset()
        with pytest.raises(SubjectError, match="lives in another process"):
            subject.implementations["logsumexp"](ROWS)
