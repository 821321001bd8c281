"""Charges: what is held against each output, and which verdict it counts towards."""

import numpy as np
import pytest
from fuzz.arenas import answering, arena, failing, good

from lsecheck import functions
from lsecheck.charges import charges, convention, unsettled
from lsecheck.contracts import Contract
from lsecheck.formats import pair
from lsecheck.functions.definition import Domain

INF, NAN = float("inf"), float("nan")


def judged(call, function, rows, fmt="float32", require="shifted"):
    """What is held against the answers to some rows, and what is known of them."""
    asked = arena(call, function, fmt, require=require).hear(np.array(rows, float)).asked
    return charges(asked, Contract(require)), asked


def test_a_row_counts_towards_a_domain_by_its_entries_alone():
    """Whatever is answered: an honest nan must not move a case out of the contract."""
    rows = [[0.0, 1.0], [0.0, -INF], [NAN, 1.0], [INF, 1.0]]
    ordinary, special = Domain.ORDINARY, Domain.SPECIALS
    for call in (good, answering(NAN), answering(0.0), answering(0.0, np.float64)):
        found, _ = judged(call, "logsumexp", rows)
        assert found.domains.tolist() == [ordinary, special, special, special]


@pytest.mark.parametrize(
    ("n", "domain"), [(448, Domain.ORDINARY), (449, Domain.RANGE), (0, Domain.SPECIALS), (1, Domain.ORDINARY)]
)
def test_more_entries_than_the_largest_number_are_out_of_range(n, domain):
    """448 is the largest of float8_e4m3fn: a count of entries stays in the format up to there."""
    found, _ = judged(good, "logsumexp", np.zeros((1, n)), "float8_e4m3fn")
    assert found.domains.tolist() == [domain]


def test_only_numbers_where_numbers_are_right_are_scored():
    """A wrong kind of answer never becomes a number."""
    rows = [[0.0, 0.0], [0.0, 0.0], [0.0, NAN], [0.0, INF]]
    call = answering([[0.5, 0.5], [NAN, 0.5], [0.5, 0.5], [0.5, 0.5]])
    found, _ = judged(call, "softmax", rows)
    assert found.scored.tolist() == [[True, True], [False, True], [False, False], [False, False]]
    assert found.kind.tolist() == [["", ""], ["nan", ""], ["finite", "finite"], ["", ""]]


def test_trouble_of_a_row_is_charged_once_to_its_first_output():
    """A row of a thousand outputs that raised is one finding, and none of its outputs is scored."""
    found, _ = judged(failing, "softmax", [[0.0, 1.0, 2.0]])
    assert found.kind.tolist() == found.raw.tolist() == [["raised", "", ""]]
    assert not found.scored.any()


def test_what_is_charged_beside_the_contract_depends_on_the_contract_required():
    """Sums beyond the format are judged by what is asked for: 6.5 is the second best answer to ln 449."""
    row = np.zeros((1, 449))
    for require, kind in (("correctly-rounded", "inaccurate"), ("shifted", "")):
        found, _ = judged(answering(6.5), "logsumexp", row, "float8_e4m3fn", require)
        assert found.kind.tolist() == [[kind]]
        assert found.raw.tolist() == [[""]]
        assert found.scored.all()


def test_an_exact_zero_beside_a_mask_is_held_exactly():
    """And only there: a term that underflows beside numbers is excused by its bound."""
    call = answering([[1.0, 2.0**-149], [1.0, 2.0**-149]])
    found, _ = judged(call, "softmax", [[0.0, -INF], [0.0, -200.0]])
    assert found.kind.tolist() == [["", "inaccurate"], ["", ""]]
    assert found.raw.tolist() == [["", ""], ["", ""]]


@pytest.mark.parametrize(
    ("call", "row", "domain"),
    [
        (answering(0.0, np.float64), [0.0, -INF], "conduct"),
        (answering([[0.0, 0.0]]), [0.0, 1.0], "conduct"),
        (answering(NAN), [0.0, -INF], "specials"),
        (answering(NAN), [0.0, 1.0], "ordinary"),
        (failing, [0.0, NAN], "specials"),
    ],
)
def test_a_charge_counts_towards_one_verdict(call, row, domain):
    """Dtype and shape towards conduct, everything else to where its row belongs."""
    found, _ = judged(call, "logsumexp", [row])
    assert found.domain(0, 0) == domain


def test_ordinary_batches_are_judged_alike_alone_and_beside_others():
    """A batch without any trouble takes a shortcut, which must end at the same place."""
    ordinary = [[0.0, 1.0], [3.0, -200.0]]
    call = answering([[0.5, 0.5], [1.0, 0.0]])
    alone, _ = judged(call, "softmax", ordinary)
    beside, _ = judged(answering([[0.5, 0.5], [1.0, 0.0], [NAN, NAN]]), "softmax", [*ordinary, [NAN, 0.0]])
    assert alone.scored.tolist() == beside.scored[:2].tolist() == [[True, True], [True, True]]
    assert alone.kind.tolist() == alone.raw.tolist() == beside.kind[:2].tolist() == [["", ""], ["", ""]]
    assert alone.domains.tolist() == beside.domains[:2].tolist()


@pytest.mark.parametrize("function", ["softmax", "log_softmax", "cross_entropy"])
@pytest.mark.parametrize("row", [[-INF, -INF, -INF], [INF, 0.0, INF]])
def test_every_convention_in_use_is_recognised_by_its_name(function, row):
    """None of them is scored; all of them are named, so that a report can say which is followed."""
    defined = functions.named(function)
    where = "a +inf" if INF in row else "all -inf"
    known = [one for one in defined.conventions if one.where == where]
    labels = np.array([2])
    assert len(known) >= 1
    for one in known:
        answers = np.atleast_1d(one.answers(np.array(row), labels)).astype(np.float32)
        taken = answers if function == "cross_entropy" else answers[None, :]
        call = (lambda x, labels, y=taken: y) if function == "cross_entropy" else answering(taken)  # noqa: ARG005
        heard = arena(call, function).hear(np.array([row]), labels if function == "cross_entropy" else None)
        assert unsettled(heard.asked).tolist() == [True]
        said, name = convention(heard.asked, 0)
        assert said == where
        shared = next(c for c in known if np.allclose(c.answers(np.array(row), labels), answers, equal_nan=True))
        assert name == shared.name
        assert not heard.broken.any()


def test_what_follows_no_convention_has_no_name():
    """Nor does an answer that was never given."""
    _, asked = judged(answering([[0.7, 0.3]]), "softmax", [[-INF, -INF]])
    assert convention(asked, 0) == ("all -inf", "")
    assert unsettled(asked).tolist() == [True]
    _, lost = judged(failing, "softmax", [[-INF, -INF]])
    assert unsettled(lost).tolist() == [False]


def test_a_convention_is_recognised_in_every_format():
    """A third, rounded to 3 bits, is far from 1/3: the slack is the format's."""
    for fmt in ("float8_e5m2", "float16", "float64"):
        third = np.full((1, 3), 1 / 3).astype(pair(fmt).output.dtype)
        _, asked = judged(answering(third, third.dtype), "softmax", [[-INF] * 3], fmt)
        assert convention(asked, 0) == ("all -inf", "uniform")
