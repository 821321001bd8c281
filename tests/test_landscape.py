"""landscape: where errors lie, in cells a factor of four wide."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from lsecheck import check, formats, functions
from lsecheck.charges import Asked, charges
from lsecheck.contracts import LADDER, Contract
from lsecheck.functions.definition import Domain, Expected
from lsecheck.inputs.batch import Batch
from lsecheck.landscape import Landscape
from lsecheck.measure import errors
from lsecheck.oracle.truth import certify
from lsecheck.rows import WIDEST, Dot
from lsecheck.subjects import load
from lsecheck.subjects.subject import ask


def asked(name, function, rows, fmt="float32"):
    """A method's answers to rows of equal length, measured."""
    pair, defined = formats.pair(fmt), functions.named(function)
    values = formats.widen(formats.cast(np.atleast_2d(np.array(rows, np.float64)), pair.input))
    batch = Batch("hand", 0, np.arange(len(values)), values, None)
    truth = certify(defined, values, pair)
    answers = ask(load(name), defined, values, pair, None)
    return Asked(batch, truth, answers, errors(truth, answers.values))


def landscape(*parts):
    """All of it."""
    found = Landscape()
    for part in parts:
        found.add(part, charges(part, Contract.SHIFTED))
    return found


def upper(number, least, most):
    """The slow way: the least power of 4 that is not below a number."""
    power = least
    while power < most and 4.0**power < number:
        power += 1
    return 4.0**power


RANDOM = np.random.default_rng(8).normal(size=(300, 9)) * np.geomspace(1e-4, 300, 300)[:, None]


def short(number):
    """To three digits."""
    return float(f"{number:.3g}")


@pytest.mark.parametrize("function", ["logsumexp", "softmax", "log_softmax"])
def test_every_scored_output_is_in_the_cell_of_its_condition_and_the_worst_two_are_kept(function):
    """A twin that looks at one output after the other."""
    given = asked("max-shift", function, RANDOM)
    errors, cells = given.errors, {}
    for kappa, ulp, scaled, rung in zip(
        errors.condition.ravel(), errors.ulp.ravel(), errors.scaled.ravel(), errors.rung.ravel(), strict=True
    ):
        cells.setdefault(upper(kappa, -2, 511), []).append((ulp, rung, scaled, kappa))

    def dot(of):
        ulp, rung, scaled, kappa = of
        return Dot(short(kappa), short(ulp), short(scaled), str(LADDER[rung]))

    found = landscape(given).by_condition()
    assert [one.upto for one in found] == sorted(cells)
    assert any(one.largest != one.weakest for one in found)
    for one in found:
        inside = cells[one.upto]
        assert one.outputs == len(inside)
        assert one.largest == dot(max(inside, key=lambda each: each[0]))
        assert one.weakest == dot(max(inside, key=lambda each: each[1:3]))


def test_a_worse_e_at_a_smaller_condition_does_not_hide_behind_a_larger_ulp_error():
    """Both are of one cell, 4 to 16."""
    given = asked("max-shift", "logsumexp", [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
    made = {"condition": [5.0, 15.0, 6.0], "ulp": [60.0, 99.0, 9.0], "scaled": [14.9, 9.5, 3.0], "rung": [2, 2, 1]}
    errors = replace(given.errors, **{name: np.array(each)[:, None] for name, each in made.items()})
    (one,) = landscape(given._replace(errors=errors)).by_condition()
    assert one.largest == Dot(15.0, 99.0, 9.5, "conditioned")
    assert one.weakest == Dot(5.0, 60.0, 14.9, "conditioned")
    errors.rung[2] = 4
    (one,) = landscape(given._replace(errors=errors)).by_condition()
    assert one.weakest == Dot(6.0, 9.0, 3.0, "sequential"), "a weaker contract stands worse, whatever its E"


def test_rows_that_are_judged_apart_have_no_part_in_what_lies_by_condition():
    """float16 sums of more than 65,504 terms leave the format: no contract speaks of them."""
    long = asked("max-shift@float32", "logsumexp", np.zeros((1, 70_000)), "float16")
    charged = charges(long, Contract.SHIFTED)
    assert charged.domains.tolist() == [Domain.RANGE]
    assert charged.scored.all()
    assert landscape(long).by_condition() == []
    assert sum(one.outputs for one in landscape(asked("max-shift", "softmax", RANDOM)).by_condition()) == RANDOM.size


@pytest.mark.parametrize("method", ["logaddexp-fold", "log1p-shift", "max-shift"])
@pytest.mark.parametrize("fmt", ["float16", "float32"])
def test_the_weakest_of_all_cells_stands_as_its_row_does(method, fmt):
    """The contract of a row and its E are not larger than what a picture of it can show."""
    found = check([method], "logsumexp", formats=[fmt], families=["gap", "near-zero", "offset", "long"], effort="quick")
    assert found.rows
    for row in found.rows:
        dots = [dot for cell in row.by_condition for dot in (cell.largest, cell.weakest)]
        assert sum(cell.outputs for cell in row.by_condition) == sum(count for _, count in row.histogram)
        if not row.class_errors:
            assert max(Contract(dot.contract).rung for dot in dots) == Contract(row.contract).rung
        weakest = [dot for dot in dots if dot.contract == row.contract]
        assert max(dot.scaled for dot in dots) <= short(row.max_scaled)
        if not row.class_errors:
            assert isinstance(row.witness.scaled, float)
            assert max(dot.scaled for dot in weakest) == short(row.witness.scaled)


@pytest.mark.parametrize("function", ["logsumexp", "softmax"])
def test_every_row_is_in_the_cell_of_its_length_and_spread(function):
    """Another twin; nine entries are among up to 16."""
    given = asked("max-shift", function, RANDOM)
    cells = {}
    for row, scaled in zip(given.batch.values, given.errors.scaled, strict=True):
        cells.setdefault(upper(row.max() - row.min(), -3, 10), []).extend(scaled)
    found = landscape(given).by_place()
    assert [(one.n, one.spread) for one in found] == [(16, spread) for spread in sorted(cells)]
    for one in found:
        assert (one.outputs, one.scaled) == (len(cells[one.spread]), float(f"{max(cells[one.spread]):.3g}"))


def test_batches_of_one_length_add_up_in_any_order():
    """What is kept is a maximum, and a count."""
    parts = [asked("max-shift", "logsumexp", rows) for rows in np.array_split(RANDOM, 7)]
    whole = landscape(asked("max-shift", "logsumexp", RANDOM))
    for order in (parts, parts[::-1]):
        found = landscape(*order)
        assert found.by_place() == whole.by_place()
        assert [_sizes(one) for one in found.by_condition()] == [_sizes(one) for one in whole.by_condition()]


def _sizes(cell):
    """Of equals the first stays, and which comes first may differ."""
    return cell.upto, cell.outputs, cell.largest.ulp, cell.weakest.contract, cell.weakest.scaled


def test_lengths_and_spreads_on_an_edge_belong_below_it():
    """Upper ends are in their cell."""
    for n, cell in ((1, 1), (2, 4), (4, 4), (5, 16), (16, 16), (17, 64)):
        (one,) = landscape(asked("max-shift", "logsumexp", np.zeros((1, n)))).by_place()
        assert (one.n, one.spread, one.outputs, one.wrong) == (cell, 0.0, 1, 0)
    gaps = {1e-9: 2.0**-6, 2.0**-6: 2.0**-6, 1.0: 1.0, 4.0: 4.0, 4.5: 16.0, 2.0**18: 2.0**18}
    for gap, cell in (gaps | {2.0**18 + 1: WIDEST, 1e30: WIDEST}).items():
        (one,) = landscape(asked("max-shift", "logsumexp", [[0.0, -gap]])).by_place()
        assert one.spread == cell, gap


def test_answers_of_a_wrong_kind_are_counted_where_they_are():
    """naive overflows from 89 on: no number is scored there."""
    (one,) = landscape(asked("naive", "logsumexp", [[100.0, 100.0], [90.0, 90.0], [0.0, 0.0]])).by_place()
    assert (one.outputs, one.wrong) == (1, 2)
    assert one.scaled < 1


def test_answers_of_a_wrong_kind_are_counted_in_their_own_cell():
    """A batch has rows of several spreads: what is wrong in one is not wrong in the others."""
    found = landscape(
        asked("naive", "logsumexp", [[100.0, 100.0], [0.0, -3.0], [100.0, 40.0], [100.0, 41.0]])
    ).by_place()
    assert [(one.spread, one.outputs, one.wrong) for one in found] == [(0.0, 0, 1), (4.0, 1, 0), (64.0, 0, 2)]


def test_masked_entries_have_no_part_in_the_spread_and_other_special_rows_have_none():
    """-inf adds exactly nothing; a row of nan, +inf or nothing at all lies nowhere."""
    rows = [[0.0, -np.inf, -3.0], [np.nan, 0.0, 1.0], [np.inf, 0.0, 1.0], [-np.inf] * 3]
    given = asked("log1p-shift", "logsumexp", rows)
    assert given.truth.expected[:, 0].tolist()[0] == Expected.NUMBER
    (one,) = landscape(given).by_place()
    assert (one.spread, one.outputs, one.wrong) == (4.0, 1, 0)
    assert landscape(asked("log1p-shift", "logsumexp", np.zeros((2, 0)))).by_place() == []


def test_a_spread_and_a_condition_past_every_number_stay_finite():
    """2 M overflows; κ of an answer that rounds to nothing is unbounded. JSON has no infinity."""
    top = sys.float_info.max
    (one,) = landscape(asked("log1p-shift", "logsumexp", [[top, -top]], "float64")).by_place()
    assert one.spread == 2.0**20
    given = asked("max-shift", "logsumexp", [[0.0, 1.0]])
    unbounded = replace(given.errors, condition=np.full((1, 1), np.inf))
    (one,) = landscape(given._replace(errors=unbounded)).by_condition()
    assert (one.upto, one.largest.condition, one.weakest.condition) == (top, top, top)
