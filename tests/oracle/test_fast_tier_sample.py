"""scripts/check_fast_tier.py: a sample of what it runs, planted errors that it must see, its committed report."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


def load_check_fast_tier():
    """The script that compares the tiers at full size: its comparison serves here as well."""
    spec = importlib.util.spec_from_file_location("check_fast_tier", ROOT / "scripts" / "check_fast_tier.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


check_fast_tier = load_check_fast_tier()


def sample(rows: int, seed: int = 1) -> list:
    """A few rows of every kind in every pair of formats."""
    every = check_fast_tier.tasks(1, seed, ("numpy",), rows)
    return [task for task in every if task.sort == "short"]


def outcome(todo: list) -> "tuple[int, int, int, list[str]]":
    """Cases, violations, disagreements, reasons."""
    found, interrupted = check_fast_tier.run(todo)
    assert not interrupted
    return (*(found.total(name) for name in ("cases", "violations", "disagreements")), found.reasons)


class TestSample:
    """Short rows against the interval tier, long ones against arb."""

    def test_no_truth_is_outside_and_no_decision_is_wrong(self):
        """3,000 cases here, 10^6 per pair of formats in the report."""
        cases, violations, disagreements, reasons = outcome(sample(rows=4, seed=2))
        assert cases >= 3000
        assert (violations, disagreements, reasons) == (0, 0, [])

    def test_no_long_row_is_outside(self):
        """One of each kind; the report has 40 per pair of formats."""
        every = check_fast_tier.tasks(1, 3, ("numpy",), 1)
        todo = [task for task in every if (task.sort, task.pair) == ("long", "float32")][
            : len(check_fast_tier.LONG_KINDS)
        ]
        cases, violations, disagreements, reasons = outcome(todo)
        assert cases == 4 * len(check_fast_tier.LONG_KINDS)
        assert (violations, disagreements, reasons) == (0, 0, [])

    def test_every_kind_and_every_pair_is_in_the_sample(self):
        """A kind that no task asks for would prove nothing."""
        assert {task.kind for task in sample(rows=4)} == set(check_fast_tier.KINDS)
        assert {task.pair for task in sample(rows=4)} == set(check_fast_tier.PAIRS)


class TestPlantedErrors:
    """A comparison that cannot fail proves nothing: spoil each thing it should see."""

    def spoiled(self, monkeypatch, **changes) -> "tuple[int, int, int, list[str]]":
        """A small sample with some of the fast tier's answers changed."""
        right = check_fast_tier.ask

        def ask(*given):
            found = right(*given)
            return found._replace(**{name: change(found) for name, change in changes.items()})

        monkeypatch.setattr(check_fast_tier, "ask", ask)
        todo = [
            task for task in sample(rows=4) if task.pair == "float64" and task.kind in ("plain", "ties", "exp table")
        ]
        return outcome(todo)

    @pytest.mark.parametrize("factor", [0.0, 2.0**-8])
    def test_a_radius_that_is_too_small_is_a_violation(self, monkeypatch, factor):
        """The truth then lies outside, and the reason can be pasted back."""
        _, violations, _, reasons = self.spoiled(monkeypatch, radius=lambda found: found.radius * factor)
        assert violations > 0
        assert "the truth is not inside" in reasons[0]
        assert re.search(r"\w+ float64 \[-?0x", reasons[0])

    @pytest.mark.parametrize(
        "changes",
        [
            {"low": lambda found: found.low + 2.5 * found.radius},
            {"high": lambda found: np.nextafter(found.high, np.inf)},
            {"scale": lambda found: found.scale + 1},
            {"radius": lambda found: np.full_like(found.radius, np.nan)},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_a_centre_that_is_off_is_a_violation(self, monkeypatch, changes):
        """Each of the numbers that make an enclosure."""
        _, violations, _, _ = self.spoiled(monkeypatch, **changes)
        assert violations > 0

    @pytest.mark.parametrize(
        "changes",
        [
            {"places": lambda found: found.places + 1},
            {"side": lambda found: -found.side},
            {"exponent": lambda found: found.exponent + 1},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_a_wrong_decision_is_a_disagreement(self, monkeypatch, changes):
        """Ordinal, side and exponent, each by itself."""
        _, violations, disagreements, reasons = self.spoiled(monkeypatch, **changes)
        assert violations == 0
        assert disagreements > 0
        assert "is decided otherwise" in reasons[0]

    def test_a_decision_beyond_the_largest_entry_is_a_disagreement(self, monkeypatch):
        """Nothing is claimed of rows with an entry past 2^1000."""
        right = check_fast_tier.ask
        everything = lambda *given: right(*given)._replace(decided=np.ones_like(right(*given).decided))  # noqa: E731
        monkeypatch.setattr(check_fast_tier, "ask", everything)
        todo = [task for task in sample(rows=8) if (task.pair, task.kind) == ("float64", "largest")]
        assert outcome(todo)[2] > 0


class TestReport:
    """reports/fast-tier.md, as committed, and as written."""

    TEXT = (ROOT / "reports" / "fast-tier.md").read_text(encoding="utf-8")

    def section(self, title: str) -> "dict[str, list[str]]":
        """First cell -> other cells, of the first table under a heading."""
        body = self.TEXT.split(f"\n## {title}\n")[1]
        table = body[body.index("\n|") + 1 :].split("\n\n")[0]
        rows = [re.split(r" *\| *", line.strip("| ")) for line in table.splitlines()]
        return {cells[0]: cells[1:] for cells in rows[2:]}

    def test_a_million_cases_of_every_format_without_a_violation(self):
        """The first line, and the table that it sums up."""
        assert re.search(r"^0 violations and 0 disagreements in [\d,]+ sampled cases", self.TEXT, re.MULTILINE)
        table = self.section("By format")
        assert set(table) == set(check_fast_tier.PAIRS)
        for _, cases, _, violations, disagreements, *_ in table.values():
            assert int(cases.replace(",", "")) >= 1_000_000
            assert (violations, disagreements) == ("0", "0")

    def test_no_long_row_has_a_violation(self):
        """A few hundred rows against arb."""
        table = self.section("Long rows")
        assert set(table) == set(check_fast_tier.PAIRS)
        assert sum(int(cells[0]) for cells in table.values()) >= 300
        assert {(cells[3], cells[4]) for cells in table.values()} == {("0", "0")}

    def test_every_kind_is_in_the_report(self):
        """A new kind needs a new run."""
        assert set(check_fast_tier.KINDS) == {name.split(":")[0] for name in self.section("By kind")}

    def test_the_report_of_a_sample_shows_its_counts(self):
        """Violations and cases that were counted are what the tables say."""
        found, _ = check_fast_tier.run([task for task in sample(rows=1) if task.pair == "float16"])
        key = ("short", "float16", "plain", "softmax")
        found.counts["violations"][key] += 7
        text = check_fast_tier.report(found, 5, "1 s", "check")
        assert text.startswith("# The fast tier against the interval tier and arb\n\n7 violations and 0 disagreements")
        total = found.total("cases", sort="short")
        assert re.search(rf"\| float16 \| \d+ \| {total} \| \d+ \| 7 \| 0 \|", text)
