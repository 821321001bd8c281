"""Processes that work for this one end with it."""

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from lsecheck import workers
from lsecheck.oracle import engines


def running(pid):
    """Whether there is such a process, and it is no zombie."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:  # it may end between opening and reading
        return False


def gone(pids, seconds=10.0):
    """Whether all of them end within that time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(map(running, pids)):
            return True
        time.sleep(0.1)
    return False


def children(pid):
    """Processes that it has begun, and those that these have."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(after[1]) == pid:
            found += [int(stat.parent.name), *children(int(stat.parent.name))]
    return found


@pytest.mark.parametrize("started", ["fork", "spawn"])
def test_nobody_outlives_a_parent_that_was_killed(started):
    """SIGKILL to the parent alone: it cannot tell its workers, which are busy."""
    script = textwrap.dedent(f"""
        import os, sys, time
        from lsecheck import workers
        if {started!r} == "spawn":
            sys.modules["torch"] = sys
        if __name__ == "__main__":
            with workers.pool(2) as pool:
                print(*{{pool.submit(os.getpid).result() for _ in range(20)}}, flush=True)
                for _ in range(8):
                    pool.submit(time.sleep, 60)
                time.sleep(60)
    """)
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert pids
    assert all(map(running, pids))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone(pids)


def test_they_are_ended_at_once_whatever_they_do():
    """Not when they are through."""
    pool = workers.pool(2)
    pids = {pool.submit(os.getpid).result() for _ in range(8)}
    for _ in range(4):
        pool.submit(time.sleep, 60)
    time.sleep(0.2)
    closing = pool._executor_manager_thread
    workers.end(pool)
    assert not closing.is_alive(), "Python's own end may meet it"
    assert gone(pids, 4)


def test_an_interrupt_while_work_is_handed_out_ends_it_at_once(monkeypatch):
    """What is begun by then is not waited for."""
    handed, submit = [], ProcessPoolExecutor.submit

    def interrupted(pool, *words):
        if len(handed) == 3:
            raise KeyboardInterrupt
        handed.append(submit(pool, *words))
        return handed[-1]

    monkeypatch.setattr(ProcessPoolExecutor, "submit", interrupted)
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        workers.each(2, time.sleep, [(60,)] * 8)
    assert time.monotonic() - begun < 30


def test_a_pool_that_is_there_already_does_it_and_stays_open():
    """So that a library is imported once in each process."""
    with workers.pool(1) as pool:
        first = workers.each(1, os.getpid, [(), ()], within=pool)
        assert workers.each(1, os.getpid, [()], within=pool) == first[:1]
        assert len(set(first)) == 1


def test_threads_that_wait_in_them_sleep():
    """Two processes that each spin on every core take longer than one; what was chosen stays."""
    with workers.pool(1) as pool:
        assert pool.submit(os.getenv, "OMP_WAIT_POLICY").result() == os.environ.get("OMP_WAIT_POLICY", "PASSIVE")


def test_an_interrupt_is_the_parents_to_handle():
    """And being told to end means to end."""
    with workers.pool(1) as pool:
        assert pool.submit(signal.getsignal, signal.SIGINT).result() == signal.SIG_IGN
        assert pool.submit(signal.getsignal, signal.SIGTERM).result() == signal.SIG_DFL


def test_they_have_this_processs_engine():
    """A choice that was made on the command line."""
    before = engines.forced()
    try:
        engines.force("numpy")
        with workers.pool(1) as pool:
            assert pool.submit(engines.forced).result() == "numpy"
    finally:
        engines.force(before)


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_whatever_way_of_starting_processes_the_program_chose_workers_live(method):
    """Those of a fork server are its children, and would take this process for gone."""
    program = (
        "import multiprocessing, lsecheck\n"
        "if __name__ == '__main__':\n"
        f"    multiprocessing.set_start_method({method!r})\n"
        "    found = lsecheck.check('max-shift', formats='float32', families=['gap', 'huge'], effort='quick', jobs=2)\n"
        "    print(len(found.rows))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "2\n", done.stderr
