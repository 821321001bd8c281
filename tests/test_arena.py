"""The arena: what becomes of any cases, which row of a lost batch is at fault, and what is held against each."""

import numpy as np
import pytest
from fuzz.arenas import answering, arena, elsewhere, failing, good, recorded

import lsecheck
from lsecheck import formats
from lsecheck.arena import OBJECTIVES, PARTS, Charge
from lsecheck.errors import Undecided, UnknownName
from lsecheck.formats import FORMATS
from lsecheck.subjects.loading import Loading
from lsecheck.subjects.question import Reply

INF, NAN = float("inf"), float("nan")


def rows_of(rows=100, n=3):
    """Ordinary rows, no two alike."""
    return np.arange(rows * n, dtype=float).reshape(rows, n) / 64


def raising_at(number):
    """Honest, but for batches that hold a number."""

    def call(x, axis=-1):
        if (x == number).any():
            raise ValueError(f"{number:g} is in it")
        return good(x, axis)

    return call


def wide(x, axis=-1):
    """Answered in another dtype."""
    return good(x, axis).astype(np.float64)


class TestALostBatch:
    """A batch that is lost as a whole says nothing of its rows."""

    @pytest.mark.parametrize("row", [0, 1, 37, 98, 99])
    def test_the_row_at_fault_is_asked_alanswering(self, row):
        """A finding is one case: which of a hundred raised is found out, and the others are not charged."""
        values = rows_of()
        values[row, 1] = 1e9
        heard = arena(raising_at(1e9)).hear(values)
        assert len(heard) == 1
        assert heard.asked.batch.indices.tolist() == [row]
        assert heard.asked.batch.values.tolist() == values[row : row + 1].tolist()
        assert heard.charge == {0: (Charge("contract", "raised", "an answer"), 0)}
        assert heard.broken.tolist() == [True]
        assert heard.asked.answers.message == "raised ValueError: 1e+09 is in it"
        assert np.isnan(heard.score).all()

    def test_it_is_found_by_cutting_the_batch_into_parts(self):
        """Every part may cost the time limit: 4,000 rows are worth some dozens of calls, not 4,000."""
        call, seen = recorded(raising_at(1e9))
        values = rows_of(4000)
        values[3999, 0] = 1e9
        heard = arena(call).hear(values)
        assert heard.asked.batch.indices.tolist() == [3999]
        assert [len(x) for x in seen][:2] == [4000, 250]
        assert len(seen) <= 3 * PARTS + 2

    def test_of_two_rows_at_fault_the_first_is_found(self):
        """One finding at a time: the other one comes again once this one is mended."""
        values = rows_of()
        values[[20, 80], 0] = 1e9
        heard = arena(raising_at(1e9)).hear(values)
        assert heard.asked.batch.indices.tolist() == [20]

    def test_where_every_part_is_taken_the_whole_batch_is_charged(self):
        """No row is to blame for what only their number does."""

        def crowded(x, axis=-1):
            if len(x) > 50:
                raise MemoryError
            return good(x, axis)

        heard = arena(crowded).hear(rows_of())
        assert len(heard) == 100
        assert set(heard.charge.values()) == {(Charge("contract", "raised", "an answer"), 0)}
        assert heard.broken.all()

    def test_a_trouble_whose_cause_is_known_is_not_looked_for_again(self):
        """Hangs are found by waiting: that is done once."""
        call, seen = recorded(raising_at(1e9))
        values = rows_of()
        values[0, 0] = 1e9
        asked = arena(call, located={"raised"})
        heard = asked.hear(values)
        assert len(seen) == 1
        assert heard.charge == {0: (Charge("contract", "raised", "an answer"), 0)}

    @pytest.mark.xfail(reason="row 0 stands in for the row at fault, and what it holds decides the charge", strict=True)
    def test_nor_is_another_row_charged_with_it(self):
        """[-inf, 0] is answered right: a finding 'specials: raised' on it would send its reader to the wrong place."""
        values = np.array([[-INF, 0.0], [0.0, 1e9], [1.0, 2.0]])
        heard = arena(raising_at(1e9), located={"raised"}).hear(values)
        assert not any(charge.domain == "specials" for charge, _ in heard.charge.values())

    def test_labels_go_with_their_rows(self):
        """The row at fault is asked with the label it was lost with."""

        def call(x, labels):
            if (labels == 0).any():
                raise IndexError
            return lsecheck.cross_entropy(x, labels)

        labels = np.array([1, 2, 1, 0, 2])
        heard = arena(call, "cross_entropy").hear(rows_of(5), labels)
        assert heard.asked.batch.labels.tolist() == [0]
        assert heard.asked.batch.indices.tolist() == [3]


class TestCharges:
    """What is held against a row: where, what, and what would have been right."""

    @pytest.mark.parametrize(
        ("row", "answer", "charge"),
        [
            ([0.0, 0.0], 0.5, ("contract", "inaccurate", "a number")),
            ([0.0, 0.0], NAN, ("contract", "nan", "a number")),
            ([0.0, 0.0], INF, ("contract", "infinite", "a number")),
            ([0.0, -INF], NAN, ("specials", "nan", "a number")),
            ([0.0, -INF], INF, ("specials", "infinite", "a number")),
            ([1.0, -INF], 0.5, ("contract", "inaccurate", "a number")),
            ([0.0, NAN], 0.0, ("specials", "finite", "nan")),
            ([0.0, NAN], INF, ("specials", "infinite", "nan")),
            ([0.0, INF], 1.0, ("specials", "finite", "+inf")),
            ([0.0, INF], -INF, ("specials", "infinite", "+inf")),
            ([0.0, INF], NAN, ("specials", "nan", "+inf")),
            ([-INF, -INF], -1e30, ("specials", "finite", "-inf")),
            ([-INF, -INF], INF, ("specials", "infinite", "-inf")),
            ([-INF, -INF], NAN, ("specials", "nan", "-inf")),
            ([], 0.0, ("specials", "finite", "-inf")),
        ],
    )
    def test_each_wrong_kind_of_answer_has_its_charge(self, row, answer, charge):
        """Findings with the same charge are taken for one, so that it must say all that tells them apart."""
        heard = arena(answering(answer)).hear(np.array([row], float))
        assert heard.charge == {0: (Charge(*charge), 0)}
        assert heard.broken.tolist() == [True]
        assert np.isnan(heard.score[0]) == (charge[1] != "inaccurate")

    @pytest.mark.parametrize(
        ("answer", "charge"),
        [(0.0, ("range", "inaccurate", "a number")), (NAN, ("range", "nan", "a number")), (6.0, None)],
    )
    def test_sums_that_leave_the_format_are_charged_apart(self, answer, charge):
        """449 zeros are more than float8_e4m3fn can count: no miss of the contract, and no figure of it."""
        heard = arena(answering(answer), fmt="float8_e4m3fn").hear(np.zeros((1, 449)))
        assert heard.charge == ({} if charge is None else {0: (Charge(*charge), 0)})
        assert np.isnan(heard.score[0])

    @pytest.mark.parametrize(("row", "domain"), [([0.0, 1.0], "contract"), ([0.0, -INF], "specials"), ([], "specials")])
    @pytest.mark.parametrize("kind", ["raised", "crashed", "timed-out"])
    def test_what_is_lost_is_charged_to_the_domain_of_its_row(self, kind, row, domain):
        """A crash at -inf can be waived with the specials; one among numbers cannot."""
        subject = elsewhere(lambda _: Reply(None, kind, "gone"))
        heard = arena(subject).hear(np.array([row], float))
        assert heard.charge == {0: (Charge(domain, kind, "an answer"), 0)}

    def test_what_was_not_asked_is_no_finding(self):
        """After too many crashes nothing is known of a row, so that nothing is held against it."""
        asked = arena(elsewhere(lambda _: Reply(None, "crashed", "gone")))
        for _ in range(8):
            assert asked.hear(np.zeros((1, 2))).broken.all()
        assert asked.patience.lost
        heard = asked.hear(np.zeros((3, 2)))
        assert heard.asked.answers.trouble.tolist() == ["unasked"] * 3
        assert heard.charge == {}
        assert not heard.broken.any()

    @pytest.mark.parametrize(
        ("call", "kind"),
        [
            (wide, "dtype"),
            (answering([[0.0, 0.0]] * 2), "shape"),
        ],
        ids=["dtype", "shape"],
    )
    def test_another_dtype_or_shape_is_conduct(self, call, kind):
        """It is no matter of accuracy, on special values neither."""
        heard = arena(call).hear(np.array([[0.0, 1.0, 2.0], [0.0, -INF, 2.0]]))
        assert [charge for charge, _ in heard.charge.values()] == [
            Charge("conduct", kind, "a number"),
            Charge("conduct", kind, "a number"),
        ]

    def test_of_several_outputs_the_first_that_is_wrong_is_named(self):
        """The witness shows that output."""
        call = answering([[0.25, 0.25, 0.75, 0.5]])
        heard = arena(call, "softmax").hear(np.zeros((1, 4)))
        assert heard.charge == {0: (Charge("contract", "inaccurate", "a number"), 2)}

    def test_softmax_of_a_mask_must_be_0(self):
        """exp(-inf) = 0 exactly: no bound excuses 1e-30."""
        call = answering([[1.0, 1e-30]])
        heard = arena(call, "softmax").hear(np.array([[0.0, -INF]]))
        assert heard.charge == {0: (Charge("specials", "inaccurate", "a number"), 1)}

    @pytest.mark.parametrize(
        ("row", "answer", "known"),
        [
            ([-INF, -INF], [NAN, NAN], True),
            ([-INF, -INF], [0.0, 0.0], True),
            ([-INF, -INF], [0.5, 0.5], True),
            ([-INF, -INF], [0.7, 0.3], False),
            ([INF, 0.0], [NAN, NAN], True),
            ([INF, 0.0], [1.0, 0.0], True),
            ([INF, 0.0], [NAN, 0.0], True),
            ([INF, 0.0], [0.0, 1.0], False),
        ],
    )
    def test_where_there_is_no_single_answer_any_convention_will_do(self, row, answer, known):
        """What follows none of them is a finding all the same."""
        call = answering([answer])
        heard = arena(call, "softmax").hear(np.array([row]))
        charge = Charge("specials", "unconventional", "any convention")
        assert heard.charge == ({} if known else {0: (charge, 0)})

    def test_softmax_of_no_entries_may_not_raise(self):
        """There is no output to charge, and the row is charged all the same."""
        honest = arena(answering(np.empty((1, 0))), "softmax")
        assert honest.hear(np.empty((1, 0))).charge == {}
        heard = arena(failing, "softmax").hear(np.empty((1, 0)))
        assert heard.charge == {0: (Charge("specials", "raised", "no outputs"), 0)}
        assert heard.broken.tolist() == [True]

    @pytest.mark.xfail(reason="charged to the specials: a check calls it conduct", strict=True)
    def test_a_dtype_is_conduct_where_there_are_no_outputs_too(self):
        """Or waiving the specials hides it here, and waiving conduct in a check."""
        heard = arena(answering(np.empty((1, 0)), np.float64), "softmax").hear(np.empty((1, 0)))
        assert heard.charge[0][0].domain == "conduct"

    def test_honest_answers_are_charged_with_nothing(self):
        """No false alarm: otherwise none of these would prove anything."""
        values = np.array([[0.0, 1.0], [0.0, -INF], [NAN, 1.0], [INF, -INF], [-INF, -INF], [88.0, -104.0]])
        heard = arena(good).hear(values)
        assert heard.charge == {}
        assert not heard.broken.any()
        assert np.isfinite(heard.score).tolist() == [True, True, False, False, False, True]

    def test_what_is_declared_is_expected(self):
        """A subject that drops nan entries and says so is right."""

        def dropping(x, axis=-1):
            return good(np.where(np.isnan(x), -np.inf, x), axis)

        row = np.array([[NAN, 1.0]])
        assert arena(dropping).hear(row).broken.all()
        assert not arena(dropping, loading=Loading(nan="ignored")).hear(row).broken.any()


class TestWaiving:
    """What is waived is not looked for."""

    @pytest.mark.parametrize(
        ("domain", "row", "call"),
        [
            ("specials", [0.0, NAN], answering(0.0)),
            ("specials", [INF, 0.0], raising_at(0.0)),
            ("conduct", [0.0, 0.0], wide),
        ],
        ids=["specials", "specials-raised", "conduct"],
    )
    def test_a_domain_that_is_waived_is_not_charged(self, domain, row, call):
        """The row is then no broken one either; the other domains do not cover for it."""
        values = np.array([row])
        assert arena(call).hear(values).charge[0][0].domain == domain
        others = frozenset({"specials", "range", "conduct"}) - {domain}
        assert arena(call, waived=others).hear(values).broken.tolist() == [True]
        heard = arena(call, waived=frozenset({domain})).hear(values)
        assert heard.charge == {}
        assert heard.broken.tolist() == [False]

    def test_the_range_can_be_waived(self):
        """Sums beyond the format are a choice that an author may make."""
        values = np.zeros((1, 449))
        assert arena(answering(0.0), fmt="float8_e4m3fn").hear(values).broken.all()
        assert not arena(answering(0.0), fmt="float8_e4m3fn", waived=frozenset({"range"})).hear(values).broken.any()

    def test_the_contract_cannot_be_waived(self):
        """It is what is asked."""
        every = frozenset({"specials", "range", "conduct"})
        assert arena(answering(0.0), waived=every).hear(np.zeros((1, 2))).broken.all()

    def test_a_row_with_a_mask_that_misses_the_contract_is_a_finding_all_the_same(self):
        """What is waived is how -inf is answered, not how numbers beside it are."""
        heard = arena(answering(0.5), waived=frozenset({"specials"})).hear(np.array([[1.0, -INF]]))
        assert heard.charge == {0: (Charge("contract", "inaccurate", "a number"), 0)}

    @pytest.mark.xfail(reason="only the first wrong output of a row is looked at, and it is waived", strict=True)
    def test_what_is_waived_hides_no_other_output(self):
        """softmax of [-inf, 0, 0] answered [0.1, 0.9, 0]: the mask may be waived, the other two may not."""
        call = answering([[0.1, 0.9, 0.0]])
        heard = arena(call, "softmax", waived=frozenset({"specials"})).hear(np.array([[-INF, 0.0, 0.0]]))
        assert [charge.domain for charge, _ in heard.charge.values()] == ["contract"]


class TestUndecided:
    """Cases of which nobody knows what is right."""

    def test_they_are_left_out_and_counted(self, monkeypatch):
        """The rest of the batch is asked and keeps its addresses."""
        call, seen = recorded(answering(0.0))
        leave_open(monkeypatch, 7.0)
        values = np.array([[0.0, 1.0], [7.0, 1.0], [0.0, 0.0], [1.0, 7.0]])
        heard = arena(call).hear(values)
        assert heard.undecided == 2
        assert heard.asked.batch.indices.tolist() == [0, 2]
        assert seen[0].tolist() == [[0.0, 1.0], [0.0, 0.0]]
        assert list(heard.charge) == [0, 1]

    def test_a_batch_of_them_is_not_asked_at_all(self, monkeypatch):
        """Nothing was asked, so that nothing is broken."""
        call, seen = recorded(answering(0.0))
        leave_open(monkeypatch, 7.0)
        heard = arena(call).hear(np.full((3, 2), 7.0))
        assert (heard.undecided, len(heard), seen) == (3, 0, [])
        assert heard.charge == {}


def leave_open(monkeypatch, number):
    """The oracle raises at a number."""
    from lsecheck import expectation

    certify = expectation.certify

    def undecided(function, values, pair, labels=None):
        if (values == number).any():
            raise Undecided("nobody knows")
        return certify(function, values, pair, labels)

    monkeypatch.setattr(expectation, "certify", undecided)


class TestScores:
    """What a search makes as large as it can."""

    @pytest.mark.parametrize("objective", OBJECTIVES)
    def test_a_row_scores_the_objective_at_its_worst_output(self, objective):
        """The three measures differ, and so do their worst outputs."""
        answers = np.array([[0.5, 0.25, 0.2501], [0.1, 0.45, 0.45]])
        call = answering(answers)
        heard = arena(call, "softmax", objective=objective).hear(np.array([[0.0, -0.5, -0.75], [-1.5, 0.0, 0.0]]))
        wanted = getattr(heard.asked.errors, objective).max(-1)
        assert heard.score.tolist() == wanted.tolist()
        assert (heard.score > 0).all()

    def test_the_objectives_order_rows_differently(self):
        """Near 0 an ulp is small and E is not: a large ulp error there is no fault."""
        near_0 = np.array([[-0.6931471805599453, -0.693147], [3.0, 3.0]]).astype(np.float32).astype(float)
        call = answering(lsecheck.logsumexp(near_0) + np.array([1e-7, 4e-6]))
        worst = {name: arena(call, objective=name).hear(near_0).score.argmax() for name in OBJECTIVES}
        assert worst == {"ulp": 0, "scaled": 1, "excess": 1}

    def test_wrong_kinds_and_unscored_outputs_have_no_score(self):
        """They are findings, and no hill to climb."""
        call = answering([[NAN, 0.5], [NAN, NAN], [0.5, 0.5]])
        heard = arena(call, "softmax").hear(np.array([[0.0, 0.0], [0.0, 0.0], [INF, 0.0]]))
        assert np.isnan(heard.score).tolist() == [False, True, True]
        assert list(heard.charge) == [0, 1, 2]

    def test_an_unknown_objective_is_refused_with_the_known_ones(self):
        """A search for nothing would find nothing."""
        with pytest.raises(UnknownName, match="excess, scaled, ulp"):
            arena(good, objective="speed")


class TestValues:
    """What may be asked at all."""

    @pytest.mark.parametrize("fmt", FORMATS)
    def test_values_are_held_to_numbers_of_the_format(self, fmt):
        """Finite ones stay finite: no special value may arise by accident, and none where there is none."""
        defined, asked = FORMATS[fmt], arena(good, fmt=fmt)
        given = np.array([[0.1, -1e300, 1e300, 1.7e308, -0.0, 1e-300, INF, -INF, NAN, defined.largest]])
        held = asked.held(given)
        assert np.array_equal(formats.widen(formats.cast(held, defined)), held, equal_nan=True)
        assert np.isfinite(held[:, :6]).all()
        assert (np.abs(held[:, [1, 2]]) == min(defined.largest, 1e300)).all()
        assert np.signbit(held[0, 4])
        assert np.isnan(held[0, 8])
        assert held[0, 9] == defined.largest
        infinite = [INF, -INF] if defined.has_infinity else [448.0, -448.0]
        assert held[0, 6:8].tolist() == infinite
        assert np.array_equal(asked.held(held), held, equal_nan=True)

    def test_labels_are_the_last_entries_unless_they_are_given(self):
        """A row without a label is no case of cross entropy."""

        def call(x, labels):
            return np.take_along_axis(x, labels[:, None], 1)[:, 0]

        values = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
        asked = arena(call, "cross_entropy")
        assert asked.hear(values).asked.answers.values.ravel().tolist() == [3.0, 6.0]
        assert asked.hear(values, np.array([0, 1])).asked.answers.values.ravel().tolist() == [1.0, 5.0]
        assert asked.answer(values).values.ravel().tolist() == [3.0, 6.0]

    def test_answers_can_be_had_without_a_judgement(self):
        """Screening asks thousands and judges few."""
        answers = arena(answering(2.5)).answer(np.zeros((3, 2)))
        assert answers.values.ravel().tolist() == [2.5] * 3
        assert arena(raising_at(0.0)).answer(np.zeros((3, 2))).trouble.tolist() == ["raised"] * 3

    def test_no_rows_are_no_question(self):
        """A choice of rows may be empty."""
        call, seen = recorded(good)
        heard = arena(call).hear(np.empty((0, 3)))
        assert (len(heard), heard.charge, seen) == (0, {}, [])

    def test_a_plan_reaches_only_who_streams(self):
        """Others would not understand it."""
        heard = arena(good).hear(np.zeros((1, 4)), plan="(2 2)")
        assert not heard.broken.any()

    def test_a_fresh_arena_has_patience_of_its_own(self):
        """Losses while a case is shrunk are not the search's, and do not end it."""
        asked = arena(elsewhere(lambda _: Reply(None, "crashed", "gone")), objective="ulp", waived=frozenset({"range"}))
        fresh = asked.fresh()
        for _ in range(20):
            fresh.hear(np.zeros((1, 2)))
        assert not fresh.patience.lost
        assert not asked.patience.lost
        assert asked.patience.crashes == 64
        assert (fresh.objective, fresh.waived, fresh.subject) == ("ulp", frozenset({"range"}), asked.subject)
