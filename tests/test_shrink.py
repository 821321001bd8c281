"""Shrinking: the smallest case still breaks the same, alone or with copies of itself, and is simple."""

from statistics import median

import numpy as np
import pytest
from fuzz.arenas import arena, failing, first_broken, good, planted

import lsecheck
from lsecheck import formats, shrink
from lsecheck.arena import Arena, Charge
from lsecheck.faults import FAULTS
from lsecheck.formats import FORMATS
from lsecheck.shrink import Case, Shrinker, shrunk, simpler
from lsecheck.subjects.loading import Loading

INF, NAN = float("inf"), float("nan")
INACCURATE = Charge("contract", "inaccurate", "a number")


def found(name, family=None):
    """A fault, and the first case of a family that it breaks."""
    asked = planted(name)
    heard = first_broken(asked, family or FAULTS[name].families[0], FAULTS[name].effort)
    row, (charge, _) = next(iter(heard.charge.items()))
    batch = heard.asked.batch
    label = None if batch.labels is None else int(batch.labels[row])
    return asked, charge, Case(batch.values[row], label, 1, batch.plan)


def again(asked, case):
    """The charges of a case as it would be reproduced."""
    labels = None if case.label is None else np.full(case.copies, case.label)
    heard = asked.fresh().hear(np.repeat(case.row[None, :], case.copies, axis=0), labels, case.plan)
    return {charge for charge, _ in heard.charge.values()}


MINIMAL = [
    ("shift-first", "ordered", [0.0, 1000.0]),
    ("shift-absmax", "huge", [-1000.0]),
    ("allninf-nan", "specials", [-INF]),
    ("empty-raises", "specials", []),
    ("two-pinf-nan", "specials", [INF] * 2),
    ("n1-zero", "extremes", [1.0]),
    ("masked-as-1e4", "masked", [-INF, -20000.0]),
    ("nan-first-tile-only", "specials", [0.0] * 32 + [NAN]),
    ("tail-dropped-4", "subnormal", [0.0] * 5),
    ("tail-dropped-128", "ordinary", [0.0] * 129),
    ("n-gt-1024-ignored", "dominant", [0.0] * 1025),
    ("width-513-1023-odd", "width", [0.0] * 513),
    ("tile-max-only", "ordered", [1000.0] * 32 + [0.0]),
    ("masked-tile-max-0-of-32", "masked", [-INF] * 32 + [-1000.0]),
    ("rescale-missing", "wide", [0.0] * 32 + [1.0]),
    ("terms-cast-f16", "tiny", [1.0, 0.0]),
    ("softmax-masked-weight", "masked", [-INF, 0.0]),
    ("logaddexp-arrival-order", "huge", [0.0, 1000.0]),
]


class TestTheSmallestCase:
    """What a reader is shown."""

    @pytest.mark.parametrize(("name", "family", "smallest"), MINIMAL, ids=[name for name, _, _ in MINIMAL])
    def test_planted_faults_are_shrunk_to_their_essence(self, name, family, smallest):
        """The numbers that are left are those that matter: the width, the place of a mask, a gap."""
        asked, charge, case = found(name, family)
        least, tried = shrunk(asked, charge, case)
        assert np.array_equal(least.row, smallest, equal_nan=True), least.row
        assert least.copies == 1
        assert again(asked, least) == {charge}
        assert len(least.row) <= len(case.row)
        assert 1 <= tried < 3000

    def test_one_width_of_all_is_kept(self):
        """No other breaks: what can be made simpler are its numbers."""
        asked = planted("lost-at-1700")
        row = asked.held(np.random.default_rng(0).normal(size=(1, 1700)))[0]
        least, _ = shrunk(asked, INACCURATE, Case(row))
        assert least.row.tolist() == [0.0] * 1700
        assert least.copies == 1

    def test_a_label_is_kept_where_it_is_what_matters(self):
        """The label 255 is ignored: rows that have one need 256 entries."""
        asked = planted("xent-ignores-255")
        row = asked.held(np.random.default_rng(0).normal(size=(1, 300)))[0]
        least, _ = shrunk(asked, INACCURATE, Case(row, 255))
        assert least.row.tolist() == [0.0] * 256
        assert least.label == 255

    def test_equal_entries_on_either_side_of_a_label_are_not_the_same(self):
        """Wrong where the label is 3 or more: only what stands behind it can go."""

        def mislaid(x, labels):
            return lsecheck.cross_entropy(x, labels) + np.where(labels >= 3, 1, 0).astype(x.dtype)

        asked = arena(mislaid, "cross_entropy")
        least, _ = shrunk(asked, INACCURATE, Case(np.zeros(40), 3))
        assert (least.row.tolist(), least.label) == ([0.0] * 4, 3)

    def test_tiny_faults_are_shown_by_tiny_cases(self):
        """The median of what three entries can show is at most three: a sample of 40 of them by a stride."""
        tiny = [name for name, fault in FAULTS.items() if fault.tiny and set(fault.families) - {"conduct"}]
        lengths = []
        for name in tiny[:: len(tiny) // 40][:40]:
            family = next(family for family in FAULTS[name].families if family != "conduct")
            asked, charge, case = found(name, family)
            least, _ = shrunk(asked, charge, case)
            assert again(asked, least) == {charge}, name
            assert len(least.row) <= len(case.row), name
            lengths.append(len(least.row))
        assert len(lengths) == 40
        assert median(lengths) <= 3

    def test_a_fault_that_needs_a_second_row_is_shown_by_two(self):
        """Alone the row is answered right; what is shown are equal rows, as many as it takes."""
        asked, charge, case = found("rows-ge-2-only", "width")
        least, _ = shrunk(asked, charge, case)
        assert least.row.tolist() == [0.0] * 513
        assert least.copies == 2
        assert again(asked, least) == {charge}
        assert again(asked, least._replace(copies=1)) == set()

    def test_a_square_fault_is_shown_by_as_many_rows_as_entries(self):
        """Rows taken for columns: one and two equal rows of four do not show it."""

        def square(x, axis=-1):
            return good(x, axis) + (x.shape[0] == x.shape[1] > 2)

        asked = arena(square)
        row = np.arange(6.0)
        least, _ = shrunk(asked, INACCURATE, Case(row))
        assert least.copies == 6
        assert len(least.row) == 6
        assert again(asked, least) == {INACCURATE}

    def test_what_needs_its_own_neighbours_is_left_as_it_is(self):
        """The reader is told so, and shown the row as it was found."""
        asked, charge, case = found("softmax-prefix-cache", "masked")
        least, tried = shrunk(asked, charge, case)
        assert least.copies == 0
        assert np.array_equal(least.row, case.row)
        assert tried > 0

    def test_how_a_stream_was_fed_is_kept(self):
        """The same row in one update is answered right."""
        asked = planted("stream-arrival-order")
        heard = asked.hear(np.array([[-1000.0, 3.5, 1000.0, 2.25]]), plan="(2 2)")
        charge, _ = heard.charge[0]
        least, _ = shrunk(asked, charge, Case(heard.asked.batch.values[0], None, 1, "(2 2)"))
        assert len(least.row) <= 3
        assert least.plan in ("(1 1)", "(2 2)", "(() 2)")
        assert again(asked, least) == {charge}
        assert again(asked, least._replace(plan="")) == set()


class TestTheCharge:
    """It is the same finding, or it is none."""

    @pytest.mark.parametrize(
        ("row", "charge", "smallest"),
        [
            ([500.0, NAN, 3.5, 500.0], ("specials", "finite", "nan"), [NAN]),
            ([500.0, 1.25, -INF, 500.0], ("specials", "infinite", "a number"), [-INF, 500.0]),
            ([500.0, 1.25, 3.5, 500.0], ("contract", "infinite", "a number"), [500.0]),
        ],
    )
    def test_another_finding_of_the_same_subject_is_not_taken_for_it(self, row, charge, smallest):
        """It drops nan and overflows beyond 100: each of them keeps to its own cases."""

        def two_faults(x, axis=-1):
            with np.errstate(all="ignore"):
                y = np.where(np.nanmax(x, axis, initial=-INF) > 100, INF, good(x, axis))
                return np.where(np.isnan(x).any(axis), 0.0, y).astype(x.dtype)

        asked = arena(two_faults)
        (seen,) = asked.hear(np.array([row])).charge.values()
        assert seen[0] == Charge(*charge)
        least, _ = shrunk(asked, seen[0], Case(np.array(row)))
        assert np.array_equal(np.sort(least.row), np.sort(smallest), equal_nan=True), least.row

    def test_what_breaks_only_beside_other_candidates_is_no_smaller_case(self):
        """Thousands are tried together, and whoever breaks is asked again alone: a reproducer is one row."""

        def crowd(x, axis=-1):
            wrong = (x == 7).any(axis) if len(x) == 1 else np.ones(len(x), bool)
            return good(x, axis) + wrong

        asked = arena(crowd)
        least, _ = shrunk(asked, INACCURATE, Case(np.array([1.5, 7.0, 2.5, 3.5, 4.5])))
        assert least.row.tolist() == [7.0]
        assert again(asked, least) == {INACCURATE}

    def test_a_label_goes_with_its_entry(self):
        """Entries before it are left out: the label moves with what it points at."""

        def at_seven(x, labels):
            from lsecheck.faults import CONTROLS

            y = CONTROLS["good-cross-entropy"].call(x, labels)
            return y + (x[np.arange(len(x)), labels] == 7)

        asked = arena(at_seven, "cross_entropy")
        row = np.array([1.5, 2.5, 0.25, 7.0, 4.5, 3.25, 1.0])
        least, _ = shrunk(asked, INACCURATE, Case(row, 3))
        assert least.row.tolist() == [7.0]
        assert least.label == 0

    def test_a_pair_stays_a_pair(self):
        """logaddexp has no rows of one."""

        def at_seven(a, b):
            return np.logaddexp(a, b) + (a == 7)

        least, _ = shrunk(arena(at_seven, "logaddexp"), INACCURATE, Case(np.array([7.0, 3.14159265])))
        assert least.row.tolist() == [7.0, 7.0]

    def test_a_case_that_does_not_break_is_left_alone(self):
        """It was another row's finding, or no finding twice."""
        row = np.array([1.0, 2.0, 3.0])
        least, tried = shrunk(arena(good), INACCURATE, Case(row))
        assert least.copies == 0
        assert least.row.tolist() == row.tolist()
        assert tried == 1 + 2 + 3

    def test_a_row_without_entries_is_as_small_as_can_be(self):
        """There is nothing to leave out."""
        raised = Charge("specials", "raised", "an answer")
        least, tried = shrunk(arena(failing), raised, Case(np.empty(0)))
        assert (len(least.row), least.copies, tried) == (0, 1, 1)


SOURCE = '''
"""Right, but for rows of two entries or more with one above 100."""

import os

import numpy as np


def lse(x, axis):
    m = x.max(axis, keepdims=True)
    return np.log(np.exp(x - m).sum(axis)) + m.squeeze(axis)


def crashing(x, axis):
    if x.shape[axis] > 1 and x.max() > 100:
        os._exit(3)
    return lse(x, axis)


def hanging(x, axis):
    while x.shape[axis] > 1 and x.max() > 100:
        pass
    return lse(x, axis)
'''


@pytest.mark.parametrize(("name", "kind", "seconds"), [("crashing", "crashed", 10.0), ("hanging", "timed-out", 0.4)])
def test_a_crash_and_a_hang_are_shrunk_in_a_process_of_their_own(name, kind, seconds, tmp_path):
    """Every candidate that breaks costs a process or a wait, and the search goes on in another."""
    (tmp_path / "lost.py").write_text(SOURCE)
    asked = arena(f"{tmp_path / 'lost.py'}:{name}", loading=Loading(isolated=True, seconds=seconds))
    charge = Charge("contract", kind, "an answer")
    least, _ = shrunk(asked, charge, Case(np.array([0.5, 123.25, -3.5])))
    assert least.row.tolist() == [1000.0, 1000.0]
    assert least.copies == 1
    assert again(asked, least) == {charge}
    assert asked.patience.crashes == 64
    assert asked.patience.hangs == 8


class TestBudget:
    """Shrinking is worth so many cases and seconds, and keeps what it has by then."""

    def test_what_is_found_by_the_last_case_is_kept(self):
        """A smaller case is a smaller case, however small it might have become."""
        asked, charge, case = found("tail-dropped-128", "ordinary")
        lengths, tries = [], []
        for cases in (1, 60, 100_000):
            shrinker = Shrinker(asked.fresh(), charge, cases=cases)
            least = shrinker.smallest(case)
            assert again(asked, least) == {charge}
            lengths.append(shrink._complexity(least.row, asked.pair.input))
            tries.append(shrinker.tried)
        assert lengths == sorted(lengths, reverse=True)
        assert lengths[0] > lengths[-1]
        assert tries[0] < tries[1] < tries[2] < 3000

    @pytest.mark.parametrize("spent", [{"seconds": 0.0}, {"cases": 0}])
    def test_without_a_budget_nothing_is_tried(self, spent):
        """The case is shown as it was found."""
        asked, charge, case = found("tail-dropped-128", "ordinary")
        shrinker = Shrinker(asked.fresh(), charge, **spent)
        assert shrinker.spent
        assert shrinker.smallest(case) is case
        assert shrinker.tried == 0

    def test_every_case_is_counted_with_its_copies(self):
        """The number of cases tried is part of the report."""
        shrinker = Shrinker(arena(good), INACCURATE)
        assert not shrinker.breaks(Case(np.zeros(3), copies=5))
        assert shrinker.tried == 5


IN_EVERY_FORMAT = list(FORMATS)


class TestSimplicity:
    """Shorter is simpler, then fewer different values, then simpler numbers."""

    def test_numbers_are_in_order_of_what_there_is_to_them(self):
        """0 is nothing, round integers are little, bits and far exponents are much."""
        order = [0.0, 1.0, -1.0, INF, 10.0, 1000.0, 12.0, 123.0, 1.5, 1.25, 0.1]
        costs = [shrink._cost(value, FORMATS["float32"]) for value in order]
        assert costs == sorted(costs, key=lambda cost: cost) or costs.index(max(costs)) == len(costs) - 1
        cost = dict(zip(order, costs, strict=True))
        assert cost[0.0] < cost[1.0] < cost[-1.0] < cost[12.0] < cost[123.0] < cost[1.5] < cost[1.25] < cost[0.1]
        assert cost[1000.0] == cost[1.0]
        assert shrink._cost(2.0**-100, FORMATS["float32"]) > cost[1.5]

    def test_rows_are_in_order_of_runs_then_values_then_numbers(self):
        """31 zeros and a nan are simpler than 3 and 4 in turn."""
        fmt = FORMATS["float32"]
        rows = [[0.0] * 9, [1.5] * 9, [0.0] * 8 + [NAN], [0.0, 1.0, 0.0], [0.0, 1.0, 2.0], [0.0, 0.1, 0.0, 0.1]]
        found_ = [shrink._complexity(np.array(row), fmt) for row in rows]
        assert found_ == sorted(found_)
        assert len(set(found_)) == len(rows)

    @pytest.mark.parametrize("fmt", IN_EVERY_FORMAT)
    @pytest.mark.parametrize("value", [0.1, -17.738, 1e-5, 300.0, -1.0, 0.0, INF, NAN])
    def test_simpler_numbers_are_numbers_of_the_format(self, fmt, value):
        """They are asked as they are; some of them are really simpler, unless nothing is."""
        defined = FORMATS[fmt]
        held = float(arena(good, fmt=fmt).held(np.array([[value]]))[0, 0])
        offered = np.array(list(simpler(held, defined)))
        assert np.isfinite(offered).all()
        assert np.array_equal(formats.widen(formats.cast(offered, defined)), offered)
        assert any(shrink._cost(each, defined) < shrink._cost(held, defined) for each in offered) == (held != 0)
        if np.isfinite(held) and held:
            assert min(abs(each - held) for each in offered) <= abs(held) / 4

    @pytest.mark.parametrize("fmt", IN_EVERY_FORMAT)
    def test_only_numbers_of_the_format_are_tried(self, fmt, monkeypatch):
        """A candidate that is rounded on the way breaks as another."""
        tried = []
        hear = Arena.hear
        monkeypatch.setattr(
            Arena, "hear", lambda self, values, *more: (tried.append(values), hear(self, values, *more))[1]
        )

        def off(x, axis=-1):
            large = (x.max(axis) > 50) & (x.shape[axis] > 4)
            return np.where(large, good(x.astype(np.float64), axis) / 4, good(x, axis)).astype(x.dtype)

        asked = arena(off, fmt=fmt)
        row = asked.held(np.array([[1.25, -1e300, 0.1, 117.3, -2.5, 1e-9, 3.0]]))[0]
        least, _ = shrunk(asked, INACCURATE, Case(row))
        assert len(least.row) == 5
        for values in tried:
            assert np.array_equal(formats.widen(formats.cast(values, asked.pair.input)), values, equal_nan=True)
            assert asked.pair.input.has_infinity or np.isfinite(values).all()
