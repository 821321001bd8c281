"""The file of measured errors: read back as written, refused where it is not one, and never looser unseen."""

import math
import random
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gate import Project
from lsecheck.contracts import LADDER, Contract
from lsecheck.errors import InputError
from lsecheck.gate import baseline
from lsecheck.gate.baseline import MEASURES, Baseline, Line, rounded_up
from lsecheck.gate.enforce import renewed
from lsecheck.rows import ABSENT, Row

HASH = "0123456789ab"
#: as it would be measured where NumPy has other loops
ANOTHER = "X86_V2 OTHER"


def row(family: str = "gap", **changed: object) -> Row:
    """A row of measured errors."""
    told = {
        "function": "logsumexp",
        "subject": "mine.py:f",
        "format": "float32",
        "n": (2, 2),
        "cases": 10,
        "exhaustive": False,
        "class_errors": {},
        "max_ulp": 4.0,
        "max_scaled": 2.0,
        "mean_ulp": 1.0,
        "bias_ulp": -0.5,
        "contract": "shifted",
        "tiers": {"certified": 10},
        "domains": {"ordinary": 10},
        "inputs_sha256": HASH + "0" * 52,
    }
    return Row(family=family, **told | changed)


def known(**changed: object) -> Baseline:
    """The baseline that such a row makes."""
    return baseline.of([row(**changed)], {"numpy_simd": "X86_V2"})


def found(now: Row, before: Baseline, slack: float = 1.25, elsewhere: bool = False) -> list[str]:
    """What is worse, by measure."""
    return [breach.measure for breach in baseline.breaches(now, baseline.line_of(before, now), slack, elsewhere)]


class TestRounding:
    """Numbers are rounded up, so that what was measured is within its own baseline."""

    @given(st.floats(0, 1e300, allow_subnormal=False))
    @example(0.0)
    @example(0.1)
    @example(0.999)
    @example(0.9991)
    @example(9.995)
    @example(1e-300)
    @example(1.001)
    @example(123456.0)
    @example(1e22)
    @example(5e-324)
    @example(1.12)
    @example(1.1132266722710398)
    def test_up_to_three_digits_never_below_and_only_once(self, number):
        """At most a hundredth more; what is rounded stays as it is."""
        up = rounded_up(number)
        assert up >= number
        assert up <= number * 1.01 or number < 1e-300
        digits = f"{up:.17e}".partition("e")[0]
        assert up == float(f"{up:.2e}"), digits
        assert rounded_up(up) == up

    @given(st.floats(1e-300, 1e300), st.floats(1e-300, 1e300))
    def test_order_is_kept(self, one, other):
        """A worse error never looks better."""
        low, high = sorted([one, other])
        assert rounded_up(low) <= rounded_up(high)

    def test_nan_and_infinity_stay_what_they_are(self):
        """And are within no limit."""
        assert math.isnan(rounded_up(math.nan))
        assert rounded_up(math.inf) == math.inf

    def test_examples(self):
        """By hand."""
        assert [rounded_up(n) for n in (1.0, 1.001, 0.5004, 99.91, 99.99, 123456.0, 0.00012341)] == [
            1.0, 1.01, 0.501, 100.0, 100.0, 124000.0, 0.000124,
        ]  # fmt: skip


WORDS = st.text(st.characters(max_codepoint=0x2FF, exclude_categories=["Cc"]), min_size=1, max_size=8)
NUMBERS = st.floats(1e-30, 1e30).map(rounded_up) | st.just(0.0)
LINES = st.builds(
    Line,
    st.text("0123456789abcdef", min_size=12, max_size=12),
    st.sampled_from(["-", *map(str, LADDER)]),
    st.dictionaries(st.sampled_from(MEASURES), NUMBERS),
)
BASELINES = st.builds(
    Baseline,
    st.sampled_from(["", "X86_V2 X86_V3"]),
    st.dictionaries(st.tuples(st.just("logsumexp"), WORDS, WORDS, st.just("gap")), LINES, max_size=4),
)


class TestFile:
    """What is written is read."""

    @settings(max_examples=40)
    @given(BASELINES)
    @example(Baseline("", {}))
    @example(Baseline("", {("f", "exec:./a b", "float32", "gap"): Line(HASH, "-", {})}))
    @example(Baseline("", {("f", "exec:./a 'b c' \"d\" \\ # $HOME", "float32", "gap"): Line(HASH, "-", {})}))
    @example(Baseline("", {("#", "#", "#", "#"): Line(HASH, "-", {})}))
    @example(Baseline("", {("", "", "", ""): Line(HASH, "-", {})}))
    def test_a_baseline_comes_back(self, one):
        """Whatever the subjects are called."""
        assert baseline.read(baseline.write(one), "b") == one

    @settings(max_examples=40)
    @given(BASELINES)
    def test_one_line_a_row_in_one_order(self, one):
        """However the rows came in; no trailing blanks, and a last newline."""
        shuffled = list(one.lines.items())
        random.Random(0).shuffle(shuffled)
        text = baseline.write(one)
        assert baseline.write(Baseline(one.dispatch, dict(shuffled))) == text
        assert len(text.splitlines()) == 3 + len(one.lines)
        assert text.endswith("\n")
        assert not re.search(r" $", text.replace("# dispatch: \n", ""), re.M)

    def test_it_looks_as_people_review_it(self):
        """The size of the bias; what was not scored is a dash."""
        rows = [
            row("wide", max_ulp=4.0012, subject="exec:./a b"),
            row("gap"),
            row("specials", max_ulp=ABSENT, max_scaled=ABSENT, mean_ulp=ABSENT, bias_ulp=ABSENT, contract=ABSENT),
        ]
        assert baseline.write(baseline.of(rows, {"numpy_simd": "X86_V2"})) == (
            "# lsecheck baseline 1: what was measured, rounded up to three digits;"
            " 'lsecheck gate --write-baseline' makes it anew\n"
            "# dispatch: X86_V2\n"
            "# function subject format family inputs contract max_ulp max_scaled mean_ulp bias_ulp\n"
            f"logsumexp 'exec:./a b' float32 wide {HASH} shifted 4.01 2.0 1.0 0.5\n"
            f"logsumexp mine.py:f float32 gap {HASH} shifted 4.0 2.0 1.0 0.5\n"
            f"logsumexp mine.py:f float32 specials {HASH} - - - - -\n"
        )

    def test_nothing_in_it_says_when_or_where(self, project):
        """Neither the host, nor the user, nor the hour, nor the folder: two runs write the same bytes."""
        import platform

        demand = project.demand("wide", families=("gap", "ordinary"))
        texts = [
            baseline.write(baseline.of(g.result.rows, g.result.environment))
            for g in (project.gate(demand), project.gate(demand))
        ]
        assert texts[0] == texts[1]
        assert platform.node() not in texts[0] or not platform.node()
        assert str(project.folder) not in texts[0]
        assert not re.search(r"\d\d:\d\d|20\d\d-", texts[0])

    @pytest.mark.parametrize(
        ("line", "sentence"),
        [
            ("logsumexp f float32 gap", "has no key, inputs, contract and 4 numbers"),
            ("logsumexp f float32 gap 0 shifted 1 2 3", "has no key, inputs, contract and 4 numbers"),
            ("logsumexp f float32 gap 0 shifted 1 2 3 4 5", "has no key, inputs, contract and 4 numbers"),
            ("logsumexp f float32 gap 0 shifted 1 2 3 four", "has no key, inputs, contract and 4 numbers"),
            ("logsumexp 'f float32 gap 0 shifted 1 2 3 4", "has no key, inputs, contract and 4 numbers"),
            ("logsumexp f float32 gap 0 shiftd 1 2 3 4", ": 'shiftd' is no contract"),
            ("logsumexp f float32 gap 0 shifted nan 2 3 4", ": measures must be numbers from 0"),
            ("logsumexp f float32 gap 0 shifted 1 inf 3 4", ": measures must be numbers from 0"),
            ("logsumexp f float32 gap 0 shifted 1 2 1e999 4", ": measures must be numbers from 0"),
            ("logsumexp f float32 gap 0 shifted 1 2 3 -4", ": measures must be numbers from 0"),
            ("<<<<<<< HEAD", "has no key, inputs, contract and 4 numbers"),
            ("=======", "has no key, inputs, contract and 4 numbers"),
            (
                f"logsumexp mine.py:f float32 gap {HASH} shifted 9 9 9 9",
                ": logsumexp mine.py:f float32 gap is there twice",
            ),
        ],
    )
    def test_a_line_that_is_none_is_refused_with_its_number(self, line, sentence):
        """Also what a merge leaves behind."""
        with pytest.raises(InputError) as refused:
            baseline.read(baseline.write(known()) + "\n" + line + "\n", "b.txt")
        assert str(refused.value).startswith("b.txt, line 6")
        assert sentence in str(refused.value)

    @pytest.mark.parametrize(
        "text", ["", "\n", "logsumexp f float32 gap 0 shifted 1 2 3 4\n", "# lsecheck baseline 2: of another time\n"]
    )
    def test_a_file_that_is_none_is_refused(self, text):
        """An empty one too: it would hold nothing to anything."""
        with pytest.raises(InputError) as refused:
            baseline.read(text, "b.txt")
        assert str(refused.value) == ("b.txt is no baseline: its first line should begin with '# lsecheck baseline 1'")

    def test_a_later_version_is_not_this_one(self):
        """10 begins with 1."""
        with pytest.raises(InputError):
            baseline.read("# lsecheck baseline 10: of another time\n", "b.txt")

    def test_windows_line_ends_are_read(self):
        """Git may write them."""
        text = baseline.write(known())
        assert baseline.read(text.replace("\n", "\r\n"), "b") == baseline.read(text, "b")


class TestComparison:
    """A row and its line."""

    @pytest.mark.parametrize("measure", MEASURES)
    def test_worse_than_the_slack_is_found_and_exactly_the_slack_is_not(self, measure):
        """1.25 by default; a bias may have either sign."""
        before = getattr(row(), measure)
        assert found(row(**{measure: before * 1.25}), known()) == []
        assert found(row(**{measure: before * 1.27}), known()) == [measure]
        assert found(row(**{measure: -before * 1.27}), known()) == [measure]

    def test_a_breach_says_what_it_was_and_what_it_might_be(self):
        """Number against number."""
        (breach,) = baseline.breaches(row(max_ulp=6.0), known().lines["logsumexp", "mine.py:f", "float32", "gap"], 1.25)
        assert (breach.measure, breach.value, breach.limit, breach.source, breach.family) == (
            "max_ulp", 6.0, 5.0, "baseline", "gap",
        )  # fmt: skip

    @given(st.floats(0, 1e30), st.floats(1, 10))
    @example(1.001, 1.0)
    @example(0.0, 1.0)
    @example(0.1, 1.1)
    def test_what_was_measured_is_within_its_own_baseline(self, number, slack):
        """At any slack, to the last bit, after the file was written and read."""
        now = row(max_ulp=number, max_scaled=number, mean_ulp=number, bias_ulp=-number)
        before = baseline.read(baseline.write(baseline.of([now], {})), "b")
        assert found(now, before, slack) == []

    def test_nothing_stays_nothing(self):
        """0 -> 0 is no regression, and 0 -> anything is one whatever the slack."""
        assert found(row(max_ulp=0.0), known(max_ulp=0.0)) == []
        assert found(row(max_ulp=5e-324), known(max_ulp=0.0), slack=1000.0) == ["max_ulp"]
        assert found(row(max_ulp=0.001), known(max_ulp=0.0)) == ["max_ulp"]

    def test_where_every_input_was_asked_there_is_no_slack(self):
        """Three digits of rounding are all."""
        assert found(row(exhaustive=True), known()) == []
        assert found(row(exhaustive=True, max_ulp=4.011), known()) == ["max_ulp"]

    @pytest.mark.parametrize("measure", MEASURES)
    def test_a_number_that_is_no_longer_there_is_worse(self, measure):
        """It was scored, and now nothing is."""
        assert found(row(**{measure: ABSENT}), known()) == [measure]

    @pytest.mark.parametrize("measure", MEASURES)
    def test_a_number_that_was_not_there_has_no_limit_and_is_found(self, measure):
        """A line of dashes holds nothing to anything: a row that is scored is more than the baseline knows."""
        assert found(row(), known(**{measure: ABSENT})) == [measure]

    @pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
    def test_nan_is_never_within(self, bad):
        """Nor infinity."""
        for measure in MEASURES:
            assert found(row(**{measure: bad}), known()) == [measure]
            assert found(row(**{measure: bad}), known(), elsewhere=True) == (
                ["max_scaled"] if measure == "max_scaled" else []
            )

    def test_a_nan_that_came_into_a_baseline_by_other_ways_holds_too(self):
        """Every comparison with nan fails."""
        assert found(row(), known(max_ulp=math.nan)) == ["max_ulp"]
        assert found(row(), known(), slack=math.nan) == list(MEASURES)

    def test_a_weaker_contract_is_found(self):
        """shifted before, sequential now."""
        assert found(row(contract="sequential"), known()) == ["contract"]
        assert found(row(contract="broken"), known()) == ["contract"]
        assert found(row(contract=ABSENT), known()) == ["contract"]
        assert found(row(contract="conditioned"), known()) == []

    def test_luck_is_not_held_against_anyone(self):
        """A sample that came out faithful promises no more than `conditioned`."""
        assert found(row(contract="conditioned"), known(contract="correctly-rounded")) == []
        assert found(row(contract="shifted"), known(contract="correctly-rounded")) == ["contract"]

    def test_a_contract_where_there_was_none_is_compared_too(self):
        """`-` in the file is no licence."""
        assert found(row(contract="broken"), known(contract=ABSENT)) == ["contract"]

    def test_other_inputs_cannot_be_compared(self):
        """Another seed, effort or version: fail, and say what to do."""
        (breach,) = baseline.breaches(
            row(inputs_sha256="f" * 64), known().lines["logsumexp", "mine.py:f", "float32", "gap"], 1.25
        )
        assert (breach.measure, breach.value, breach.limit) == ("baseline", "f" * 12, HASH)
        assert breach.message == (
            "gap was measured on other inputs in the baseline: nothing can be compared; write it anew"
        )

    def test_a_row_without_a_line_fails(self):
        """A new family, format or subject is reviewed like any other change."""
        (breach,) = baseline.breaches(row("wide"), None, 1.25)
        assert breach.message == (
            "wide is not in the baseline: run 'lsecheck gate --write-baseline' and review the diff"
        )

    @pytest.mark.parametrize("key", ["function", "subject", "format", "family"])
    def test_a_line_without_a_row_has_vanished(self, key):
        """Under each part of the key."""
        before = known()
        now = row(**{"family": "gap"} | {key: "other"})
        assert baseline.vanished([now], before) == [("logsumexp", "mine.py:f", "float32", "gap")]
        assert baseline.vanished([], before) == [("logsumexp", "mine.py:f", "float32", "gap")]
        assert baseline.vanished([row()], before) == []


class TestAnotherProcessor:
    """Where NumPy has other loops, last bits differ, so less is compared; the rest stays as strict."""

    def test_ulps_near_0_say_little_and_are_left_alone(self):
        """Measured: up to 5 times."""
        assert found(row(max_ulp=20.0, mean_ulp=5.0, bias_ulp=2.0), known(), elsewhere=True) == []

    def test_e_is_compared_with_one_more(self):
        """The slack as ever, and what an ulp of exp or log may add."""
        most = 2.0 * 1.25 + baseline.ELSEWHERE
        assert found(row(max_scaled=most), known(), elsewhere=True) == []
        assert found(row(max_scaled=most * 1.01), known(), elsewhere=True) == ["max_scaled"]

    def test_everything_that_is_no_number_is_compared(self):
        """Contract, inputs, keys, absence."""
        assert found(row(contract="broken"), known(), elsewhere=True) == ["contract"]
        assert found(row(inputs_sha256="f" * 64), known(), elsewhere=True) == ["baseline"]
        assert found(row("wide"), known(), elsewhere=True) == ["baseline"]
        assert found(row(max_ulp=ABSENT), known(), elsewhere=True) == ["max_ulp"]

    def test_the_gate_says_so(self, project):
        """Once, in a note; and it still fails where E does."""
        demand = project.demand("off_once", "budgets = { max_ulp = 1e9 }")
        gated = project.gate(demand)
        here = baseline.of(gated.result.rows, gated.result.environment)
        again = project.gate(demand, baseline=here._replace(dispatch=ANOTHER))
        assert (again.status, len(again.notes)) == (0, 1)
        assert again.notes[0].startswith(f"the baseline was measured where NumPy had {ANOTHER}, this run has ")
        better = {key: line._replace(measures=line.measures | {"max_scaled": 0.0}) for key, line in here.lines.items()}
        worse = project.gate(demand, baseline=Baseline(ANOTHER, better))
        assert worse.status == 1


class TestLoosening:
    """Tightening is free; loosening is asked for."""

    def loosened(self, **changed: object) -> list[str]:
        """What a new baseline would allow, the old one being `known()`."""
        return baseline.loosened(known(), known(**changed))

    def test_tighter_numbers_and_stronger_contracts_are_free(self):
        """And so is a row that is new."""
        assert self.loosened(max_ulp=3.0, contract="conditioned") == []
        assert self.loosened() == []
        both = baseline.of([row(), row("wide")], {})
        assert baseline.loosened(known(), both) == []

    def test_a_larger_number_is_looser(self):
        """With both numbers."""
        assert self.loosened(max_ulp=4.02) == ["logsumexp mine.py:f float32 gap: max_ulp 4 becomes 4.02"]

    def test_an_absent_number_is_looser(self):
        """It would no longer be compared."""
        assert self.loosened(mean_ulp=ABSENT) == ["logsumexp mine.py:f float32 gap: mean_ulp 1 becomes absent"]

    def test_a_weaker_contract_is_looser(self):
        """And so is none."""
        assert self.loosened(contract="folded") == ["logsumexp mine.py:f float32 gap: shifted becomes folded"]
        assert self.loosened(contract=ABSENT) != []

    def test_a_row_that_vanishes_is_looser(self):
        """Half of a gate could be taken away so."""
        both = baseline.of([row(), row("wide")], {})
        assert baseline.loosened(both, known()) == ["logsumexp mine.py:f float32 wide: would vanish"]

    def test_all_that_is_looser_is_told_at_once(self):
        """The larger number and the row that vanishes."""
        both = baseline.of([row(), row("wide")], {})
        assert len(baseline.loosened(both, known(max_ulp=5.0, mean_ulp=2.0))) == 3

    def test_other_inputs_do_not_hide_a_larger_number(self):
        """Another seed must not be the way to a looser baseline: not comparable is not free."""
        assert self.loosened(max_ulp=400.0, contract="broken", inputs_sha256="f" * 64) != []


NAMED = 'baseline = "known.txt"'


class TestCommand:
    """lsecheck gate --write-baseline, and what follows."""

    def begin(self, project: Project, **demanded: object) -> str:
        """A project with a baseline of `textbook`; the text of the file."""
        project.write(project.demand("textbook", families=("gap", "ordinary"), **demanded), top=NAMED)
        stdout, stderr, status = project.run("--write-baseline", "--output", "json")
        assert status == 0, (stdout, stderr)
        return (project.folder / "known.txt").read_text("utf-8")

    def test_written_it_holds(self, project):
        """And a second writing changes nothing."""
        text = self.begin(project)
        assert [line.split()[3] for line in text.splitlines()[3:]] == ["gap", "ordinary"]
        assert project.run("--output", "json")[2] == 0
        assert self.begin(project) == text

    def test_a_file_of_another_place_is_found_beside_the_configuration(self, project, monkeypatch):
        """Not where the command is run."""
        self.begin(project)
        monkeypatch.chdir(project.folder.parent)
        stderr = project.run("--config", str(project.folder / "lsecheck.toml"), "--output", "json")[1]
        assert "there is no baseline" not in stderr

    def test_loosening_is_refused_in_a_sentence_and_nothing_is_written(self, project):
        """Then allowed with the flag."""
        text = self.begin(project)
        tighter = re.sub(r"(ordinary \w+ \S+) \S+", r"\1 0.001", text)
        (project.folder / "known.txt").write_text(tighter, "utf-8")
        stdout, stderr, status = project.run("--write-baseline", "--output", "json")
        assert (stdout, status) == ("", 2)
        assert re.fullmatch(
            r"lsecheck: known\.txt would become looser in 1 places, add --loosen if that is meant:"
            r" logsumexp subjects_\w+\.py:textbook float32 ordinary: max_ulp 0\.001 becomes [\d.]+\n",
            stderr,
        ), stderr
        assert (project.folder / "known.txt").read_text("utf-8") == tighter
        assert project.run("--write-baseline", "--loosen", "--output", "json")[2] == 0
        assert (project.folder / "known.txt").read_text("utf-8") == text

    def test_tightening_is_free(self, project):
        """A worse past is forgotten."""
        text = self.begin(project)
        (project.folder / "known.txt").write_text(re.sub(r"(ordinary \w+ \S+) \S+", r"\1 99.0", text), "utf-8")
        assert project.run("--write-baseline", "--output", "json")[2] == 0
        assert (project.folder / "known.txt").read_text("utf-8") == text

    def test_a_demand_that_fails_still_fails_while_its_baseline_is_written(self, project):
        """Recording an error does not make it right."""
        project.write(project.demand("textbook", 'require = "conditioned"'), top=NAMED)
        assert project.run("--write-baseline", "--output", "json")[2] == 1
        assert project.run("--output", "json")[2] == 1

    def test_writing_without_a_name_is_refused(self, project):
        """It would go nowhere."""
        project.write(project.demand("wide"))
        assert project.run("--write-baseline")[1:] == (
            'lsecheck: lsecheck.toml names no baseline: add baseline = "lsecheck-baseline.txt"\n',
            2,
        )

    def test_a_missing_file_is_refused_with_the_command_that_writes_it(self, project):
        """A gate without its baseline is another gate."""
        project.write(project.demand("wide"), top=NAMED)
        assert project.refused() == "there is no baseline known.txt: 'lsecheck gate --write-baseline' writes it"

    @pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"# lsecheck baseline 1\nhalf a line\n"])
    def test_a_file_that_is_none_is_refused(self, project, content):
        """Empty, not text, cut off: status 2 and a sentence that names it."""
        project.write(project.demand("wide"), top=NAMED)
        (project.folder / "known.txt").write_bytes(content)
        assert project.refused().startswith("known.txt")

    def test_nor_is_it_written_over_unread(self, project):
        """What cannot be read cannot be compared, so nobody knows whether the new one is looser."""
        project.write(project.demand("wide"), top=NAMED)
        (project.folder / "known.txt").write_bytes(b"half\n")
        assert project.run("--write-baseline", "--output", "json")[2] == 2
        assert (project.folder / "known.txt").read_bytes() == b"half\n"

    @pytest.mark.parametrize(
        ("families", "formats"),
        [(("gap",), "float32"), (("gap", "ordinary"), "float64"), (("gap", "ordinary", "tiny"), "float32")],
        ids=["family vanished", "format changed", "family new"],
    )
    def test_other_sets_of_rows_fail(self, project, families, formats):
        """Before any number is compared."""
        self.begin(project)
        project.write(project.demand("textbook", families=families, formats=formats), top=NAMED)
        stdout, _, status = project.run("--output", "json")
        assert status == 1
        assert "is in the baseline and was not measured" in stdout or "is not in the baseline" in stdout

    def test_and_vanishing_must_be_asked_for(self, project):
        """The same rule as for numbers."""
        self.begin(project)
        project.write(project.demand("textbook"), top=NAMED)
        _, stderr, status = project.run("--write-baseline", "--output", "json")
        assert status == 2
        assert "ordinary: would vanish" in stderr
        assert project.run("--write-baseline", "--loosen", "--output", "json")[2] == 0

    def test_better_than_known_is_still_bound_by_the_ceiling(self, project):
        """The baseline can only tighten what the configuration allows."""
        text = self.begin(project)
        loose = re.sub(r"(ordinary \w+ \S+) .*", r"\1 1e6 1e6 1e6 1e6", text)
        (project.folder / "known.txt").write_text(loose, "utf-8")
        project.write(
            project.demand("textbook", "budgets = { max_ulp = 0.5 }", families=("gap", "ordinary")), top=NAMED
        )
        assert project.run("--output", "json")[2] == 1

    def test_the_file_on_disk_is_what_the_run_would_write(self, project):
        """`renewed` is the same thing."""
        text = self.begin(project)
        gated = project.gate(project.demand("textbook", families=("gap", "ordinary")))
        assert baseline.write(renewed(None, gated, None, False)) == text

    def test_every_contract_in_it_is_one(self):
        """And every one of the ladder may stand there, `broken` too: it is what was measured."""
        for contract in Contract:
            text = baseline.write(known(contract=str(contract)))
            assert baseline.read(text, "b").lines["logsumexp", "mine.py:f", "float32", "gap"].contract == contract
