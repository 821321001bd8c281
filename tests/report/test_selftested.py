"""Scores of planted faults: whoever is missed is named first and whole, and the sentence counts right."""

import re

import pytest

from lsecheck.report import selftested as words
from lsecheck.selftest import Run, Score


def score(name="no-shift", **more):
    """A fault that its family and fuzzing caught."""
    plain = dict(
        name=name, meaning="no maximum is taken out", recalls="numpy/numpy#1", control=False, tiny=True,
        families={"huge": True}, check_seconds=0.25, engine="enumerate", cases=1234, fuzz_seconds=0.5,
        finding="contract infinite", x="0x1.f4p9*2", n=2,
    )  # fmt: skip
    return Score(**(plain | more))


def control(name="two-pass", **more):
    """An honest one that was not flagged."""
    plain = dict(
        control=True, recalls="", families={}, engine="", finding="", x="", n=0, meaning="two passes", cases=60_000
    )
    return score(name, **(plain | more))


MISSED = score("missed", engine="", finding="", x="", n=0, families={"gap": False, "wide": False}, cases=150_000)
UNSEEN = score("unseen", engine="", finding="", x="", n=0, families={}, cases=150_000)
FLAGGED = control("flagged", flagged="contract nan: 0x0p0; only 9 cases were asked")


class TestTerminal:
    """`lsecheck selftest`."""

    def test_a_line_a_fault_and_a_sentence(self):
        """Everything caught: a table, and one line to read."""
        said = words.render([score(), control()], 12.4).splitlines()
        assert said[0].split("  ")[0] == "fault"
        assert said[2].split() == [
            "no-shift", "huge", "0.2", "enumerate:", "contract", "infinite", "1,234", "0.5", "[0x1.f4p9*2]",
        ]  # fmt: skip
        assert [line.split() for line in said if line.startswith("two-pass")] == [
            ["two-pass", "not", "flagged", "60,000"]
        ]
        assert said[-1] == (
            "lsecheck selftest: 1 of 1 planted faults caught, 0 of 1 honest controls flagged, fuzzing alone caught 1,"
            " median smallest case 2 entries where 3 can show it; 12 s"
        )
        assert not any(line.startswith(("MISSED", "FLAGGED")) for line in said)

    def test_what_went_wrong_is_said_in_full(self):
        """Which fault, what it is, and who should have caught it."""
        said = words.render([score(), MISSED, UNSEEN, control(), FLAGGED], 1).splitlines()
        assert "MISSED  missed: no maximum is taken out; not by gap, wide; not by fuzzing in 150,000 cases" in said
        assert "MISSED  unseen: no maximum is taken out; not by fuzzing in 150,000 cases" in said
        assert "FLAGGED flagged: contract nan: 0x0p0; only 9 cases were asked" in said
        assert said[-1].startswith(
            "lsecheck selftest: 1 of 3 planted faults caught, 1 of 2 honest controls flagged, fuzzing alone caught 1,"
        )
        (line,) = (line for line in said if line.startswith("missed "))
        assert "NOT-gap NOT-wide" in line
        assert " NO " in line

    def test_a_family_that_misses_is_noted_though_the_fault_is_caught(self):
        """A family is there for the faults that it names."""
        half = score(families={"huge": True, "wide": False})
        assert half.right
        said = words.render([half], 1)
        assert "note    no-shift: not by wide\n" in said
        assert "1 of 1 planted faults caught" in said

    def test_faults_alone_and_controls_alone(self):
        """No empty table, no `0 of 0`."""
        assert "honest control" not in words.render([score()], 1)
        alone = words.render([control()], 1)
        assert "smallest case" not in alone
        assert "honest control" in alone

    def test_a_long_case_is_told_by_its_length(self):
        """A line of 65,520 entries is no table; the JSON has it."""
        said = words.render([score(x="0x1p0 " * 40, n=4096, tiny=False)], 1)
        assert "4,096 entries" in said
        assert "median" not in said

    @pytest.mark.parametrize(("sizes", "median"), [((1,), "1"), ((1, 2), "1.5"), ((3, 1, 9), "3")])
    def test_the_median_is_of_those_that_three_entries_can_show(self, sizes, median):
        """A fault of width 1,025 has no small case: it would say nothing of shrinking."""
        scores = [score(f"fault-{n}", n=n) for n in sizes] + [score("wide", n=4096, tiny=False)]
        assert f"median smallest case {median} entries where 3 can show it" in words.sentence(scores)


class TestPage:
    """The page of several seeds."""

    def page(self):
        """Two seeds; in the second one fault is missed."""
        first = [score(), score("wide|tile", n=4096, tiny=False, x="0x1p0 " * 40), control()]
        return words.page(
            [
                Run(seed=0, jobs=2, seconds=60.4, scores=first),
                Run(seed=7, jobs=2, seconds=61.0, scores=[score(), MISSED, FLAGGED]),
            ]
        )

    def test_a_line_a_seed(self):
        """Caught, by fuzzing alone, flagged, how soon, how small."""
        said = self.page().splitlines()
        assert said[0].startswith("# ")
        cells = [
            [cell.strip() for cell in line.strip("|").split("|")] for line in said if re.match(r"\| [07] \|", line)
        ]
        assert cells == [
            ["0", "2 of 2", "2 of 2", "2 of 2", "2 of 2", "0 of 1", "0.2 s", "2 entries", "60 s, 2 processes"],
            ["7", "1 of 2", "1 of 2", "1 of 2", "1 of 2", "1 of 1", "0.2 s", "2 entries", "61 s, 2 processes"],
        ]

    def test_the_first_seed_one_by_one(self):
        """Every fault with its families, its smallest case and what it recalls; then the controls."""
        said = self.page()
        assert "## One by one (seed 0)" in said
        assert (
            "| `no-shift` | no maximum is taken out | huge | enumerate, 1,234 | [0x1.f4p9*2] | numpy/numpy#1 |"
        ) in said
        assert "| `two-pass` | two passes | not flagged | 60,000 |" in said
        assert "missed" not in said.split("## One by one")[1]

    def test_is_a_table_whatever_is_in_it(self):
        """Every row has as many cells as its header: a bar in a name is escaped."""
        header = 0
        for line in self.page().splitlines():
            cells = len(re.findall(r"(?<!\\)\|", line))
            header = 0 if not line.startswith("|") else header or cells
            assert cells == header

    def test_what_was_missed_stands_there(self):
        """A page of a release cannot hide it."""
        said = words.page([Run(seed=3, jobs=1, seconds=1.0, scores=[MISSED, FLAGGED])])
        assert "| `missed` | no maximum is taken out | not gap, not wide | no | - |" in said
        assert "contract nan: 0x0p0; only 9 cases were asked" in said
