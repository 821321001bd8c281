"""One run of fuzzing: its budget, its engines in turn, and the record of it."""

import json
import time
from itertools import pairwise
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from fuzz.arenas import answering, arena, elsewhere, good, recorded
from lsecheck import expectation, search
from lsecheck.arena import Charge
from lsecheck.errors import InputError, LsecheckError, Undecided, UnknownName
from lsecheck.fuzz import Fuzzed, fuzz, sampling, session
from lsecheck.fuzz.session import INTERRUPTED, SHARES, Budget, Session
from lsecheck.inputs.kept import Kept, write
from lsecheck.rows import ABSENT
from lsecheck.shrink import Case
from lsecheck.subjects.question import Reply

INF = float("inf")
#: all engines but Hypothesis, which takes its time over every example
QUICK = tuple(name for name in SHARES if name != "properties")


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    """The order of things does not depend on how many rows are asked at once."""
    monkeypatch.setattr(search, "ENTRIES", 1 << 9)
    monkeypatch.setattr(sampling, "ENTRIES", 1 << 8)


def found(subject, *, engines=QUICK, cases=600, explain=False, **more):
    """A short run."""
    return fuzz(subject, cases=cases, engines=engines, explain=explain, **more)


def above(limit, by=1.0):
    """Honest, but for rows with an entry above a limit."""
    return lambda x, axis=-1: good(x, axis) + np.where(x.max(axis, initial=-INF) > limit, by, 0).astype(x.dtype)


def engines_of(one):
    """Which did something."""
    return [effort.engine for effort in one.efforts]


def timeless(one):
    """A record without what may differ between two runs."""
    efforts = [msgspec.structs.replace(effort, seconds=0.0) for effort in one.efforts]
    return msgspec.structs.replace(one, efforts=efforts, environment={})


class TestTheRecord:
    """What is said of a run is what was done."""

    @pytest.mark.parametrize(
        "subject", ["max-shift", "lsecheck.faults:shift-first", "lsecheck.faults:stream-left-maximum"]
    )
    def test_the_same_seed_and_cases_give_the_same_record(self, subject):
        """All engines, findings, smallest cases and counts; only seconds and the machine differ."""
        engines = None if subject == "max-shift" else QUICK
        one, again = (found(subject, cases=1200, seed=4, engines=engines) for _ in range(2))
        assert timeless(one) == timeless(again)
        assert one.counterexamples
        assert set(engines_of(one)) >= {"enumerate", "climb", "sample"}
        assert one.environment["numpy"] == np.__version__

    def test_another_seed_is_another_run(self):
        """What is drawn and searched depends on it."""
        one, other = (found("naive", cases=3000, engines=("sample",), seed=seed) for seed in (0, 1))
        assert one.worst != other.worst

    @pytest.mark.parametrize("subject", ["max-shift", "naive", "lsecheck.faults:empty-raises", "log1p-shift"])
    def test_it_is_strict_json_both_ways(self, subject):
        """nan and infinity are text there, and what is absent does not become null."""
        one = found(subject, cases=900)
        text = one.to_json()

        def refuse(word):
            raise AssertionError(f"{word} is no JSON")

        loaded = json.loads(text, parse_constant=refuse)
        assert msgspec.json.decode(text, type=Fuzzed, strict=True) == one
        assert "null" not in text
        assert loaded["schema"] == 1
        assert text.endswith("}\n")

    def test_it_says_what_was_asked_of_whom(self):
        """A record that is kept must say how it came about."""
        one = found(
            above(5), format="float16:float32", require="faithful", objective="ulp", seed=3, engines=("enumerate",)
        )
        assert (one.function, one.format, one.required) == ("logsumexp", "float16:float32", "faithful")
        assert (one.objective, one.seed, one.budget) == ("ulp", 3, "600 cases")
        assert one.cases == sum(one.families.values()) == one.efforts[0].cases
        assert one.n["least"] == 0
        assert one.n["distinct"] > 10

    def test_findings_that_break_the_same_are_one(self):
        """Every case is counted, and the first is shrunk."""
        one = found(above(5), engines=("enumerate",), waive=("specials", "range", "conduct"))
        (only,) = one.counterexamples
        assert (only.domain, only.kind, only.expected) == only.key == ("contract", "inaccurate", "a number")
        assert only.count == one.broken == one.efforts[0].broken > 5
        assert only.witness.x == "0x1.9p6"
        assert (only.engine, only.copies) == ("enumerate", 1)
        assert only.excess > 1
        assert only.address.startswith("ordinary:0:")
        assert only.tried > only.found_n

    def test_without_shrinking_a_finding_is_shown_as_it_was_found(self):
        """The row of its address."""
        (only,) = found(
            above(5), engines=("enumerate",), waive=("specials", "range", "conduct"), shrink=False
        ).counterexamples
        assert only.witness.x == only.found != ""
        assert only.witness.n == only.found_n
        assert only.witness.case == only.address
        assert only.tried == 0

    def test_the_worst_score_of_all_engines_is_kept_with_its_case(self):
        """A search that finds no fault says how near it came."""
        one = found("naive", cases=700, objective="scaled", shrink=False)
        assert one.worst.objective == "scaled"
        assert one.worst.value == one.worst.witness.scaled
        parts = [
            found("naive", cases=700, objective="scaled", shrink=False, engines=(name,))
            for name in ("enumerate", "sample")
        ]
        assert one.worst.value >= max(part.worst.value for part in parts) / 2
        assert found(answering(np.nan), engines=("sample",), cases=10).worst is ABSENT

    def test_misconduct_is_a_finding_with_its_batch(self):
        """It is no case that was answered wrong, and is counted once a rule."""
        one = found("lsecheck.faults:inplace", engines=("enumerate",), cases=750)
        (only,) = one.counterexamples
        assert only.key == ("conduct", "input", "")
        assert only.message == "x was changed by the call"
        assert (only.copies, only.witness.n, only.found_n) == (1, 1, 8)
        assert only.address == "conduct:0:0"
        assert only.count > 1
        assert one.status == 1
        assert found("lsecheck.faults:inplace", engines=("enumerate",), cases=750, waive="conduct").status == 0

    def test_what_was_raised_is_said(self):
        """The message is most of what a reader needs."""
        one = found("lsecheck.faults:empty-raises", engines=("enumerate",))
        (only,) = one.counterexamples
        assert only.key == ("specials", "raised", "an answer")
        assert "zero-size array" in only.message
        assert (only.witness.x, only.witness.n, only.copies) == ("", 0, 1)

    def test_a_row_that_needs_another_says_how_many(self):
        """Two equal rows show it."""
        asked = arena(lambda x: good(x) + (len(x) > 1), waived=frozenset({"conduct"}))
        run = Session(asked, Budget(cases=300), 0)
        run.run(("sample",))
        (only,) = run.fuzzed().counterexamples
        assert only.copies == 2


class TestStatus:
    """The exit status of a run."""

    def test_nothing_found_is_0(self):
        """And is said of what was asked, not of more."""
        assert found(good).status == 0

    def test_a_finding_is_1(self):
        """Whatever else was answered right."""
        assert found(above(5)).status == 1

    @pytest.mark.parametrize("function", ["logsumexp", "logaddexp", "cross_entropy"])
    def test_a_subject_that_always_raises_is_3(self, function):
        """It failed throughout: nothing is known of how exact it is."""

        def raises(*arrays):
            raise ValueError(len(arrays))

        one = found(raises, function=function, cases=40)
        assert one.status == 3
        assert {each.kind for each in one.counterexamples} == {"raised"}
        assert one.broken == one.cases

    def test_nothing_asked_is_5(self):
        """No engine, or none that applies."""
        for engines in ((), ("chunks",), ("replay",)):
            one = found(good, engines=engines)
            assert (one.status, one.cases, one.efforts) == (5, 0, [])

    def test_undecided_cases_are_3(self, monkeypatch):
        """Of those nothing is known; a finding beside them is a finding."""
        certify = expectation.certify

        def undecided(function, values, pair, labels=None):
            if len(values) and values.shape[1] == 2:
                raise Undecided("nobody knows")
            return certify(function, values, pair, labels)

        monkeypatch.setattr(expectation, "certify", undecided)
        one = found(good, engines=("enumerate",))
        assert one.undecided > 0
        assert one.status == 3
        assert found(above(5), engines=("enumerate",)).status == 1


class TestBudget:
    """Cases or seconds, shared out."""

    @pytest.mark.parametrize("engine", ["enumerate", "climb", "sample", "properties"])
    def test_cases_are_kept_to_within_one_batch(self, engine):
        """The last batch begins before the budget is spent."""
        if engine == "properties":
            pytest.importorskip("hypothesis", reason="pip install 'lsecheck[fuzz]'")
        seen = []
        one = found(good, cases=150, engines=(engine,), progress=lambda name, asked: seen.append((name, asked)))
        assert {name for name, _ in seen} == {engine}
        counts = [0, *(asked for _, asked in seen)]
        assert counts[-2] < 150 <= counts[-1] == one.cases
        assert counts == sorted(counts)

    def test_every_engine_gets_its_share_of_what_is_left(self):
        """So that one that never ends leaves something to the next."""
        seen = []
        one = found("log1p-shift", cases=2_000, progress=lambda name, asked: seen.append((name, asked)))
        last = dict(seen)
        before = {name: 0 for name in last}
        for (_, asked), (name, _) in pairwise(seen):
            before[name] = asked
        left, spent = 2_000, 0
        for effort in one.efforts[:-1]:
            share = int((2_000 - spent) * SHARES[effort.engine])
            assert last[effort.engine] - spent >= share
            assert before[effort.engine] - spent < share
            spent = last[effort.engine]
        assert one.cases < left + 300
        assert [effort.cases > 0 for effort in one.efforts] == [True] * len(one.efforts)
        assert {"enumerate", "climb", "sample"} <= set(last)

    def test_a_spent_budget_is_spent(self):
        """One case is one batch, not one of each engine."""
        one = found(good, cases=1)
        assert len(one.efforts) == 1

    def test_seconds_are_shared_out_and_shrinking_is_not_counted(self, monkeypatch):
        """A clock that goes forward 1 s at every look: engines have half, and half of the rest."""
        clock = SimpleNamespace(now=time.monotonic())

        def tick():
            clock.now += 1
            return clock.now

        monkeypatch.setattr(session, "time", SimpleNamespace(monotonic=tick))

        def slow(asked, charge, case):  # noqa: ARG001
            clock.now += 10_000
            return case._replace(copies=0), 0

        monkeypatch.setattr(session, "shrunk", slow)
        one = fuzz(above(5), seconds=60, engines=("climb", "sample"), explain=False)
        climb, sample = one.efforts
        assert one.budget == "60 seconds"
        assert 25 <= climb.seconds <= 40
        assert 20 <= sample.seconds <= 40
        assert one.counterexamples

    @pytest.mark.parametrize("wrong", [{"seconds": 0.0}, {"seconds": -1.0}, {"cases": 0}, {"seconds": float("nan")}])
    def test_a_budget_of_nothing_is_refused(self, wrong):
        """It would find nothing, and say so."""
        with pytest.raises(InputError, match="must be"):
            Budget(**wrong)

    def test_cases_go_before_seconds(self):
        """A budget is one of the two."""
        assert str(Budget(60.0)) == "60 seconds"
        assert str(Budget(None, 1500)) == "1,500 cases"
        assert found(good, cases=20, seconds=1e-9, engines=("enumerate",)).cases >= 20

    def test_the_first_finding_ends_it(self):
        """Nothing is asked after it, by no engine."""
        call, seen = recorded(above(5))
        one = found(call, cases=2500, first=True, shrink=False)
        assert engines_of(one) == ["enumerate"]
        assert len(one.counterexamples) == 1
        assert one.cases < 600
        assert not (good(seen[-1]) == above(5)(seen[-1])).all()
        assert found(above(5), cases=2500, shrink=False).cases >= 2500


class TestEngines:
    """Which are run, and in which order."""

    @pytest.mark.parametrize("names", [("sample",), ("climb", "enumerate"), ("sample", "climb")])
    def test_those_that_are_named_are_the_only_ones(self, names):
        """In the order of their table, whatever order they are named in."""
        one = found(good, cases=1500, engines=names)
        assert engines_of(one) == [name for name in SHARES if name in names]

    def test_an_engine_that_is_none_is_refused(self):
        """Nothing would be asked, as if nothing could be."""
        with pytest.raises(UnknownName):
            found(good, engines=("clmb",))

    def test_what_was_kept_is_asked_first(self, tmp_path):
        """A finding that is still there is found by the first case."""
        write(tmp_path, Kept((0.0, 6.0, 0.0), "logsumexp", "float32"))
        write(tmp_path, Kept((0.1,), "logsumexp", "float64"))
        one = found(above(5), cases=100, corpus=tmp_path)
        assert one.efforts[0].engine == "replay"
        assert one.efforts[0].cases == one.efforts[0].broken == 1
        (first, *_) = one.counterexamples
        assert (first.engine, first.after, first.found_n) == ("replay", 0, 3)
        assert first.address.startswith("kept:0:")
        assert one.families["kept"] == 1

    def test_what_was_kept_is_not_the_whole_budget(self, tmp_path):
        """Mended code is fuzzed on."""
        write(tmp_path, Kept((0.0, 6.0, 0.0), "logsumexp", "float32"))
        assert engines_of(found(good, cases=100, corpus=tmp_path))[:2] == ["replay", "enumerate"]


class TestCalls:
    """What may be asked for."""

    def test_what_is_waived_is_not_reported(self):
        """Whether it is named alone or among others; anything else is refused with the choice."""
        assert {one.domain for one in found("max-shift", cases=1500).counterexamples} == {"specials"}
        assert found("max-shift", cases=1500, waive="specials").counterexamples == []
        with pytest.raises(InputError, match="'contract' cannot be waived: choose from specials, range, conduct"):
            found(good, waive=("contract",))

    @pytest.mark.parametrize(
        "wrong",
        [
            {"function": "logsum"},
            {"format": "float24"},
            {"require": "good"},
            {"objective": "speed"},
            {"cases": 0},
        ],
    )
    def test_names_that_are_none_are_refused(self, wrong):
        """Before anything is asked."""
        call, seen = recorded(good)
        with pytest.raises(LsecheckError):
            found(call, **wrong)
        assert seen == []

    def test_a_function_that_a_subject_does_not_have_is_refused(self):
        """It is no finding."""
        with pytest.raises(InputError, match=r"log1p-shift has no softmax in float32: see 'lsecheck list subjects'"):
            found("log1p-shift", function="softmax")


class TestLosses:
    """Runs that end early, and cases that are lost."""

    def test_an_interrupt_keeps_what_was_found(self):
        """Ten minutes of search are not thrown away."""

        def interrupt(_engine, asked):
            if asked > 300:
                raise KeyboardInterrupt

        one = found(above(5), cases=100_000, progress=interrupt)
        assert one.lost == INTERRUPTED
        assert one.counterexamples
        assert 300 < one.cases < 1500
        assert one.status == 1

    def test_a_subject_that_crashes_on_everything_is_given_up(self):
        """Every crash costs a process: after some in a row the run ends, and says why."""
        asked = arena(elsewhere(lambda _: Reply(None, "crashed", "killed")))
        run = Session(asked, Budget(cases=10_000), 0)
        run.run(tuple(SHARES))
        one = run.fuzzed()
        assert one.lost == "it crashed or hung on too many cases"
        assert one.status == 3
        assert engines_of(one) == ["enumerate"]
        assert one.counterexamples[0].kind == "crashed"

    def test_a_crash_is_located_once(self):
        """Found by bisection the first time, charged to some row from then on: each costs a process."""
        calls = []

        def dying(question):
            calls.append(len(question.array))
            if (question.array == 0.25).any():
                return Reply(None, "crashed", "killed")
            return Reply(good(question.array))

        asked = arena(elsewhere(dying))
        run = Session(asked, Budget(cases=300), 0, shrink=False)
        values = np.zeros((64, 2))
        values[40, 1] = 0.25
        run._drive("climb", iter([asked.hear(values)]), 1.0, "")
        assert run.arena.located == {"crashed"}
        before = len(calls)
        asked.hear(values)
        assert len(calls) == before + 1
        assert list(run.found) == [Charge("contract", "crashed", "an answer")]

    def test_shrinking_takes_the_patience_of_nobody(self, monkeypatch):
        """A crash is shrunk by crashing a hundred times."""
        calls = []

        def dying(question):
            calls.append(len(question.array))
            return Reply(None, "crashed", "killed") if (question.array > 2).any() else Reply(good(question.array))

        asked = arena(elsewhere(dying))
        run = Session(asked, Budget(cases=300), 0)
        run._drive("climb", iter([asked.hear(np.full((1, 40), 2.7))]), 1.0, "")
        assert len(calls) > 20
        assert asked.patience.crashes == 63
        assert run.lost == ""
        (only,) = run.found.values()
        assert only.witness.n == 1
        monkeypatch.setattr(session, "shrunk", lambda *_: (Case(np.zeros(1), copies=0), 5))
        again = Session(arena(above(5)), Budget(cases=30), 0)
        again.run(("enumerate",))
        (left,) = again.fuzzed().counterexamples
        assert (left.copies, left.tried) == (0, 5)
        assert left.witness.n == left.found_n
