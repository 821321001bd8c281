"""The table of conduct: a line for whoever was asked, what failed, what differed, how much held."""

import numpy as np
import pytest

import lsecheck
from lsecheck.conduct import NOTICED, RULES
from lsecheck.report import behaviour, markdown, text
from lsecheck.rows import FAILS, HOLDS, NOTED, Document, Finding, Observation, Row, Witness

WITNESS = Witness(case="conduct:0:0", x="0x0p0", n=1, output=0, answer="0x0p0", truth="0x0p0")


def seen(rule, standing=HOLDS, ulp=None, message=""):
    """What became of a rule."""
    return Observation(rule=rule, standing=standing, calls=1, message=message, **({} if ulp is None else {"ulp": ulp}))


def found(kind="dtype", domain="conduct", message="answered in float64"):
    """A finding judged apart."""
    return Finding(domain=domain, kind=kind, expected="a number", count=1, witness=WITNESS, message=message)


def row(*conduct, subject="a", family="conduct", findings=(), fmt="float32", function="logsumexp"):
    """A row as far as conduct is concerned."""
    return Row(
        function=function, subject=subject, format=fmt, family=family, n=(8, 8), cases=15, exhaustive=False,
        class_errors={}, tiers={}, domains={"ordinary": 15}, inputs_sha256="0", conduct=list(conduct),
        findings=list(findings),
    )  # fmt: skip


class TestBody:
    """The lines, cell by cell."""

    def test_there_is_a_cell_for_every_word_of_the_header(self):
        """Text and Markdown take both as they are."""
        assert behaviour.HEADER == ("conduct of", "function", "format", "fails", "noted", "holds")
        for line in behaviour.body([row(seen("repeat"))]):
            assert len(line) == len(behaviour.HEADER)

    def test_nothing_asked_is_no_table(self):
        """An empty line would read as good conduct."""
        assert behaviour.body([]) == []
        assert behaviour.body([row(family="gap"), row(family="tiny", subject="b")]) == []
        assert behaviour.body([row(findings=[found("nan", "specials", "")])]) == []

    def test_whatever_holds_is_counted_and_not_named(self):
        """Eighteen names of rules that hold are read by nobody."""
        assert behaviour.body([row(seen("repeat"), seen("alone"), seen("axis"))]) == [
            ("a", "logsumexp", "float32", "-", "-", "3 of 3")
        ]

    def test_failures_are_named_and_facts_are_told_with_their_size(self):
        """A failure is read on below; a fact has only this line, so it says how large it is, or what was said."""
        body = behaviour.body(
            [
                row(
                    seen("repeat"),
                    seen("alone", NOTED, 1.0, "row 0 alone: 0x1p0, plainly asked 0x1.000002p0"),
                    seen("neighbours", FAILS, 3.0, "nan"),
                    seen("strided", FAILS, message="wrong"),
                    seen("permutation", NOTED, 123456.0, "entries reversed"),
                    seen("integer", NOTED, message="integers are answered in int64"),
                )
            ]
        )
        assert body == [
            ("a", "logsumexp", "float32", "neighbours, strided",
             "alone 1 ulp; permutation 1.23e+05 ulp; integer: integers are answered in int64", "1 of 6")
        ]  # fmt: skip

    @pytest.mark.parametrize("kind", ["dtype", "shape"])
    def test_a_wrong_dtype_or_shape_stands_under_fails_even_where_no_rule_was_asked(self, kind):
        """They are seen in every family, and a check of one family must not show a clean table."""
        assert behaviour.body([row(family="gap", findings=[found(kind)])]) == [
            ("a", "logsumexp", "float32", kind, "-", "0 of 0")
        ]
        both = row(seen("repeat"), seen("axis", FAILS), findings=[found(kind)])
        assert behaviour.body([both]) == [("a", "logsumexp", "float32", f"{kind}, axis", "-", "1 of 2")]

    def test_a_finding_of_several_families_is_named_once(self):
        """Twenty families of a wrong dtype are one failure."""
        rows = [row(family=family, findings=[found(), found("shape")]) for family in ("gap", "tiny", "wide")]
        assert behaviour.body(rows) == [("a", "logsumexp", "float32", "dtype, shape", "-", "0 of 0")]

    def test_findings_of_other_domains_are_not_conduct(self):
        """nan for +inf is a matter of special values, an overflow one of range."""
        given = row(seen("repeat"), findings=[found("nan", "specials"), found("infinite", "range")])
        assert behaviour.body([given]) == [("a", "logsumexp", "float32", "-", "-", "1 of 1")]

    def test_each_subject_function_and_format_has_its_own_line_in_order(self):
        """What float16 does says nothing of float32."""
        rows = [
            row(seen("repeat"), fmt="float16"),
            row(seen("repeat", FAILS), fmt="float32"),
            row(seen("repeat"), subject="b", fmt="float16"),
            row(seen("axis", FAILS), fmt="float16", function="softmax"),
            row(family="gap", subject="c"),
        ]
        assert [(*line[:4], line[5]) for line in behaviour.body(rows)] == [
            ("a", "logsumexp", "float16", "-", "1 of 1"),
            ("a", "logsumexp", "float32", "repeat", "0 of 1"),
            ("b", "logsumexp", "float16", "-", "1 of 1"),
            ("a", "softmax", "float16", "axis", "0 of 1"),
        ]


class TestMerged:
    """Several rows of one subject: of each rule the worst."""

    @pytest.mark.parametrize("turn", [1, -1])
    def test_the_worst_standing_of_each_rule_is_kept_whatever_the_order(self, turn):
        """A rule that held in the first batch and failed in the second fails."""
        given = [
            row(seen("repeat"), seen("alone", NOTED, 1.0), seen("axis", FAILS, message="x"), seen("empty")),
            row(seen("repeat", NOTED, 2.0), seen("alone", FAILS), seen("axis"), seen("empty"), family="more"),
        ][::turn]
        assert {one.rule: one.standing for one in behaviour.merged(given)} == {
            "repeat": NOTED, "alone": FAILS, "axis": FAILS, "empty": HOLDS,
        }  # fmt: skip
        (line,) = behaviour.body(given)
        assert set(line[3].split(", ")) == {"alone", "axis"}
        assert line[4:] == ("repeat 2 ulp", "1 of 4")

    def test_of_equal_standings_the_first_is_kept_with_its_words(self):
        """The first is the one that is easiest to see again."""
        given = [row(seen("axis", FAILS, message="first")), row(seen("axis", FAILS, message="second"), family="more")]
        assert [one.message for one in behaviour.merged(given)] == ["first"]

    def test_rules_stay_in_the_order_in_which_they_were_asked(self):
        """A table whose lines change places cannot be compared with yesterday's."""
        given = [row(seen("repeat"), seen("axis")), row(seen("stdout", FAILS), seen("repeat", FAILS), family="more")]
        assert [one.rule for one in behaviour.merged(given)] == ["repeat", "axis", "stdout"]

    def test_nothing_merged_is_nothing(self):
        """Rows that were asked no rule have none."""
        assert behaviour.merged([]) == []
        assert behaviour.merged([row(), row(family="gap")]) == []


def good(x, axis=-1):
    """log sum exp, in float64."""
    with np.errstate(all="ignore"):
        y = x.astype(np.float64)
        top = y.max(axis, initial=-np.inf)
        shift = np.where(np.isinf(top), 0.0, top)
        return (shift + np.log(np.exp(y - np.expand_dims(shift, axis)).sum(axis))).astype(x.dtype)


def asked(subject, families=("conduct",), **more):
    """The result of a check, with the lines of its text and of its Markdown."""
    result = lsecheck.check(subject, "logsumexp", "float32", families, "quick", **more)
    document = Document(schema=1, environment={}, rows=result.rows, verdicts=result.verdicts)
    return result, text.render(result.rows, result.verdicts).splitlines(), markdown.summary(document, "T").splitlines()


class TestShown:
    """The same lines in text and in Markdown."""

    def test_a_well_behaved_subject_has_one_line_of_all_the_rules(self):
        """Every rule counts, those of the plain call too; integers are answered in int64, which is a fact."""
        result, said, summary = asked(good)
        streams = {"chunks"}  # it is none
        every = len(RULES.keys() - streams) + len(NOTICED) - ("keepdims" not in good.__code__.co_varnames)
        line = ("good", "logsumexp", "float32", "-", "integer: integers are answered in int64",
                f"{every - 1} of {every}")  # fmt: skip
        assert behaviour.body(result.rows) == [line]
        place = next(place for place, words in enumerate(said) if words.startswith("conduct of"))
        assert said[place].split() == [word for words in behaviour.HEADER for word in words.split()]
        assert [cell.strip() for cell in said[place + 2].split("  ") if cell.strip()] == list(line)
        assert "## Conduct" in summary
        assert "| " + " | ".join(("`good`", *line[1:])) + " |" in summary

    def test_no_table_where_the_family_was_not_asked(self):
        """Neither heading nor header."""
        _, said, summary = asked(good, ("gap",))
        assert not any(words.startswith("conduct of") for words in said)
        assert "## Conduct" not in summary

    def test_a_failing_rule_is_named_in_the_table_and_shown_below(self):
        """The name leads to the evidence: what was seen, on what."""

        def writes(x, axis=-1):
            answers = good(x, axis)
            if x.flags.writeable:
                x[...] = 0
            return answers

        result, said, _ = asked(writes)
        (line,) = behaviour.body(result.rows)
        assert "input" in line[3].split(", ")
        assert "float32  writes  conduct: input" in said
        assert result.verdicts[0].conduct == "fail"
        waived, said, _ = asked(writes, waive=["conduct"])
        assert behaviour.body(waived.rows) == [line]
        assert (waived.status, "float32  writes  conduct: input" in said) == (0, True)

    @pytest.mark.parametrize("kind", ["dtype", "shape"])
    def test_a_wrong_dtype_or_shape_is_in_the_table(self, kind):
        """Word for word what the verdict fails for."""

        def subject(x, axis=-1):
            return good(x, axis).astype(np.float64) if kind == "dtype" else np.zeros((3, 3, 3), x.dtype)

        for families in (("conduct",), ("gap",), ("conduct", "gap", "tiny")):
            result, said, _ = asked(subject, families)
            (line,) = behaviour.body(result.rows)
            assert line[3].split(", ")[0] == kind
            assert line[3].count(kind) == 1
            assert result.verdicts[0].conduct == "fail"
            assert any(words.startswith("conduct of") for words in said)
