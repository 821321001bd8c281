"""Whoever runs the calls: nothing is lost with a worker, nothing of another one is mixed in."""

import multiprocessing
import os
import signal
import threading
import time
import warnings
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from lsecheck import workers
from lsecheck.errors import EnvironmentRefused, InputError, SubjectError, UnknownName
from lsecheck.prove import claim as claiming
from lsecheck.prove import executors, identity, prove

QUICK = ("log1p-shift", "logsumexp", "float8_e4m3fn", 2)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Shards of 2,048 cases: 16 of them; workers are forked and have them too."""
    monkeypatch.setattr(claiming, "SHARD", 1 << 11)
    monkeypatch.setattr(workers, "_THREADED", ())


@pytest.fixture
def alone():
    """What one process says."""
    return prove(*QUICK).to_json()


class TestTheSameBytes:
    """Of anybody."""

    @pytest.mark.parametrize("jobs", [2, 3])
    def test_processes(self, alone, jobs):
        """In whatever order they finish."""
        assert prove(*QUICK, jobs=jobs).to_json() == alone

    def test_threads(self, alone):
        """An executor of somebody else's, which stays open."""
        with ThreadPoolExecutor(4) as pool:
            assert prove(*QUICK, executor=pool).to_json() == alone
            assert pool.submit(int, "1").result() == 1

    def test_any_order(self, alone, monkeypatch):
        """The last first."""
        whole = executors.here

        def backwards(claim, places):
            return whole(claim, reversed(list(places)))

        monkeypatch.setattr(executors, "here", backwards)
        assert prove(*QUICK).to_json() == alone


class TestLostWorkers:
    """A process that dies takes no shard with it."""

    def test_one_that_is_killed_in_the_middle_costs_nothing(self, monkeypatch, tmp_path):
        """Its shards are asked again elsewhere; the certificate is that of a run without."""
        claim = ("prove.theirs:killed_once", *QUICK[1:])
        flag = tmp_path / "killed"
        monkeypatch.setenv("LSECHECK_TEST_FLAG", str(flag))
        killed = prove(*claim, jobs=2).to_json()
        assert flag.exists()
        assert prove(*claim, jobs=2).to_json() == killed

    def test_one_that_is_killed_always_is_named_in_a_sentence(self, tmp_path):
        """And what the others finished is kept."""
        state = tmp_path / "a.state"
        for _ in range(2):  # the second finds one shard left, and must not ask it in this process
            with pytest.raises(SubjectError) as refused:
                prove("prove.theirs:killed_always", *QUICK[1:], jobs=2, state=state)
            assert str(refused.value).startswith(
                "shard 14 of prove.theirs_killed_always_logsumexp_float8_e4m3fn_every-2_"
            )
            assert " was lost 4 times: BrokenProcessPool: " in str(refused.value)
            assert str(refused.value).endswith("; --isolate shows what kills its worker")
        done = []
        with pytest.raises(SubjectError):
            prove("prove.theirs:killed_always", *QUICK[1:], jobs=2, state=state, progress=lambda *now: done.append(now))
        assert done[0][0] >= 32_131 - 4 * 2048

    def test_a_pool_of_somebody_elses_that_breaks_ends_with_a_sentence(self):
        """It is not ours to replace."""
        with (
            ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool,
            pytest.raises(
                SubjectError,
                match=r"the executor broke: its workers died; the same command goes on with another|was lost",
            ),
        ):
            prove("prove.theirs:killed_always", *QUICK[1:], executor=pool)

    def test_a_pool_that_breaks_while_it_is_handed_shards_is_not_renewed_for_ever(self, monkeypatch):
        """A worker may die before the second shard is handed over, each time."""

        class Breaks(ThreadPoolExecutor):
            def __init__(self):
                super().__init__(1)
                self.handed = 0

            def submit(self, *_):
                self.handed += 1
                if self.handed > 1:
                    raise BrokenExecutor("its worker died")
                future = Future()
                future.set_exception(BrokenExecutor("its worker died"))
                return future

        opened = []

        def pool(_jobs):
            opened.append(Breaks())
            assert len(opened) < 100, "for ever"
            return opened[-1]

        monkeypatch.setattr(workers, "pool", pool)
        monkeypatch.setattr(workers, "end", lambda each: each.shutdown())
        with pytest.raises(SubjectError, match="was lost 4 times"):
            prove(*QUICK, jobs=2)

    def test_shards_under_way_in_a_pool_that_broke_are_asked_again(self, alone, monkeypatch):
        """Those that never came back, as well as the one that says so."""

        class Breaks(ThreadPoolExecutor):
            handed = 0

            def submit(self, *words):
                Breaks.handed += 1
                future = Future()
                if Breaks.handed == 1:
                    future.set_exception(BrokenExecutor("its worker died"))
                return super().submit(*words) if Breaks.handed > 4 else future

        monkeypatch.setattr(workers, "pool", Breaks)
        monkeypatch.setattr(workers, "end", lambda each: each.shutdown())
        assert prove(*QUICK, jobs=2).to_json() == alone

    def test_other_children_are_left_alone(self):
        """A pool's end is its own."""
        other = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
        other.start()
        try:
            prove(*QUICK, jobs=2)
            time.sleep(0.3)
            assert other.is_alive()
        finally:
            other.kill()
            other.join()


class TestOtherWorkers:
    """Not what is here."""

    def test_one_that_answers_otherwise_is_refused(self):
        """Another processor, or another version of the subject."""
        with pytest.raises(
            EnvironmentRefused, match=r"a worker's prove.theirs:by_process is not the one here: it answers"
        ):
            prove("prove.theirs:by_process", *QUICK[1:], jobs=2)

    def test_one_with_another_lsecheck_is_refused(self):
        """Its answers may be the same; its judgement, or its shards, need not."""

        def other():
            claiming.SHARD = 1 << 10
            identity.forget()

        context = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(1, context, initializer=other) as pool, pytest.raises(EnvironmentRefused):
            prove(*QUICK, executor=pool)

    def test_what_it_refuses_is_said_here(self):
        """A sentence crosses the border whole."""
        with ProcessPoolExecutor(1, multiprocessing.get_context("fork"), initializer=os.chdir, initargs=("/",)) as pool:
            with pytest.raises((SubjectError, EnvironmentRefused)) as refused:
                prove("prove.theirs:by_process", *QUICK[1:], executor=pool)
            assert "\n" not in str(refused.value)


class TestNames:
    """dask:ADDRESS."""

    @pytest.mark.parametrize("text", ["spark:x", "", "Dask:x"])
    def test_unknown_ones_are_told_with_the_known(self, text):
        """One there is."""
        with pytest.raises(UnknownName, match="unknown executor "):
            prove(*QUICK, executor=text)

    def test_an_address_is_needed(self):
        """With an example."""
        with pytest.raises(InputError) as refused:
            prove(*QUICK, executor="dask:")
        assert str(refused.value) == "dask needs the address of a scheduler: --executor dask:tcp://HOST:8786"

    @pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense", "http://x:1", "tcp://"])
    def test_no_scheduler_is_a_sentence(self, address, monkeypatch, capfd):
        """And nothing else, now or when what was opened is forgotten."""
        pytest.importorskip("distributed", reason="pip install 'lsecheck[dask]'")
        monkeypatch.setattr(executors, "PATIENCE", 1)
        began = time.monotonic()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="distributed|dask|tornado")
            with pytest.raises(InputError, match=f"no dask scheduler answers at {address}: "):
                prove(*QUICK, executor=f"dask:{address}")
        assert time.monotonic() - began < 15
        assert "Traceback" not in capfd.readouterr().err


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
class TestDask:
    """A real cluster: a scheduler and processes."""

    @pytest.fixture
    def cluster(self, tmp_path, monkeypatch):
        """Two workers, begun afresh: their shards are those of the source."""
        distributed = pytest.importorskip("distributed", reason="pip install 'lsecheck[dask]'")
        monkeypatch.undo()
        monkeypatch.setenv(
            "PYTHONPATH",
            os.pathsep.join(
                [os.path.dirname(os.path.dirname(__file__)), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
            ),
        )
        with distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            local_directory=str(tmp_path),
            silence_logs=50,
        ) as cluster:
            yield cluster

    def test_a_worker_killed_in_the_middle_costs_nothing(self, cluster):
        """SIGKILL to one of two: the certificate is the one that is made here."""
        claim = ("max-shift", "logsumexp", "float32", 2)
        words = {"sample": 17}  # two shards of the usual size
        pids = [nanny.pid for nanny in cluster.workers.values()]
        killed = []

        def kill(done, _total):
            if not killed and done == 0:
                timer = threading.Timer(1.5, os.kill, (pids[0], signal.SIGKILL))
                timer.start()
                killed.append(timer)

        found = prove(*claim, **words, executor=f"dask:{cluster.scheduler_address}", progress=kill)
        killed[0].join()
        assert len(found.document.certificate.shards) > 1
        assert found.to_json() == prove(*claim, **words).to_json()
