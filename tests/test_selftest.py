"""The self-test: faults are scored by what catches them, controls by what is held against them."""

import dataclasses
import json

import msgspec
import pytest
from click.testing import CliRunner
from fuzz.arenas import good

from lsecheck import selftest, workers
from lsecheck.cli import main
from lsecheck.errors import InputError, UnknownName
from lsecheck.faults import CONTROLS, FAULTS
from lsecheck.report import selftested
from lsecheck.selftest import Run, Score


@pytest.fixture(autouse=True)
def _few_cases(monkeypatch):
    """Budgets of a test."""
    monkeypatch.setattr(selftest, "CASES", 900)
    monkeypatch.setattr(selftest, "CONTROL_CASES", 700)
    monkeypatch.setattr(workers, "_THREADED", ())  # workers are forked, and have these too, whatever is loaded


def honest(monkeypatch, name):
    """The fault is mended; whether it is caught is found out as ever."""
    monkeypatch.setitem(FAULTS, name, dataclasses.replace(FAULTS[name], call=good))


def command(*words):
    """stdout and exit status."""
    said = CliRunner().invoke(main, ["selftest", "--jobs", "1", *words])
    assert said.exception is None or isinstance(said.exception, SystemExit), said.exception
    return said.stdout, said.exit_code


def score(**more):
    """A fault that was caught by everything."""
    told = {
        **{"name": "x", "meaning": "", "recalls": "", "control": False, "tiny": True, "families": {"huge": True}},
        **{"check_seconds": 2.0, "engine": "climb", "cases": 5, "fuzz_seconds": 3.0, "finding": "contract nan"},
        **{"x": "", "n": 0},
    }
    return Score(**(told | more))


def test_a_fault_is_scored_by_its_families_and_by_fuzzing():
    """Whether each family alone catches it; how soon fuzzing did, and on what."""
    (one,) = selftest.run(["shift-first"])
    fault = FAULTS["shift-first"]
    assert one.families == dict.fromkeys(fault.families, True)
    assert (one.name, one.meaning, one.recalls) == ("shift-first", fault.meaning, fault.recalls)
    assert (one.engine, one.finding) == ("enumerate", "contract infinite")
    assert one.x == "0x0p0 0x1.f4p9"
    assert one.n == 2
    assert 0 < one.cases < 900
    assert one.right
    assert not one.control
    assert one.flagged == ""


def test_a_fault_of_another_function_is_asked_of_that():
    """Function, format, effort and contract are the fault's own."""
    (one,) = selftest.run(["logaddexp-arrival-order"])
    assert one.right
    assert one.n == 2


def test_a_control_is_scored_by_what_is_held_against_it():
    """Honest code raises nothing, in a whole check and in as many cases of fuzzing as are asked for."""
    (one,) = selftest.run(["good-logaddexp"])
    assert one.control
    assert one.flagged == ""
    assert one.right
    assert one.cases >= 700
    assert (one.engine, one.families) == ("", {})


def test_a_control_that_is_wrong_is_flagged(monkeypatch):
    """By the check and by fuzzing, with the case."""
    wrong = dataclasses.replace(CONTROLS["good-logaddexp"], call=FAULTS["logaddexp-arrival-order"].call)
    monkeypatch.setitem(CONTROLS, "good-logaddexp", wrong)
    (one,) = selftest.run(["good-logaddexp"])
    assert not one.right
    assert "contract infinite: 0x0p0 0x1.f4p9" in one.flagged
    assert one.flagged.count("; ") >= 1
    stdout, status = command("good-logaddexp")
    assert status == 1
    assert "FLAGGED good-logaddexp: " in stdout
    assert "1 of 1 honest controls flagged" in stdout


def test_a_control_that_was_hardly_asked_is_flagged(monkeypatch):
    """Silence after no cases is no proof of anything."""
    fuzzed = selftest._fuzzed
    monkeypatch.setattr(selftest, "_fuzzed", lambda *given: msgspec.structs.replace(fuzzed(*given), efforts=[]))
    (one,) = selftest.run(["good-logaddexp"])
    assert not one.right
    assert one.flagged == "only 0 cases were asked"


def test_a_fault_that_is_mended_is_missed(monkeypatch):
    """Nobody catches honest code: the self-test must say so, and not that all is well."""
    honest(monkeypatch, "shift-first")
    (one,) = selftest.run(["shift-first"])
    assert one.families == dict.fromkeys(FAULTS["shift-first"].families, False)
    assert (one.engine, one.finding, one.x) == ("", "", "")
    assert not one.right
    assert one.cases >= 900


def test_a_fault_that_is_missed_fails_the_command(monkeypatch):
    """Beside others that are caught; the line says by whom it should have been."""
    honest(monkeypatch, "allninf-zero")
    stdout, status = command("allninf-zero", "n1-zero")
    assert status == 1
    assert "MISSED  allninf-zero: all -inf gives 0; not by specials; not by fuzzing in " in stdout
    assert "1 of 2 planted faults caught" in stdout
    stdout, status = command("n1-zero")
    assert status == 0
    assert "MISSED" not in stdout
    assert "1 of 1 planted faults caught" in stdout


def test_what_a_family_misses_is_said(monkeypatch):
    """Caught it is; one of its families has lost its reason all the same."""
    changed = dataclasses.replace(FAULTS["n1-zero"], families=("width", "ordered"))
    monkeypatch.setitem(FAULTS, "n1-zero", changed)
    (one,) = selftest.run(["n1-zero"])
    assert one.families == {"width": True, "ordered": False}
    assert one.engine == "enumerate"
    assert selftested.missed(one) == "not by ordered"
    assert "NOT-ordered" in selftested.render([one], 1.0)


def test_a_fault_is_right_if_anything_finds_it():
    """Some only a search can find, some only a family."""
    assert score(families={}).right
    assert not score(families={}, engine="").right
    assert score(engine="").right
    assert score(families={"huge": False}).right
    assert not score(families={"huge": False}, engine="").right
    assert not score(control=True, flagged="wrong").right
    assert score(control=True, engine="", families={}).right


def test_the_time_is_that_of_the_sooner_catch():
    """Of its families or of fuzzing; nothing where neither did."""
    assert score().seconds == 2.0
    assert score(check_seconds=5.0).seconds == 3.0
    assert score(families={"huge": False}).seconds == 3.0
    assert score(engine="").seconds == 2.0
    assert score(families={}, engine="").seconds == 0.0


def test_runs_are_written_and_read_back():
    """One score a line, so that they can be read in a diff; anything else is refused."""
    runs = [Run(seed=seed, jobs=2, seconds=1.5, scores=[score(), score(name="y", n=3)]) for seed in (0, 1)]
    text = selftest.to_json(runs)
    assert selftest.from_json(text) == runs
    assert sum('"name":"y"' in line for line in text.splitlines()) == 2
    with pytest.raises(InputError, match="no scores of lsecheck selftest"):
        selftest.from_json("[{}]")


def test_scores_come_in_the_order_asked_for_and_each_once():
    """A table is read by name; what is named twice is one."""
    done = []
    scores = selftest.run(["n1-zero", "allninf-zero", "n1-zero"], progress=lambda: done.append(1))
    assert [one.name for one in scores] == ["n1-zero", "allninf-zero"]
    assert len(done) == 2


def test_two_processes_find_the_same():
    """Whatever ends first; only seconds differ."""
    few = ["n1-zero", "allninf-zero", "good-logaddexp"]
    one, two = (
        [msgspec.structs.replace(each, check_seconds=0.0, fuzz_seconds=0.0) for each in selftest.run(few, jobs=jobs)]
        for jobs in (1, 2)
    )
    assert one == two
    assert [each.name for each in two] == few


def test_all_faults_and_controls_are_asked_by_default():
    """In the order of their tables."""
    assert selftest.names() == [*FAULTS, *CONTROLS]
    assert selftest.names(["n1-zero"]) == ["n1-zero"]


def test_names_and_jobs_that_are_none_are_refused():
    """Before anything is asked."""
    with pytest.raises(UnknownName, match="n1-zero"):
        selftest.run(["n1-zeros"])
    with pytest.raises(InputError, match="jobs must be 1 or more, got 0"):
        selftest.run(["n1-zero"], jobs=0)


def test_scores_are_written_as_json():
    """One record a fault, read back as it was."""
    stdout, status = command("n1-zero", "--json", "-")
    assert status == 0
    (one,) = msgspec.json.decode(stdout, type=list[Score])
    assert one.name == "n1-zero"
    assert one.right
    assert json.loads(stdout)[0]["families"] == dict.fromkeys(FAULTS["n1-zero"].families, True)


def test_the_smallest_cases_are_summed_up_where_three_entries_can_show_it():
    """The median of the tiny ones alone."""
    scores = [score(n=n) for n in (1, 2, 7)] + [score(n=1000, tiny=False), score(n=500, engine="")]
    said = selftested.sentence(scores)
    assert "5 of 5 planted faults caught" in said
    assert "fuzzing alone caught 4" in said
    assert "median smallest case 2 entries" in said
