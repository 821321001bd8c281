"""isolated: whatever a subject does to its process is a finding of the rows concerned, and no other is touched."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from test_workers import gone

from lsecheck import formats, functions
from lsecheck.errors import LsecheckError, SubjectError
from lsecheck.subjects import load, worker
from lsecheck.subjects.loading import Loading
from lsecheck.subjects.question import Question
from lsecheck.subjects.shared import Shared
from lsecheck.subjects.subject import Answers, Patience, Subject, ask
from subjects.compiled import PROGRAMS, library

LOGSUMEXP = functions.named("logsumexp")
DOUBLE = formats.pair("float64")
PICKY = f"{PROGRAMS / 'picky.py'}:logsumexp"
PROCESS = f"{PROGRAMS / 'picky.py'}:process"

_REPLY = b'{"dtype":"<f8","numeric":true,"shape":[%s],"trouble":"","message":"","notices":[]}\n'

#: what a process whose memory was overwritten may send
SPOILT = [b"garbage\n", b"\xff\n", _REPLY % b"1000000000", _REPLY % b"-5", b'{"dtype":"<f8","shape":"x"}\n']

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def batch(**special: float) -> "np.ndarray":
    """Forty ordinary rows; `row7=13.0` puts a number into row 7."""
    rows = np.random.default_rng(1).normal(size=(40, 5))
    for name, value in special.items():
        rows[int(name.removeprefix("row")), 2] = value
    return rows


def said(subject: Subject, rows: "np.ndarray", patience: "Patience | None" = None) -> Answers:
    """Ask for logsumexp in float64."""
    return ask(subject, LOGSUMEXP, rows, DOUBLE, None, patience)


def right(rows: "np.ndarray") -> "np.ndarray":
    """What every row should give, nearly."""
    with np.errstate(over="ignore"):
        return np.log(np.exp(rows).sum(-1))


def question(rows: "np.ndarray", **more: object) -> Question:
    """One call."""
    return Question("logsumexp", rows, "float64", **more)


def of(subject: Subject) -> int:
    """The process that a `picky.py:process` lives in."""
    return int(subject.reply(question(np.zeros((1, 2)))).array[0])


def alive(process: int) -> bool:
    """Whether there is such a process, a zombie included."""
    return Path(f"/proc/{process}").exists()


@pytest.fixture(scope="module")
def picky() -> Subject:
    """A Python file in a process of its own, with little time and memory."""
    return load(PICKY, Loading(isolated=True, seconds=1.0, gibibytes=1.0))


@pytest.fixture(scope="module")
def picky_c() -> Subject:
    """The same in C."""
    return load(f"{library('picky')}:logsumexp", Loading(seconds=1.0))


@pytest.fixture(scope="module")
def same() -> Subject:
    """It answers what it is handed."""
    return load(f"{PROGRAMS / 'picky.py'}:same", Loading(isolated=True, call="batch"))


class TestLoss:
    """Exactly the rows at fault are lost, under the right names; the run goes on."""

    def test_a_python_file_that_dies_hangs_and_hogs_loses_those_rows_alone(self, picky):
        """Each of them would end the run, or worse pass unseen, in one process."""
        rows = batch(row3=13.0, row11=17.0, row20=19.0, row30=29.0)
        answers = said(picky, rows)
        wanted = {3: "crashed", 11: "timed-out", 20: "crashed", 30: "raised"}
        assert {row: kind for row, kind in enumerate(answers.trouble.tolist()) if kind} == wanted
        others = [row for row in range(40) if row not in wanted]
        assert answers.values[others, 0] == pytest.approx(right(rows)[others])
        assert np.isnan(answers.values[list(wanted), 0]).all()

    def test_a_c_library_that_segfaults_hangs_and_exits_loses_those_rows_alone(self, picky_c):
        """The three ends of a wrong kernel."""
        rows = batch(row3=13.0, row11=17.0, row20=19.0, row21=31.0)
        answers = said(picky_c, rows)
        wanted = {3: "crashed", 11: "timed-out", 20: "crashed", 21: "crashed"}
        assert {row: kind for row, kind in enumerate(answers.trouble.tolist()) if kind} == wanted
        others = [row for row in range(40) if row not in wanted]
        assert answers.values[others, 0] == pytest.approx(right(rows)[others])

    @pytest.mark.parametrize(
        ("number", "trouble", "sentence"),
        [
            (13.0, "crashed", "killed by SIGKILL: memory may have been exhausted"),
            (19.0, "crashed", "ended its process with exit status 3"),
            (29.0, "raised", "raised MemoryError: the limit is 1 GiB"),
            (37.0, "raised", "raised KeyboardInterrupt: "),
        ],
    )
    def test_what_became_of_a_python_file_is_said(self, picky, number, trouble, sentence):
        """The sentence is all that anybody will know of it."""
        reply = picky.reply(question(batch(row0=number)))
        assert (reply.array, reply.trouble, reply.message) == (None, trouble, sentence)

    def test_an_array_that_does_not_fit_is_said_with_the_limit(self, picky):
        """NumPy has a memory error of its own, that says how much it wanted."""
        reply = picky.reply(question(batch(row0=31.0)))
        assert reply.trouble == "raised"
        assert "Unable to allocate 8.00 GiB" in reply.message
        assert reply.message.endswith("float64: the limit is 1 GiB")

    @pytest.mark.parametrize(
        ("number", "sentence"),
        [
            (13.0, "killed by SIGSEGV"),
            (19.0, "ended its process with exit status 3"),
            (31.0, "killed by SIGABRT"),
        ],
    )
    def test_what_became_of_a_library_is_said(self, picky_c, number, sentence):
        """A signal is called by its name."""
        reply = picky_c.reply(question(batch(row0=number)))
        assert (reply.trouble, reply.message) == ("crashed", sentence)

    def test_the_first_question_of_a_kind_has_six_times_as_long_and_no_other(self):
        """Libraries compile on first use; whoever hangs is not to hang six times as long every time."""
        subject = load(PICKY, Loading(isolated=True, seconds=0.5))
        took = []
        for _ in range(2):
            start = time.monotonic()
            reply = subject.reply(question(batch(row0=17.0)))
            took.append(time.monotonic() - start)
            assert reply.trouble == "timed-out"
        assert reply.message == "no answer within 0.5 s"
        assert 3.0 <= took[0] < 6
        assert 0.5 <= took[1] < 3

    def test_a_subject_that_always_dies_is_given_up(self):
        """Patience counts losses from elsewhere like any other."""
        subject = load(PICKY, Loading(isolated=True, seconds=2.0))
        answers = said(subject, np.full((40, 2), 19.0))
        assert answers.trouble.tolist().count("crashed") == 7  # and the batch before them
        assert answers.trouble.tolist().count("unasked") == 33

    def test_a_process_that_died_between_questions_is_a_crash_of_the_next(self):
        """A thread of the subject, or the kernel when memory ran out."""
        subject = load(PROCESS, Loading(isolated=True))
        os.kill(of(subject), signal.SIGTERM)
        reply = subject.reply(question(np.zeros((1, 2))))
        assert (reply.trouble, reply.message) == ("crashed", "killed by SIGTERM")
        assert of(subject) > 0

    def test_a_fork_that_the_subject_did_not_end_does_not_answer(self, picky):
        """Its answer would be taken for the answer to the next question."""
        for number in (41.0, 1.0, 2.0, 41.0, 3.0):
            rows = batch(row0=number)
            assert picky.reply(question(rows)).array == pytest.approx(right(rows))

    @pytest.mark.parametrize("text", SPOILT)
    def test_a_spoilt_process_can_send_nothing_worse_than_a_crash(self, text):
        """What comes from it is read as data, and only that."""
        subject = load(PICKY, Loading(isolated=True))
        service = subject.elsewhere.__self__.service
        service.exchange = lambda *_: bytearray(text)
        reply = subject.reply(question(batch()))
        assert (reply.array, reply.trouble) == (None, "crashed")
        assert reply.message == "sent back what is no reply: its process was spoilt"


class TestNotices:
    """What a call does beside answering."""

    def test_a_print_is_noticed_once_watched_or_not(self, picky):
        """A library that talks spoils the output of every program that calls it."""
        for watched in (False, True):
            reply = picky.reply(question(batch(row0=23.0), watched=watched))
            assert [notice.message for notice in reply.notices if notice.rule == "stdout"] == [
                "wrote 'twenty-three\\n' to stdout"
            ]
            assert picky.reply(question(batch(), watched=watched)).notices == ()

    def test_what_c_prints_is_noticed_too(self, monkeypatch):
        """printf keeps it in a buffer that Python knows nothing of (but where it was told not to buffer)."""
        monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
        picky_c = load(f"{library('picky')}:logsumexp")
        for watched in (False, True):
            reply = picky_c.reply(question(batch(row0=23.0), watched=watched))
            assert [tuple(notice) for notice in reply.notices] == [("stdout", "wrote 'twenty-three' to stdout")]
            assert picky_c.reply(question(batch(), watched=watched)).notices == ()

    def test_a_long_text_is_cut_and_a_closed_stdout_survived(self, picky):
        """Neither may cost the answer."""
        reply = picky.reply(question(batch(row0=43.0)))
        assert reply.notices[0].message == f"wrote {'x' * 60!r} to stdout"
        rows = batch(row0=47.0)
        assert picky.reply(question(rows)).array == pytest.approx(right(rows))
        assert picky.reply(question(rows)).array == pytest.approx(right(rows))

    @pytest.mark.skipif(os.uname().machine != "x86_64", reason="sets x86's mode")
    def test_flush_to_zero_set_by_a_library_is_noticed_and_undone(self, picky_c):
        """The next subnormal answer would be 0, of this function or another."""
        tiny = np.full((1, 3), 5e-324)
        rows = np.concatenate([tiny, [[29.0, 0, 0]]])
        reply = picky_c.reply(question(rows))
        assert [tuple(notice) for notice in reply.notices] == [("state", "switched this process to flush-to-zero")]
        assert picky_c.reply(question(rows[:1])).notices == ()

    @pytest.mark.skipif(os.uname().machine != "x86_64", reason="sets x86's mode")
    def test_flush_to_zero_set_by_loading_a_library_is_noticed_once(self, tmp_path):
        """What -ffast-math does to a shared library, GCC before 13: a constructor that nobody called."""
        (tmp_path / "fast.c").write_text(
            "#include <xmmintrin.h>\n#include <stddef.h>\n"
            "__attribute__((constructor)) static void fast(void) { _mm_setcsr(_mm_getcsr() | 0x8040); }\n"
            "double halved(const double *x, size_t n) { return n ? x[0] / 2 : 0; }\n"
        )
        made = tmp_path / "fast.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", made, tmp_path / "fast.c"], check=True)
        subject = load(f"{made}:halved")
        smallest = np.full((1, 1), 2.0**-1022)
        reply = subject.reply(question(smallest))
        assert [tuple(notice) for notice in reply.notices] == [
            ("state", "switched its process to flush-to-zero when it was loaded")
        ]
        assert reply.array.tolist() == [2.0**-1023]
        assert subject.reply(question(smallest)).notices == ()


class TestArrays:
    """What is handed over and what comes back is the same bits as in one process."""

    @pytest.mark.parametrize("name", formats.FORMATS)
    def test_every_format_keeps_its_bits(self, same, name):
        """Every pattern of 16 bits and of 8, nan payloads included, and as many of the wider."""
        dtype = formats.named(name).dtype
        count = 1 << min(16, 8 * dtype.itemsize)
        bits = np.arange(count, dtype=np.uint64) * (1 if dtype.itemsize < 3 else 0x1_0001_0001_0001)
        array = bits.astype(f"u{dtype.itemsize}").view(dtype).reshape(-1, 4)
        reply = same.reply(Question("softmax", array, name))
        assert reply.array.dtype == dtype
        assert reply.array.tobytes() == array.tobytes()

    def test_a_large_batch_comes_through_intact(self, same):
        """A thousand times what fits into the buffer of a pipe."""
        array = np.random.default_rng(2).normal(size=(1000, 1000))
        for rows in (array, array[:1], array):
            assert same.reply(Question("softmax", rows, "float64")).array.tobytes() == rows.tobytes()

    @pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0), (1, 1)])
    def test_arrays_of_nothing_come_through(self, same, shape):
        """No rows, or rows of nothing."""
        assert same.reply(Question("softmax", np.zeros(shape), "float64")).array.shape == shape

    def test_an_answer_is_not_rewritten_by_the_next(self, same):
        """The memory is shared, the answers are not."""
        first = same.reply(Question("softmax", np.zeros((2, 2)), "float64")).array
        same.reply(Question("softmax", np.ones((2, 2)), "float64"))
        assert not first.any()

    def test_labels_are_handed_on(self):
        """After the logits, as integers."""
        subject = load(f"{PROGRAMS / 'picky.py'}:labels", Loading(isolated=True))
        labels = np.array([2, 0, 1])
        asked = Question("cross_entropy", np.zeros((3, 3), np.float32), "float64", labels)
        assert subject.reply(asked).array.tolist() == [2.0, 0.0, 1.0]

    @pytest.mark.parametrize(("name", "kind"), [("objects", "object"), ("words", "<U5"), ("int4s", "int4")])
    def test_answers_that_are_no_numbers_get_the_sentence_they_get_in_one_process(self, name, kind):
        """They are a dtype error, not a crash of the channel."""
        spec, rows = f"{PROGRAMS / 'picky.py'}:{name}", batch()
        here, there = (said(load(spec, Loading(isolated=isolated)), rows) for isolated in (False, True))
        assert there.trouble.tolist() == here.trouble.tolist() == ["dtype"] * 40
        assert there.message == here.message
        assert f"answered in {kind}, which is no format lsecheck knows" in there.message

    def test_answers_with_fields_are_a_dtype_error_too(self):
        """Which fields, need not be said."""
        answers = said(load(f"{PROGRAMS / 'picky.py'}:records", Loading(isolated=True)), batch())
        assert answers.trouble.tolist() == ["dtype"] * 40

    def test_byte_order_is_no_matter_of_accuracy(self):
        """An answer in the other order is the same numbers; so are questions."""
        subject = load(f"{PROGRAMS / 'picky.py'}:swapped", Loading(isolated=True))
        rows = batch()
        reply = subject.reply(question(rows.astype(">f8")))
        assert reply.array.astype(float) == pytest.approx(right(rows))
        assert (said(subject, rows).trouble == "").all()

    @pytest.mark.parametrize("layout", ["strided", "transposed", "broadcast", "read-only"])
    @pytest.mark.parametrize("spec", ["max-shift", PICKY])
    def test_layouts_are_laid_out_where_the_subject_lives(self, spec, layout):
        """A layout is a name until then."""
        here, there = load(spec), load(spec, Loading(isolated=True))
        asked = question(batch(), layout=layout, watched=True)
        assert there.reply(asked).array.tobytes() == here.reply(asked).array.tobytes()

    @pytest.mark.parametrize("way", ["first", "middle", "vector"])
    def test_ways_too(self, picky, way):
        """The axis is varied over there."""
        rows = batch()[:1] if way == "vector" else batch()
        assert picky.reply(question(rows, way=way)).array == pytest.approx(right(rows))

    def test_the_output_format_is_told(self):
        """A built-in method answers in the format of the pair."""
        there = load("max-shift", Loading(isolated=True))
        array = np.zeros((2, 4), ml_dtypes.bfloat16)
        assert there.reply(Question("logsumexp", array, "float32")).array.dtype == np.float32


class TestLoading:
    """An isolated subject is described, and refused, like any other."""

    @pytest.mark.parametrize("spec", ["max-shift", "numpy.logaddexp.reduce", PICKY])
    def test_it_is_the_same_subject_but_for_the_note(self, spec):
        """Reports must not tell them apart by more."""
        here, there = load(spec), load(spec, Loading(isolated=True))
        for name in ("name", "version", "formats", "given", "takes", "spec", "declared"):
            assert getattr(there, name) == getattr(here, name)
        assert list(there.implementations) == list(here.implementations)
        assert there.note == f"{here.note}, isolated"

    def test_its_implementations_are_not_here(self, picky):
        """Whoever calls them past `reply` is told so."""
        with pytest.raises(SubjectError, match="lives in another process"):
            picky.implementations["logsumexp"](np.zeros((1, 2)))

    @pytest.mark.parametrize(
        ("spec", "call"),
        [("max-shifd", None), ("no.module:f", None), ("none.py:f", None), ("broken.py:f", None), ("empty.py:f", None),
         ("leaving.py:f", None), ("none.so:f", None), ("math:pi", None), ("math:exp", "axis"), (":", None),
         ("max-shift@float31", None)],
    )  # fmt: skip
    def test_what_cannot_be_loaded_gets_the_sentence_it_gets_in_one_process(self, spec, call, tmp_path, monkeypatch):
        """And the class, which sets the exit status."""
        monkeypatch.chdir(tmp_path)
        Path("broken.py").write_text("1 / 0\n")
        Path("empty.py").write_text("")
        Path("leaving.py").write_text("raise SystemExit('no')\n")
        found = []
        for isolated in (False, True):
            with pytest.raises(LsecheckError) as refused:
                load(spec, Loading(isolated=isolated, call=call))
            found.append((type(refused.value), str(refused.value)))
        assert found[0] == found[1]

    @pytest.mark.parametrize(
        ("source", "end"),
        [("import os; os._exit(3)", "ended its process with exit status 3"),
         ("import os; os.kill(os.getpid(), 11)", "killed by SIGSEGV"),
         ("while True: pass", "no answer within 3 s")],
    )  # fmt: skip
    def test_a_crash_or_hang_while_loading_is_a_sentence(self, source, end, tmp_path):
        """There is no subject to be judged, so it is no finding."""
        path = tmp_path / "bad.py"
        path.write_text(source)
        with pytest.raises(SubjectError) as refused:
            load(f"{path}:f", Loading(isolated=True, seconds=0.5))
        assert str(refused.value) == f"'{path}:f' could not be loaded in a process of its own: {end}"

    def test_it_is_loaded_again_where_it_was_first(self, tmp_path, monkeypatch):
        """A path is relative to the folder it was given in."""
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "here").touch()
        (tmp_path / "mine.py").write_text((PROGRAMS / "picky.py").read_text())
        monkeypatch.chdir(tmp_path)
        subject = load("mine.py:here", Loading(isolated=True))
        monkeypatch.chdir(tmp_path / "elsewhere")
        subject.elsewhere.__self__.service.drop()
        assert subject.reply(question(np.zeros((1, 2)))).array.tolist() == [1.0]


@linux
class TestTraces:
    """Nothing is left behind: no process, no descriptor, no file."""

    def test_many_losses_leave_no_process_and_no_descriptor(self, tmp_path, monkeypatch):
        """A long run loses many."""
        monkeypatch.chdir(tmp_path)
        subject = load(PROCESS, Loading(isolated=True, seconds=0.3))
        processes = [of(subject)]
        held = len(os.listdir("/proc/self/fd"))
        for _ in range(5):
            assert subject.reply(question(np.full((1, 2), 17.0))).trouble == "timed-out"
            assert not alive(processes[-1])
            processes.append(of(subject))
        assert len(set(processes)) == 6
        assert len(os.listdir("/proc/self/fd")) == held
        del subject
        gc.collect()
        assert not alive(processes[-1])
        assert len(os.listdir("/proc/self/fd")) < held
        assert os.listdir(tmp_path) == []

    def test_a_refused_load_leaves_no_process_and_no_descriptor(self, tmp_path):
        """`list subjects` tries what is not there."""
        held = sorted(os.listdir("/proc/self/fd"))
        for _ in range(2):
            with pytest.raises(SubjectError):
                load(f"{tmp_path}/none.py:f", Loading(isolated=True))
        gc.collect()
        assert sorted(os.listdir("/proc/self/fd")) == held

    def test_what_the_subject_started_ends_with_it(self, tmp_path):
        """A pool of workers, say."""
        path = tmp_path / "starter.py"
        path.write_text(
            "import subprocess, numpy as np\n"
            "started = subprocess.Popen(['sleep', '600'])\n"
            "def f(x):\n    return np.full(len(x), float(started.pid))\n"
        )
        subject = load(f"{path}:f", Loading(isolated=True))
        child = of(subject)
        assert alive(child)
        del subject
        gc.collect()
        assert gone([child])

    @pytest.mark.parametrize("how", ["returns", "raises", "is killed", "is killed while it waits"])
    def test_the_worker_ends_with_its_parent(self, how):
        """However that ends, and whatever the worker is doing."""
        end = {"returns": "", "raises": "1 / 0", "is killed": "os.kill(os.getpid(), 9)"}
        code = (
            "import os, numpy as np\n"
            "from lsecheck.subjects import load\n"
            "from lsecheck.subjects.loading import Loading\n"
            "from lsecheck.subjects.question import Question\n"
            f"kept = load({PROCESS!r}, Loading(isolated=True))\n"
            "for number in (1.0, 17.0)[: 1 + " + str(how not in end) + "]:\n"
            "    reply = kept.reply(Question('logsumexp', np.full((1, 2), number), 'float64'))\n"
            "    print(int(reply.array[0]), flush=True)\n" + end.get(how, "")
        )
        parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        with parent:
            process = int(parent.stdout.readline())
            if how not in end:
                assert alive(process)
                time.sleep(0.3)
                parent.kill()
        ended = gone([process])
        if not ended:
            os.kill(process, signal.SIGKILL)  # it would take a processor for good
        assert ended

    def test_an_interrupt_is_the_parents_and_leaves_nobody_out_of_step(self):
        """What the child answers afterwards must not be taken for the answer to the next question."""
        subject = load(PROCESS, Loading(isolated=True))
        process = of(subject)
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            subject.reply(question(np.full((1, 2), 17.0)))
        assert not alive(process)
        assert of(subject) != process

    def test_a_thread_that_ends_does_not_take_the_worker_with_it(self):
        """Linux counts the thread that started a process as its parent."""
        found = []
        starter = threading.Thread(target=lambda: found.append(load(PROCESS, Loading(isolated=True))))
        starter.start()
        starter.join()
        time.sleep(0.2)
        assert alive(of(found[0]))

    def test_threads_get_their_own_answers(self, picky):
        """Two that ask at once must not read each other's."""
        wrong = []

        def asks(number: float) -> None:
            rows = np.full((50, 3), number)
            for _ in range(20):
                if picky.reply(question(rows)).array != pytest.approx(right(rows)):
                    wrong.append(number)

        threads = [threading.Thread(target=asks, args=(number,)) for number in (1.0, 2.0, 3.0)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []

    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
    def test_a_fork_of_the_parent_has_a_worker_of_its_own(self):
        """Two processes on one channel would read each other's answers; and the first may end before the other."""
        subject = load(PROCESS, Loading(isolated=True))
        mine = of(subject)
        there, here = os.pipe()
        fork = os.fork()
        if fork == 0:
            try:
                os.write(here, str(of(subject)).encode())
                del subject
                gc.collect()
            finally:
                os._exit(0)
        os.waitpid(fork, 0)
        assert int(os.read(there, 100)) != mine
        os.close(there)
        os.close(here)
        assert of(subject) == mine


class TestMessages:
    """The words that the two processes share."""

    @pytest.mark.parametrize("name", [*formats.FORMATS, "int64", "complex128", "float128", "int4", "datetime64[s]"])
    def test_a_dtype_survives_as_text(self, name):
        """Those of ml_dtypes have but a name, those of NumPy more."""
        dtype = np.dtype(getattr(ml_dtypes, name, name))
        assert worker.named(worker.told(dtype)) == dtype

    def test_a_message_of_odd_characters_is_sent(self, tmp_path):
        """Half a surrogate pair is not text in any encoding."""
        path = tmp_path / "odd.py"
        path.write_text("def f(x, axis):\n    raise ValueError('\\udc80 and \\n')\n")
        reply = load(f"{path}:f", Loading(isolated=True)).reply(question(np.zeros((1, 2))))
        assert (reply.trouble, reply.message) == ("raised", "raised ValueError: ? and \n")

    def test_shared_memory_grows_on_either_side_and_never_promises_too_much(self):
        """The side that did not make it longer must map it again."""
        mine = Shared()
        theirs = Shared(os.dup(mine.file))
        for size in (10, 1_000_000, 20, 3_000_000):
            array = np.arange(size, dtype=np.float64)
            theirs.put(array)
            assert mine.take((array.shape, array.dtype))[0].tolist() == array.tolist()
        with pytest.raises(ValueError, match="were promised"):
            mine.take(((1 << 30,), np.dtype(float)))
        mine.close()
        theirs.close()
