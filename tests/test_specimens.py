"""specimens: the worst cases of a subject, made small, with why."""

import msgspec
import numpy as np
import pytest
from report import gates

import lsecheck
from lsecheck import formats, functions, specimens
from lsecheck.contracts import LADDER, Contract
from lsecheck.inputs.cases import synthetic
from lsecheck.inputs.corpus import parse_values
from lsecheck.rows import ABSENT, Specimen
from lsecheck.run import execute, plan, told_apart
from lsecheck.specimens import choosing
from lsecheck.subjects import load
from lsecheck.subjects.loading import PLAIN

FAMILIES = ("ordinary", "gap", "specials", "wide", "conduct", "width")


def rows_of(*given, function="logsumexp", pairs=("float32",), families=FAMILIES):
    """Subjects, and what a check finds of them."""
    loaded = told_apart([load(each) for each in given])
    wanted = [formats.pair(pair) for pair in pairs]
    return loaded, execute(plan(loaded, [functions.named(function)], wanted, families, effort="quick"))


def worst_of(given, **keywords):
    """The specimens of one."""
    (subject,), rows = rows_of(given, **keywords)
    return specimens.worst(subject, rows)


def row(seen):
    """The entries of a case (1, n), as they were asked."""
    return np.array([[float(value) for value in parse_values(seen.x.split())]])


def test_what_breaks_every_contract_comes_first_and_small():
    """naive overflows: one entry shows it."""
    first = worst_of("naive")[0]
    assert (first.domain, first.kind, first.missed) == ("contract", "infinite", "folded")
    assert first.witness.n == 1
    assert first.witness.answer == "inf"
    assert row(first.witness)[0, 0] > 88
    assert first.found.n >= first.witness.n


@pytest.mark.parametrize("function", ["logsumexp", "log_softmax", "cross_entropy"])
def test_a_small_case_still_misses_what_the_found_one_misses_by_at_least_half_as_much(function):
    """Shrinking is no excuse; measured again by the plain way."""
    found = [one for one in worst_of("max-shift", function=function) if one.kind == "inaccurate"]
    assert found
    for one in found:
        x = row(one.witness).astype(np.float32)
        labels = None if one.witness.label is ABSENT else np.array([one.witness.label])
        implementation = load("max-shift").implementations[function]
        given = (x,) if labels is None else (x, labels)
        answers = np.asarray(implementation(*given, output=formats.named("float32"))).reshape(1, -1)
        measured = lsecheck.measure(function, x, answers, labels=labels)
        scaled = measured.scaled[0, one.witness.output]
        assert scaled == one.witness.scaled
        if isinstance(one.found.scaled, float):
            assert scaled >= one.found.scaled / 2
        assert LADDER[measured.rung[0, one.witness.output]].rung > Contract(one.missed).rung
        assert str(LADDER[measured.rung[0, one.witness.output]]) == one.kept
        assert one.witness.n <= one.found.n


def test_the_exact_value_has_twenty_digits_and_is_that_of_the_oracle():
    """As `lsecheck oracle` prints it."""
    from lsecheck.spoken import exactly

    for one in worst_of("max-shift", families=("gap",)):
        said = exactly(functions.LOGSUMEXP, parse_values(one.witness.x.split()), None, 20)
        assert [one.exact] == said
        assert len(one.exact.replace(".", "").partition("e")[0].strip("-0")) <= 20
        assert formats.rounded(formats.named("float32"), parse_values([one.exact])[0]) == float.fromhex(
            one.witness.truth
        )


def test_no_more_than_five_and_no_two_alike():
    """Of everything that is wrong with it."""
    for name in ("naive", "max-shift", "online"):
        found = worst_of(name, pairs=("float16", "float32"))
        assert 3 <= len(found) <= specimens.MOST
        keys = [(one.format, one.domain, one.kind, one.witness.x, one.witness.n) for one in found]
        assert len(set(keys)) == len(keys)


def _alike(function, one, other):
    """Of two cases, each the entries, the output and the label."""

    def of(x, output=0, label=ABSENT):
        seen = msgspec.structs.replace(gates.SEEN, x=x, n=5, output=output, label=label)
        return Specimen(
            function=function, subject="a", format="float32", domain="contract", kind="inaccurate",
            expected="a number", missed="faithful", kept="shifted", witness=seen, found=seen,
        )  # fmt: skip

    return choosing._alike(of(*one), of(*other))


def test_where_cases_are_alike_others_are_made_small_up_to_a_limit(monkeypatch):
    """In their order."""
    loaded, rows = rows_of("naive", pairs=("float16", "float32", "float64"), families=synthetic())
    made, small = [], choosing._made

    def noted(subject, candidate):
        made.append(candidate)
        return small(subject, candidate)

    monkeypatch.setattr(choosing, "_made", noted)
    monkeypatch.setattr(choosing, "_alike", lambda *_: True)
    assert len(specimens.collect(loaded, rows, PLAIN)) == 1
    assert len(made) == 2 * specimens.MOST
    assert made == choosing._tried(rows)


def test_one_row_in_two_orders_is_one_case():
    """Where an output is of an entry, of an equal entry."""
    for function in ("logsumexp", "logaddexp"):
        assert _alike(function, ("-0x1p0 0x0p0",), ("0x0p0 -0x1p0",))
        assert _alike(function, ("0x1p0*2 0x1p1 0x1p0*2",), ("0x1p1 0x1p0*4",))
        assert not _alike(function, ("0x1p0*2 0x1p1",), ("0x1p1*2 0x1p0",))
        assert not _alike(function, ("0x1p0 0x1p1",), (ABSENT,))
        assert _alike(function, (ABSENT,), (ABSENT,))
    for function in ("softmax", "log_softmax"):
        assert _alike(function, ("-0x1p0 0x0p0*3", 0), ("0x0p0*3 -0x1p0", 3))
        assert _alike(function, ("-0x1p0 0x0p0*3", 1), ("0x0p0*3 -0x1p0", 2))
        assert not _alike(function, ("-0x1p0 0x0p0*3", 0), ("0x0p0*3 -0x1p0", 2))
        assert _alike(function, (ABSENT, 3), (ABSENT, 4))
    assert _alike("cross_entropy", ("-0x1p0 0x0p0", 0, 0), ("0x0p0 -0x1p0", 0, 1))
    assert not _alike("cross_entropy", ("-0x1p0 0x0p0", 0, 0), ("-0x1p0 0x0p0", 0, 1))


def test_one_failure_in_every_family_is_shown_once():
    """All of them shrink to the same case."""
    found = worst_of(lambda x: np.full(len(x), np.nan, x.dtype), families=("ordinary", "gap", "wide", "width"))
    assert [(one.kind, one.witness.n) for one in found] == [("nan", 1)]


def test_what_is_judged_apart_leaves_room_for_the_contract():
    """max-shift has three kinds of special values wrong, and each format misses conditioned."""
    found = worst_of("max-shift", pairs=("float16", "float32", "float64"))
    assert [one.format for one in found if one.domain == "contract"] == ["float64", "float32", "float16"]
    assert sum(one.domain != "contract" for one in found) == 2


def test_of_a_subject_that_is_always_right_there_are_none():
    """Nothing is wrong with it."""
    assert worst_of("log1p-shift@float64", families=("tiny",)) == []


def test_the_built_in_method_that_answers_alike_is_named_with_its_steps():
    """A function of somebody's own that forgot to shift."""
    first = worst_of(lambda x: np.log(np.exp(x).sum(-1)))[0]
    assert first.alike == ["naive"]
    assert [share.step for share in first.steps][:2] == ["exp", "sum"]
    other = worst_of(lambda x: lsecheck.logsumexp(x) * np.float32(1.001), families=("ordinary",))[0]
    assert (other.kind, other.alike) == ("inaccurate", [])


def test_a_case_that_takes_its_neighbours_is_shown_as_it_was_found():
    """Alone it breaks nothing, and is not said to."""

    def shared(x):
        top = x.max()
        return top + np.log(np.exp(x - top).sum(-1))

    found = worst_of(shared, families=("wide", "conduct"))
    assert found
    for one in found:
        if one.kept == "" and one.domain == "contract":
            assert one.witness == one.found
    assert any(one.domain == "conduct" for one in found)


def test_a_rule_of_conduct_that_fails_is_one_of_them_with_what_was_seen():
    """Its message says what happened."""

    def writes(x):
        answer = lsecheck.logsumexp(x)
        x[:] = 0
        return answer

    found = [one for one in worst_of(writes) if one.domain == "conduct"]
    assert found
    assert all(one.witness.message for one in found)


def test_two_workers_find_what_one_finds():
    """And in the same order."""
    loaded, rows = rows_of("naive", "max-shift", families=("gap", "wide"))
    alone = specimens.collect(loaded, rows, PLAIN)
    done = []
    assert specimens.collect(loaded, rows, PLAIN, 2, lambda: done.append(1)) == alone
    assert len(done) == specimens.candidates_of(rows)


def test_a_file_that_is_no_more_leaves_the_case_as_it_was_found():
    """A report must not fail for it."""
    import msgspec

    (subject,), rows = rows_of("max-shift", families=("gap",))
    moved = [
        msgspec.structs.replace(each, witness=msgspec.structs.replace(each.witness, case="gone.npy:0:0"))
        for each in rows
    ]
    (one,) = specimens.worst(subject, moved)
    assert one.witness == one.found
    assert one.kind == "inaccurate"


def test_a_subject_that_answers_otherwise_every_time_ends_no_report():
    """Its case is shown as it was found."""
    state = np.random.default_rng(3)
    found = worst_of(lambda x: lsecheck.logsumexp(x) + state.choice([0, 1], len(x)).astype(x.dtype))
    assert found


def test_what_is_not_written_out_is_found_by_its_address():
    """A row that takes its length, and one that cannot be made plain, keep the address they were found under."""
    from lsecheck.inputs import cases

    found = worst_of("naive", pairs=("float8_e4m3fn",), families=("offset",))
    long = [one for one in found if not isinstance(one.witness.x, str)]
    assert long
    for one in long:
        assert one.witness.case == one.found.case
        assert one.exact
        (again,) = cases.case(one.witness.case, functions.LOGSUMEXP, formats.named("float8_e4m3fn")).values
        assert len(again) == one.witness.n


def test_a_failure_that_only_plain_rows_do_not_have_is_shown_whole():
    """More different values than are written out: nothing shorter breaks."""

    def crowded(x):
        answer = lsecheck.logsumexp(x)
        return np.array(
            [np.nan if len(set(row)) > 70 else right for row, right in zip(x, answer, strict=True)], x.dtype
        )

    found = [one for one in worst_of(crowded) if one.kind == "nan"]
    assert found
    for one in found:
        assert isinstance(one.witness.x, str) or one.witness.case.partition(":")[0] in FAMILIES
