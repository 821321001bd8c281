"""What is kept of a proof: nothing that was finished is lost, and nothing that was not is believed."""

import functools
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import textwrap

import pytest

from lsecheck.errors import InputError
from lsecheck.prove.evidence import Evidence, Worst
from lsecheck.prove.shard import Judged
from lsecheck.prove.state import State

ABOUT = {"claim": "of a test", "code": "1" * 64, "answers": "2" * 64}
COUNT = 40


def shard(place):
    """Something that was found: a few kilobytes, as a real shard's."""
    evidence = Evidence(
        cases=1000,
        scored=1000,
        ulp={k: place + k for k in range(-1, 40)},
        worst={"ulp": Worst(0.1 * place, place, 0)},
        conventions={f"a convention with a long name, number {k}": k + 1 for k in range(30)},
    )
    return Judged(place, evidence, f"{place:032x}", f"{place + 1:032x}", "stamp", {"truth": 0.5})


@pytest.fixture
def path(tmp_path):
    """Where it is kept."""
    return tmp_path / "a.state"


@functools.cache
def image(folder):
    """A file with all shards, written once."""
    with State(folder / "full.state", ABOUT) as state:
        for place in range(COUNT):
            state.keep(shard(place))
    return (folder / "full.state").read_bytes()


@pytest.fixture
def full(path, tmp_path_factory):
    """A file with all shards."""
    path.write_bytes(image(tmp_path_factory.getbasetemp()))
    return path


def known(path, **more):
    """Places that a new run finds."""
    with State(path, ABOUT, **more) as state:
        for place, digests in state.known.digests.items():
            assert digests == (f"{place:032x}", f"{place + 1:032x}")
        return set(state.known.digests), state.said


class TestGoingOn:
    """The next run."""

    def test_it_finds_what_the_last_one_kept(self, full):
        """All of it, and says nothing."""
        assert known(full) == (set(range(COUNT)), "")
        with State(full, ABOUT) as state:
            assert state.known.evidence.cases == 1000 * COUNT
            assert state.known.stages["truth"] == 0.5 * COUNT

    def test_a_shard_counts_once_however_often_it_is_kept(self, path):
        """A worker that was slow to die may answer after its successor."""
        with State(path, ABOUT) as state:
            for place in (3, 3, 1, 3):
                state.keep(shard(place))
        assert known(path)[0] == {1, 3}

    @pytest.mark.parametrize(
        ("name", "because"),
        [
            ("claim", "it is of another claim"),
            ("code", "it was begun by another lsecheck"),
            ("answers", "the subject answers otherwise than it did"),
        ],
    )
    def test_another_beginning_is_refused_and_named(self, full, name, because):
        """What is there stays there; --fresh begins anew."""
        other = ABOUT | {name: "another"}
        with pytest.raises(InputError) as refused:
            State(full, other)
        assert str(refused.value) == f"{full} cannot be gone on with: {because}; --fresh begins anew"
        assert known(full)[0] == set(range(COUNT))
        with State(full, other, fresh=True) as state:
            assert len(state.known) == 0

    def test_shards_of_another_claim_do_not_pass(self, full, tmp_path):
        """Rows that were copied from another file have its checksum."""
        other = tmp_path / "b.state"
        with State(other, ABOUT | {"claim": "another"}) as state:
            state.keep(shard(0))
        file = sqlite3.connect(full, isolation_level=None)
        file.execute("attach ? as other", (str(other),))
        file.execute("insert or replace into shard select * from other.shard")
        file.close()
        places, said = known(full)
        assert places == set(range(1, COUNT))
        assert said == f"{full}: 1 finished shard did not match the checksum and will be done again"
        assert known(full) == (places, "")

    def test_another_version_is_refused(self, full):
        """Nothing of it is touched."""
        file = sqlite3.connect(full)
        file.execute("pragma user_version = 7")
        file.close()
        with pytest.raises(
            InputError, match="has state version 7, this lsecheck reads 1: finish with the lsecheck that"
        ):
            State(full, ABOUT)
        assert known(full, fresh=True)[0] == set()


class TestOneAtATime:
    """Two runs of one file."""

    @pytest.mark.parametrize("fresh", [False, True])
    def test_the_second_is_refused_and_the_first_goes_on(self, path, fresh):
        """--fresh deletes nothing under another run."""
        with State(path, ABOUT) as first:
            first.keep(shard(0))
            with pytest.raises(InputError) as refused:
                State(path, ABOUT, fresh)
            assert str(refused.value) == f"{path} is in use by another run: wait for it, or write elsewhere with -o DIR"
            first.keep(shard(1))
        assert known(path)[0] == {0, 1}

    def test_a_refusal_in_this_process_lets_no_other_in(self, path):
        """A file that is opened and closed by other means than SQLite's frees the lock of the whole process."""
        script = (
            "import sys, sqlite3; file = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None);"
            " file.execute('begin immediate')"
        )
        with State(path, ABOUT) as first:
            first.keep(shard(0))
            with pytest.raises(InputError, match="is in use by another run"):
                State(path, ABOUT)
            other = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=False)
            assert "database is locked" in other.stderr


class TestForeign:
    """Files that are none of ours."""

    @pytest.mark.parametrize("fresh", [False, True])
    @pytest.mark.parametrize("text", [b"a text\n", b"x", b"SQLite format 2\0" + bytes(5000)])
    def test_another_file_is_left_alone(self, path, text, fresh):
        """--fresh, too, deletes nothing that lsecheck has not made."""
        path.write_bytes(text)
        with pytest.raises(InputError) as refused:
            State(path, ABOUT, fresh)
        assert str(refused.value) == f"{path} is no state of a proof: move it away, or write elsewhere with -o DIR"
        assert path.read_bytes() == text

    @pytest.mark.parametrize("fresh", [False, True])
    def test_another_programs_database_is_left_alone(self, path, fresh):
        """Its tables are its own."""
        file = sqlite3.connect(path, isolation_level=None)
        file.execute("create table theirs (x)")
        file.close()
        before = path.read_bytes()
        with pytest.raises(
            InputError, match="is another program's database: move it away, or write elsewhere with -o DIR"
        ):
            State(path, ABOUT, fresh)
        assert path.read_bytes() == before

    def test_an_empty_file_is_a_beginning(self, path):
        """A run that was killed before it wrote anything leaves one."""
        path.touch()
        assert known(path) == (set(), "")


class TestDamage:
    """Bytes that are not what they were."""

    @pytest.mark.parametrize("seed", range(60))
    def test_flipped_bytes_are_refused_or_repaired_in_a_sentence(self, full, seed):
        """Wherever they are: no traceback, nothing false believed, and the file is ready for what is left."""
        chance = random.Random(seed)
        damaged = bytearray(full.read_bytes())
        for _ in range(chance.choice([1, 1, 8, 200])):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        full.write_bytes(damaged)
        try:
            places, said = known(full)
        except InputError as refused:
            assert str(refused).startswith(str(full))  # noqa: PT017 - or it is repaired
            assert "\n" not in str(refused)  # noqa: PT017 - or it is repaired
            return
        assert places == set(range(COUNT)) or said
        with State(full, ABOUT) as state:
            for place in sorted(set(range(COUNT)) - places)[:2]:
                state.keep(shard(place))
                places.add(place)
        assert known(full) == (places, "")

    @pytest.mark.parametrize("page", range(3, 12))
    def test_a_page_that_is_lost_costs_its_own_shards(self, full, page):
        """Those before and behind it are still there."""
        damaged = bytearray(full.read_bytes())
        damaged[4096 * page : 4096 * page + 4096] = bytes(4096)
        full.write_bytes(damaged)
        places, said = known(full)
        assert said
        assert len(places) >= COUNT - 4, said

    @pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
    def test_a_file_cut_short_is_refused_or_repaired(self, full, share):
        """A copy that was interrupted."""
        damaged = full.read_bytes()
        full.write_bytes(damaged[: int(len(damaged) * share)])
        try:
            places, said = known(full)
        except InputError as refused:
            assert str(refused).startswith(str(full))  # noqa: PT017 - or it is repaired
            with State(full, ABOUT, fresh=True) as state:
                assert len(state.known) == 0
        else:
            assert said
            assert places < set(range(COUNT))

    def test_the_damaged_file_is_kept_beside_the_new_one(self, full):
        """Whoever knows more than we do may want it."""
        damaged = bytearray(full.read_bytes())
        damaged[4096 * 5 : 4096 * 6] = bytes(4096)
        full.write_bytes(damaged)
        _, said = known(full)
        aside = full.with_name("a.state.damaged")
        assert said.endswith(f"could be read and are kept; it is now {aside}")
        assert aside.read_bytes() == damaged


class TestNoRoom:
    """A disk that is full."""

    def test_what_was_kept_is_still_there_and_the_sentence_says_so(self, path):
        """By SQLite's own limit."""
        state = State(path, ABOUT)
        with state:
            state._file.execute("pragma max_page_count = 12")
            with pytest.raises(InputError) as refused:  # noqa: PT012 - sooner or later
                for place in range(COUNT):
                    state.keep(shard(place))
                    state.known.add(shard(place))
            kept = len(state.known)
        assert 0 < kept < COUNT
        assert str(refused.value) == (
            f"{path} cannot be written: database or disk is full; {kept} finished shards are kept, and the same command"
            " goes on from there"
        )
        assert known(path) == (set(range(kept)), "")

    @pytest.mark.parametrize("limit", [0, 2048, 20_000])
    def test_by_the_limit_of_the_process(self, tmp_path, limit):
        """Whatever the system says: a sentence, and what was finished."""
        script = textwrap.dedent(f"""
            import resource, sys
            sys.path.insert(0, "tests")
            from prove.test_state import *
            from pathlib import Path
            path = Path({str(tmp_path / "a.state")!r})
            resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
            try:
                with State(path, ABOUT) as state:
                    for place in range(COUNT):
                        state.keep(shard(place))
                        state.known.add(shard(place))
            except InputError as refused:
                print(len(state.known) if "state" in globals() else 0, refused)
        """)
        said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert said.stderr == ""
        kept, sentence = said.stdout.strip().split(" ", 1)
        assert "\n" not in sentence
        assert " cannot be written: " in sentence
        assert known(tmp_path / "a.state")[0] == set(range(int(kept)))
        assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != limit

    def test_a_journal_of_a_run_that_was_killed_is_played_back(self, full, tmp_path):
        """A copy in the middle of a transaction is what a kill leaves."""
        file = sqlite3.connect(full, isolation_level=None)
        file.execute("pragma cache_size = 1")
        file.execute("begin immediate")
        file.execute("update shard set judged = x'00' where place < 30")
        copy = tmp_path / "copy.state"
        shutil.copy(full, copy)
        shutil.copy(f"{full}-journal", f"{copy}-journal")
        file.execute("rollback")
        file.close()
        assert known(copy) == (set(range(COUNT)), "")
