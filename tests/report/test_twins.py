"""Twins: who answers bit for bit as somebody else is named, shown once, and never shown where it is not so."""

import msgspec
import numpy as np
import pytest

import lsecheck
from lsecheck import Loading
from lsecheck.report import markdown, text, twins
from lsecheck.rows import Document, Row
from lsecheck.subjects import load


def row(subject="a", family="gap", said="1f", cases=100, fmt="float32", function="logsumexp"):
    """A row as far as twins are concerned."""
    return Row(
        function=function, subject=subject, format=fmt, family=family, n=(2, 2), cases=cases, exhaustive=False,
        class_errors={}, tiers={}, domains={"ordinary": cases}, inputs_sha256="0", answers_sha256=said, max_ulp=0.5,
    )  # fmt: skip


def rows_of(**said):
    """Rows of several subjects: subject=[(family, answers), ...]."""
    return [row(subject, family, answers) for subject, each in said.items() for family, answers in each]


class TestFound:
    """Who is the twin of whom."""

    def test_the_same_answers_to_the_same_questions_make_a_twin_of_the_first(self):
        """In order of rows: the first keeps its name, the others are named after it."""
        same = [("gap", "1f"), ("tiny", "2e")]
        assert twins.found(rows_of(a=same, b=same, c=same)) == {"b": "a", "c": "a"}

    def test_two_pairs_of_twins_are_told_apart(self):
        """Each after its own first."""
        one, other = [("gap", "1f")], [("gap", "2e")]
        assert twins.found(rows_of(a=one, b=other, c=one, d=other)) == {"c": "a", "d": "b"}

    @pytest.mark.parametrize(
        "other",
        [
            [("gap", "1f"), ("tiny", "2f")],
            [("gap", "2e"), ("tiny", "1f")],
            [("gap", "1f")],
            [("gap", "1f"), ("tiny", "2e"), ("wide", "3d")],
            [("gap", "1f"), ("wide", "2e")],
        ],
        ids=["one answer", "exchanged", "a family less", "a family more", "another family"],
    )
    def test_anything_else_is_no_twin(self, other):
        """Agreement on half of the questions is what two good methods have as well."""
        assert twins.found(rows_of(a=[("gap", "1f"), ("tiny", "2e")], b=other)) == {}

    @pytest.mark.parametrize("changed", [{"fmt": "float64"}, {"function": "softmax"}, {"family": "tiny"}])
    def test_other_questions_with_the_same_answers_make_no_twins(self, changed):
        """All zeros in float32 and all zeros in float64 are not the same answers to the same questions."""
        assert twins.found([row("a"), row("b", **changed)]) == {}
        assert twins.found([row("a"), row("b")]) == {"b": "a"}

    def test_a_hundred_cases_are_needed_all_told(self):
        """[0, 0] is answered alike by everybody: 99 cases show nothing yet, 50 and 50 do."""
        assert twins.found([row("a", cases=99), row("b", cases=99)]) == {}
        halves = [row(subject, family, cases=50) for subject in "ab" for family in ("gap", "tiny")]
        assert twins.found(halves) == {"b": "a"}
        assert twins.found([*halves[:2], msgspec.structs.replace(halves[2], cases=49), halves[3]]) == {}

    def test_results_without_a_digest_of_answers_show_nothing(self):
        """Older files have none: no digest is not the same digest."""
        assert twins.found([row("a", said=""), row("b", said="")]) == {}
        assert twins.found(rows_of(a=[("gap", "1f"), ("tiny", "")], b=[("gap", "1f"), ("tiny", "")])) == {}

    def test_nobody_is_a_twin_of_itself(self):
        """One subject, no rows, and rows of one subject in several formats."""
        assert twins.found([]) == {}
        assert twins.found([row("a"), row("a", fmt="float64"), row("a", "tiny")]) == {}

    def test_the_sentence_names_both(self):
        """Word for word: it stands in reports."""
        assert twins.spoken({"b": "a", "c": "a"}) == [
            "b answers as a does, bit for bit, throughout: the same code by another name",
            "c answers as a does, bit for bit, throughout: the same code by another name",
        ]
        assert twins.spoken({}) == []


def good(x, axis=-1):
    """log sum exp, in float64."""
    with np.errstate(all="ignore"):
        y = x.astype(np.float64)
        top = y.max(axis, initial=-np.inf)
        shift = np.where(np.isinf(top), 0.0, top)
        return (shift + np.log(np.exp(y - np.expand_dims(shift, axis)).sum(axis))).astype(x.dtype)


def alias(x, axis=-1):
    """The same code by another name."""
    return good(x, axis)


def asked(*subjects, families=("gap",), effort="standard", fmt="float32", **more):
    """A check of several subjects, and its words."""
    result = lsecheck.check(list(subjects), "logsumexp", fmt, families, effort, **more)
    return result, text.render(result.rows, result.verdicts)


class TestShown:
    """What text and Markdown make of them."""

    def test_twins_are_named_and_shown_once_in_text(self):
        """Ten aliases of one kernel are one line of the table, not ten."""
        result, said = asked(good, alias)
        assert twins.found(result.rows) == {"alias": "good"}
        lines = said.splitlines()
        assert [line.split()[0] for line in lines[2:3]] == ["good"]
        assert "alias answers as good does, bit for bit, throughout: the same code by another name" in lines
        assert said.count("alias") == 1
        assert lines[-1] == "lsecheck: 2 passed, 0 failed; 960 cases, sampled"

    def test_markdown_names_them_and_shows_both(self):
        """A report is also read for one name: its line must be there."""
        result, _ = asked(good, alias)
        said = markdown.summary(Document(schema=1, environment={}, rows=result.rows, verdicts=result.verdicts), "T")
        assert "* alias answers as good does, bit for bit, throughout: the same code by another name" in said
        assert "| `alias` | float32 |" in said
        assert "| `good` | float32 |" in said

    def test_one_bit_in_one_case_keeps_two_subjects_apart(self):
        """The smallest difference there is, in one of 480 answers: the digest is of every bit."""
        (batch,) = lsecheck.inputs.cases.batches("gap", lsecheck.functions.named("logsumexp"),
                                                 lsecheck.formats.FORMATS["float32"])  # fmt: skip
        marked = batch.values[317].tolist()

        def nearly(x, axis=-1):
            answers = good(x, axis)
            if x.ndim == 2:
                here = (x == np.array(marked, x.dtype)).all(-1)
                answers = np.where(here, np.nextafter(answers, answers.dtype.type(9)), answers)
            return answers

        result, said = asked(good, nearly)
        differing = [one.answers_sha256 for one in result.rows]
        assert differing[0] != differing[1]
        assert "the same code" not in said
        assert [line.split()[0] for line in said.splitlines()[2:4]] == ["good", "nearly"]

    def test_the_sign_of_a_zero_is_a_bit_too(self):
        """It is never scored, and it tells two kernels apart all the same."""

        def signed(x, axis=-1):
            answers = good(x, axis)
            return np.where(answers == 0, -np.abs(answers), answers)

        result, _ = asked(good, signed)
        assert any(float(answer) == 0 for answer in good(np.array([[0, -200.0]], np.float32)))
        assert twins.found(result.rows) == {}

    def test_few_cases_keep_twins_apart(self):
        """48 cases at quick effort show nothing."""
        result, said = asked(good, alias, effort="quick")
        assert twins.found(result.rows) == {}
        assert [line.split()[0] for line in said.splitlines()[2:4]] == ["good", "alias"]

    def test_a_failing_twin_is_counted_and_its_finding_shown_once(self):
        """Both fail alike: one block of evidence, and two failures in the last line."""
        result, said = asked(good, alias, require="conditioned")
        assert [verdict.status for verdict in result.verdicts] == ["fail", "fail"]
        assert said.count("FAIL  ") == 1
        assert said.splitlines()[-1].startswith("lsecheck: 0 passed, 2 failed;")


class TestNothingIsHidden:
    """A line left out must have nothing to say that the line shown does not."""

    @pytest.mark.parametrize("order", [1, -1])
    def test_a_twin_with_a_verdict_of_its_own_is_shown(self, order):
        """The same answers from code that writes to its input: leaving it out hides the only failure."""

        def rude(x, axis=-1):
            answers = good(x, axis)
            x[...] = 0
            return answers

        result, said = asked(*[good, rude][::order], families=("conduct", "gap"))
        assert {verdict.subject: verdict.status for verdict in result.verdicts} == {"good": "pass", "rude": "fail"}
        assert "FAIL  rude logsumexp float32" in said
        assert [line.split()[0] for line in said.splitlines()[2:4]] == ["good", "rude"][::order]

    def test_the_same_answers_under_another_declaration_are_shown(self):
        """The same code held to another truth: it passes as what it is, and fails as what it is not."""
        _, said = asked(load(good), load(alias, Loading(base="2")))
        assert "FAIL  alias logsumexp float32" in said

    @pytest.mark.parametrize("kind", ["raised", "dtype", "shape"])
    def test_subjects_that_answered_nothing_are_not_the_same_code(self, kind):
        """Two that fail throughout, each for its own reason, have no bits to agree on."""

        def first(x, axis=-1):
            if kind == "raised":
                raise ValueError("no kernel for this device")
            return good(x, axis).astype(np.float16) if kind == "dtype" else np.zeros((7, 7), x.dtype)

        def second(x, axis=-1):
            if kind == "raised":
                raise KeyError("an import went wrong")
            return good(x, axis).astype(np.float64) if kind == "dtype" else np.zeros((9, 9), x.dtype)

        _, said = asked(first, second)
        assert "the same code" not in said
        assert "FAIL  first" in said
        assert "FAIL  second" in said
