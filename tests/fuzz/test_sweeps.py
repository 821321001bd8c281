"""Sweeps: what is known in closed form is true, suspects what is wrong, and leaves alone what is honest."""

import functools
from itertools import islice, product

import numpy as np
import pytest

from fuzz.arenas import answering, arena, failing, good, planted, recorded
from lsecheck import formats, functions
from lsecheck.faults import CONTROLS
from lsecheck.formats import FORMATS, FormatPair
from lsecheck.functions.definition import Expected
from lsecheck.fuzz import sweeps
from lsecheck.fuzz.sweeps import ENTRIES, SUSPECTS, Bar, Known, Screened, of_runs, screened, together
from lsecheck.oracle.truth import certify
from lsecheck.subjects.loading import Loading

INF, NAN = float("inf"), float("nan")
ANY_LENGTH = (sweeps.masks, sweeps.widths, sweeps.spikes, sweeps.two_runs, sweeps.long_widths)
SWEEPS = (*ANY_LENGTH, sweeps.labels)
#: of float64, in which closed forms are computed
U = 2.0**-53
FLOAT32 = FORMATS["float32"]


@functools.lru_cache(len(SWEEPS))
def part(sweep, fmt):
    """Some of a sweep, by a stride that divides no loop of it; kept until the next format is asked for."""
    return list(islice(sweep(FORMATS[fmt]), 3, 700, 29))


@functools.cache
def sampled(sweep, fmt):
    """Four rows of each of them, without the longest ones."""
    short = [known for known in part(sweep, fmt) if known.values.size <= 50_000]
    return [chosen(known, np.linspace(0, len(known.values) - 1, 4)) for known in short]


def chosen(known, rows):
    """Some rows."""
    rows = np.unique(np.asarray(rows).astype(int))
    return Known(*(None if part is None else part[rows] for part in known))


def run(asked, sweep):
    """Cases screened, and the batches that were heard."""
    events = list(screened(asked, sweep))
    heard = [event for event in events if not isinstance(event, Screened)]
    return sum(event.cases for event in events if isinstance(event, Screened)), heard


def charged(heard):
    """The charges of batches."""
    return {charge for each in heard for charge, _ in each.charge.values()}


def rows(n, count=1, value=0.0):
    """Equal rows, and what is right there."""
    return of_runs([(np.full(count, value), n)])


class TestClosedForms:
    """A sweep asks thousands of rows without the oracle: what it takes for right must be right."""

    @pytest.mark.parametrize(
        ("function", "fmt"),
        [
            *(("logsumexp", fmt) for fmt in FORMATS),
            *product(("log_softmax", "cross_entropy", "softmax"), ("float16", "float64", "float8_e4m3fn")),
        ],
    )
    def test_they_agree_with_the_certified_truth(self, function, fmt):
        """To a few roundings of float64, relative to |y| + K, and in kind at special values."""
        defined, pair = functions.named(function), FormatPair(FORMATS[fmt], FORMATS[fmt])
        numbers = 0
        for sweep in SWEEPS if function == "cross_entropy" else ANY_LENGTH:
            for picked in sampled(sweep, fmt):
                largest = np.abs(np.where(np.isfinite(picked.values), picked.values, 0.0)).max(-1)
                if function == "softmax":  # beyond that float64 knows no exponent: see below
                    picked, largest = chosen(picked, np.flatnonzero(largest < 2.0**20)), largest[largest < 2.0**20]
                labels = labels_of(picked) if defined.labelled else None
                truth = certify(defined, picked.values, pair, labels)
                right, scale = picked.outputs(function)
                number = truth.expected == Expected.NUMBER
                value = np.ldexp(truth.high + truth.low, truth.scale.astype(int))
                with np.errstate(invalid="ignore"):
                    off = np.where(right == value, 0.0, np.abs(right - value))
                allowed = 8 * U * (scale + 1)
                if function == "softmax":  # a power of e is as far off as its exponent
                    allowed = value * 8 * U * (2 + largest[:, None] + scale)
                assert (off <= allowed)[number].all(), (sweep.__name__, picked.values.shape)
                numbers += int(number.sum())
                assert np.isnan(right[truth.expected == Expected.NAN]).all()
                assert (right[truth.expected == Expected.PLUS_INFINITY] == INF).all()
                assert (right[truth.expected == Expected.MINUS_INFINITY] == -INF).all()
        assert numbers > 100

    def test_softmax_far_from_0_is_known_too(self):
        """A wrong closed form accuses the honest, and every acquittal raises the bar for everyone."""
        right, _ = rows(3, value=-(2.0**100)).outputs("softmax")
        assert right == pytest.approx(1 / 3)

    def test_what_is_left_beside_the_largest_is_known_too(self):
        """[0, -90] is e^-90, a number of float32: whoever answers it is accused in vain."""
        known = of_runs([(np.zeros(1), 1), (np.full(1, -90.0), 1)])
        assert known.answer[0] / np.exp(-90.0) == pytest.approx(1)

    def test_runs_of_no_entries_add_nothing(self):
        """A row of one entry is a run of none and a run of one."""
        known = of_runs([(np.array([800.0]), 0), (np.array([0.5]), 1)])
        assert known.values.tolist() == [[0.5]]
        assert known.answer.tolist() == [0.5]

    @pytest.mark.parametrize(
        ("runs", "answer"),
        [
            ([(-INF, 3)], -INF),
            ([(-INF, 3), (2.0, 1)], 2.0),
            ([(INF, 1), (-INF, 2)], INF),
            ([(INF, 1), (NAN, 1)], NAN),
            ([(NAN, 1), (-INF, 1)], NAN),
            ([(1e308, 2)], 1e308),
        ],
    )
    def test_special_values_follow_the_table(self, runs, answer):
        """nan before +inf before -inf, and no overflow on the way."""
        known = of_runs([(np.array([value]), count) for value, count in runs])
        assert known.answer == pytest.approx([answer], nan_ok=True)

    def test_every_output_has_its_label_or_the_last(self):
        """cross_entropy = LSE - x of the label."""
        known = of_runs([(np.zeros(2), 2), (np.full(2, -8.0), 1)])
        lse = known.answer[0]
        assert known.outputs("cross_entropy")[0].ravel() == pytest.approx([lse + 8] * 2)
        named = known._replace(labels=np.array([0, 2]))
        assert named.outputs("cross_entropy")[0].ravel() == pytest.approx([lse, lse + 8])
        assert known.outputs("softmax")[0].sum(-1) == pytest.approx([1, 1])


def labels_of(known):
    """As they are asked."""
    return np.full(len(known.values), known.values.shape[1] - 1) if known.labels is None else known.labels


class TestWhatIsAsked:
    """Rows are numbers of the format, and cover what they are there for."""

    @pytest.mark.parametrize("fmt", FORMATS)
    def test_only_numbers_of_the_format_are_asked(self, fmt):
        """A value that is rounded on the way is answered for another row."""
        fmt = FORMATS[fmt]
        for sweep in SWEEPS:
            for known in part(sweep, fmt.name):
                held = formats.widen(formats.cast(known.values[:64], fmt))
                assert np.array_equal(held, known.values[:64], equal_nan=True), sweep.__name__
                assert fmt.has_infinity or not np.isinf(known.values).any()
                assert known.values.size <= 2 * max(ENTRIES, known.values.shape[1])

    def test_every_width_to_4500_is_asked(self):
        """Some code is wrong at one width."""
        widths = [known.values.shape[1] for known in sweeps.widths(FLOAT32)]
        assert set(widths) >= {*range(1, 2201), *(2**k + step for k in range(12, 18) for step in (-1, 0, 1))}
        long = [known.values.shape[1] for known in sweeps.long_widths(FLOAT32)]
        assert set(long) >= {*range(2201, 4500), 2**22, 2**22 + 1}

    def test_a_spike_stands_at_every_place(self):
        """Some code leaves out one lane."""
        for known in islice(sweeps.spikes(FLOAT32), 40):
            n = known.values.shape[1]
            at = known.values[:, :, None] != known.values[:, None, :]
            alone = np.argwhere((at.sum(-1) == n - 1) | (at.sum(-1) == n))
            assert len(set(alone[:, 1].tolist())) == n or n > 300

    def test_masks_lie_before_after_and_between(self):
        """And nowhere in a format without infinity."""
        assert list(sweeps.masks(FORMATS["float8_e4m3fn"])) == []
        shapes = set()
        for known in sweeps.masks(FLOAT32):
            if known.values.shape[1] == 8:
                shapes |= {tuple(row) for row in np.isneginf(known.values)}
        on, off = (True,), (False,)
        assert {
            on * 8,
            on * 4 + off * 4,
            off * 4 + on * 4,
            off * 2 + on * 4 + off * 2,
            on * 2 + off * 4 + on * 2,
        } <= shapes

    def test_labels_point_at_every_entry(self):
        """Some code ignores one label, or the last of a tile."""
        found = {}
        for known in sweeps.labels(FLOAT32):
            rows_, n = known.values.shape
            found.setdefault(n, []).extend(known.labels.tolist())
            assert (known.values[np.arange(rows_), known.labels] == -8.0).all()
        assert {n: sorted(labels) for n, labels in found.items()} == {n: list(range(n)) for n in found}
        assert {257, 513} <= set(found)

    def test_rows_of_equal_length_are_asked_together(self):
        """A call for every ten rows would cost more than the rows, and long rows must not fill the memory."""
        parts = [rows(4, 3), rows(4, 2, 1.0), rows(5, 1), rows(4, 1, 2.0)]
        joined = list(together(iter(parts)))
        assert [known.values.shape for known in joined] == [(5, 4), (1, 5), (1, 4)]
        assert joined[0].values[:, 0].tolist() == [0.0, 0.0, 0.0, 1.0, 1.0]
        assert joined[0].answer == pytest.approx(joined[0].values[:, 0] + np.log(4))
        long = list(together(rows(ENTRIES // 4) for _ in range(9)))
        assert [len(known.values) for known in long] == [4, 4, 1]
        assert sum(len(known.values) for known in together(sweeps.labels(FLOAT32))) == sum(
            len(known.labels) for known in together(sweeps.labels(FLOAT32))
        )


HONEST = [
    ("log1p-shift", "logsumexp", "float16", {"range"}),
    ("max-shift", "logsumexp", "float16", {"range", "specials"}),
    ("max-shift", "softmax", "float16", {"range", "specials"}),
    ("log1p-shift", "logsumexp", "float32", set()),
    ("pairwise", "logsumexp", "float32", {"specials"}),
    ("scipy", "logsumexp", "float32", set()),
    ("log1p-shift", "log_softmax", "float32", set()),
    ("log1p-shift", "cross_entropy", "float32", set()),
    ("scipy", "logsumexp", "float64", set()),
]


class TestHonestMethods:
    """No false alarm: whatever is convicted is reported."""

    @pytest.mark.parametrize(("subject", "function", "fmt", "waived"), HONEST)
    def test_they_are_not_broken_by_any_sweep(self, subject, function, fmt, waived):
        """Textbook max-shift answers nan for a masked row and overflows: that is waived, nothing else is."""
        if subject == "scipy":
            pytest.importorskip("scipy", reason="pip install 'lsecheck[scipy]'")
        asked = arena(subject, function, fmt, waived=frozenset(waived))
        total = 0
        for sweep in SWEEPS if function == "cross_entropy" else ANY_LENGTH:
            cases, heard = run(asked, iter(part(sweep, fmt)))
            assert charged(heard) == set(), sweep.__name__
            total += cases
        assert total > 600

    def test_one_pass_keeps_what_it_promises(self):
        """A running sum in float16 sticks at 2048 terms: its contract allows that, textbook max-shift's does not."""
        waived = frozenset({"range", "specials"})
        for require, broken in (("sequential", False), ("shifted", True)):
            asked = arena("online", "logsumexp", "float16", require=require, waived=waived)
            _, heard = run(asked, islice(sweeps.long_widths(asked.pair.input), 0, 300, 100))
            assert bool(charged(heard)) is broken


class TestTheBar:
    """What it takes to be suspected."""

    def test_it_rises_after_acquittals(self):
        """Whoever rounds like this is soon left alone: 5 units off is heard twice at 2, twice at 4, and never again."""

        def off(x, axis=-1):
            return (good(x.astype(np.float64), axis) * (1 + 5 * 2.0**-24)).astype(x.dtype)

        known = [rows(n) for n in range(200, 240)]
        cases, heard = run(arena(off), iter(known))
        assert len(heard) == 4
        assert not any(each.broken.any() for each in heard)
        assert cases == 36

    def test_it_stays_where_it_is_after_a_conviction(self):
        """A finding is no reason to look away from the next."""
        known = [rows(n) for n in range(200, 220)]
        _, heard = run(arena(answering(0.0)), iter(known))
        assert len(heard) == 20
        assert all(each.broken.all() for each in heard)

    def test_only_what_is_above_it_is_suspected(self):
        """In units of u (|y| + K), the farthest first; another kind of answer is infinitely far."""
        known = Known(np.zeros((6, 1)), np.zeros(6), np.array([1.0] * 6), np.ones(6))
        u = FLOAT32.unit_roundoff
        answers = np.array([[1.0], [1 + 1.5 * u], [1 + 3 * u], [1 - 9 * u], [NAN], [1.0]])
        assert Bar().suspects(known, answers, "logsumexp", FLOAT32).tolist() == [4, 3, 2]
        assert Bar(4.0).suspects(known, answers, "logsumexp", FLOAT32).tolist() == [4, 3]

    def test_the_right_special_values_are_not_suspected(self):
        """nan is nan, and infinities are equal to themselves."""
        known = Known(np.zeros((4, 1)), np.zeros(4), np.array([NAN, INF, -INF, -INF]), np.zeros(4))
        answers = np.array([[NAN], [INF], [-INF], [INF]])
        assert Bar().suspects(known, answers, "logsumexp", FLOAT32).tolist() == [3]

    def test_it_is_lifted_by_every_second_acquittal(self):
        """Once may be the row; twice is the way it computes."""
        bar = Bar()
        heights = []
        for _ in range(4):
            bar.acquit()
            heights.append(bar.height)
        assert heights == [2.0, 4.0, 4.0, 8.0]


class TestSuspicion:
    """What is suspected is put to the oracle, which convicts."""

    def test_a_fault_at_one_width_is_suspected_and_convicted(self):
        """One entry lost at 1700: no family asks that width."""
        asked = planted("lost-at-1700")
        cases, heard = run(asked, (known for known in sweeps.widths(FLOAT32) if 1690 <= known.values.shape[1] < 1710))
        assert [each.asked.batch.values.shape for each in heard if each.broken.any()] == [(1, 1700)]
        assert {(charge.domain, charge.kind) for charge in charged(heard)} == {("contract", "inaccurate")}
        assert cases + sum(map(len, heard)) == 20

    @pytest.mark.parametrize(
        ("name", "sweep"),
        [
            ("masked-as-1e4", sweeps.masks),
            ("rows-ge-2-only", sweeps.widths),
            ("nan-first-tile-only", sweeps.spikes),
            ("max-half-lanes", sweeps.two_runs),
            ("xent-ignores-255", sweeps.labels),
            ("softmax-no-shift", sweeps.two_runs),
        ],
    )
    def test_each_sweep_convicts_what_it_is_there_for(self, name, sweep):
        """Masks, widths in company, special values at a place, gaps, labels."""
        asked = planted(name)
        _, heard = run(asked, islice(sweep(asked.pair.input), 512 if sweep is sweeps.widths else 0, None, 3))
        assert any(each.broken.any() for each in heard)

    def test_all_cases_are_counted_once(self):
        """As screened, or as heard: effort is a number of cases."""
        known = list(islice(sweeps.two_runs(FLOAT32), 0, 120))
        for call in (good, answering(1.0), planted("max-half-lanes").subject):
            cases, heard = run(arena(call), iter(known))
            assert cases + sum(map(len, heard)) == sum(len(each.values) for each in known)

    def test_a_few_of_many_suspects_are_heard(self):
        """The oracle is the slow one: so many rows that are wrong alike say no more than some of them."""
        known = [rows(3, 100, 1.0)]
        cases, heard = run(arena(answering(0.0)), iter(known))
        assert [len(each) for each in heard] == [SUSPECTS]
        assert cases == 100 - SUSPECTS

    def test_rows_that_are_wrong_alone_only_are_not_convicted(self):
        """The oracle hears them as they are asked again: what it cannot see is no finding."""
        asked = arena(lambda x: good(x) if len(x) < 50 else good(x) + 1)
        _, heard = run(asked, iter([rows(3, 100, 1.0)]))
        assert charged(heard) == set()

    def test_what_is_lost_is_heard(self):
        """A crash is a finding, and no suspicion."""
        _, heard = run(arena(failing), iter([rows(3, 10), rows(4, 10)]))
        assert [each.asked.batch.values.shape for each in heard] == [(1, 3), (1, 4)]
        assert {charge.kind for charge in charged(heard)} == {"raised"}

    def test_another_dtype_is_heard(self):
        """It has no value to be suspected of."""
        _, heard = run(arena(answering(0.0, np.float64)), iter([rows(1, 3)]))
        assert {charge.kind for charge in charged(heard)} == {"dtype"}

    def test_another_base_leaves_all_of_it_to_the_oracle(self):
        """The closed forms are of base e."""

        def base_two(x, axis=-1):
            return (good(x.astype(np.float64), axis) / np.log(2.0)).astype(x.dtype)

        known = [rows(n) for n in range(2, 9)]
        cases, heard = run(arena(base_two, loading=Loading(base="2")), iter(known))
        assert (cases, charged(heard), sum(map(len, heard))) == (0, set(), 7)
        assert charged(run(arena(base_two), iter(known))[1]) != set()

    def test_labels_are_asked_with_their_rows(self):
        """A suspect is heard with the label that it was suspected with."""

        def ignoring(x, labels):
            y = CONTROLS["good-cross-entropy"].call(x, labels)
            return np.where(labels == 7, y.dtype.type(0), y)

        _, heard = run(arena(ignoring, "cross_entropy"), (known for known in sweeps.labels(FLOAT32)))
        broken = [each.asked.batch.labels[row] for each in heard for row in each.charge]
        assert set(broken) == {7}
        assert len(broken) == sum(n > 7 for n in (2, 3, 9, 33, 65, 130, 257, 300, 513, 1030, 2050))

    def test_each_row_is_asked_once_where_nothing_is_suspected(self):
        """Screening is worth its cheapness."""
        call, seen = recorded(good)
        run(arena(call), iter([rows(3, 10), rows(4, 10)]))
        assert [x.shape for x in seen] == [(10, 3), (10, 4)]


@pytest.mark.xfail(
    reason="rows of all -inf come first among the suspects and fill the oracle's docket, acquitted every time",
    strict=True,
)
def test_a_convention_of_its_own_hides_nothing():
    """softmax of all -inf may be all 0; who does that and is 1% off behind a mask is to be convicted like any other."""

    def zeros(x, axis=-1):
        y = CONTROLS["good-softmax"].call(x, axis=axis)
        return np.where(np.isneginf(x).all(axis, keepdims=True), 0, y).astype(x.dtype)

    def off(x, axis=-1):
        y, mask = zeros(x, axis), np.isneginf(x)
        y[mask[:, 0] & ~mask.all(-1), -1] *= x.dtype.type(1.01)
        return y

    short = [known for known in sweeps.masks(FLOAT32) if 1 < known.values.shape[1] <= 64]
    assert charged(run(arena(zeros, "softmax"), iter(short))[1]) == set()
    assert charged(run(arena(off, "softmax"), iter(short))[1]) != set()
