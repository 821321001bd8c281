"""What fuzzing says: the verdict first, evidence that can be pasted, and of the rest no more than numbers allow."""

import ast
import json
import re
import shlex
import textwrap

import msgspec
import pytest

import lsecheck
from lsecheck.fuzz.counterexample import Counterexample, Effort, Fuzzed, Worst
from lsecheck.report import fuzzed as words
from lsecheck.rows import ABSENT, Witness
from report.gates import HOSTILE

SEEN = Witness(
    case="fuzz:0:0", x="0x1.f4p9 -inf", n=2, output=0, answer="0x1.f4p10", truth="0x1.f4p9", ulp=1.64e7, scaled=8.4e6,
    condition=1.0,
)  # fmt: skip


def witness(**more):
    """A case and what became of it."""
    return msgspec.structs.replace(SEEN, **more)


def one(**more):
    """A finding, with the witness's fields among its own."""
    seen = {name: more.pop(name) for name in list(more) if name in Witness.__struct_fields__ and name != "message"}
    plain = dict(
        domain="contract", kind="inaccurate", expected="a number", engine="climb", witness=witness(**seen),
        excess=8.4e6, found="0x1.f4p9 -inf", found_n=2, address="wide:0:10", after=1234, tried=70, count=3,
    )  # fmt: skip
    return Counterexample(**(plain | more))


def effort(engine="enumerate", cases=1000, broken=0, **more):
    """What an engine did."""
    return Effort(**(dict(engine=engine, cases=cases, screened=0, broken=broken, seconds=1.25) | more))


def fuzzed(*found, **more):
    """A whole run that found these."""
    plain = dict(
        subject="a.py:f", function="logsumexp", format="float32", options="", required="shifted", objective="excess",
        seed=7, budget="60 seconds", efforts=[effort(broken=len(found))], families={"wide": 20, "ordinary": 34},
        n={"distinct": 9, "least": 0, "most": 65_520}, undecided=0, counterexamples=list(found), environment={},
    )  # fmt: skip
    return Fuzzed(**(plain | more))


def again(found, **more):
    """The words of the command of a finding."""
    return shlex.split(words.again(found, fuzzed(found, **more)))


def ready(found, **more):
    """The call in its ready test: subject, values, keywords."""
    source = words.ready_test(found, fuzzed(found, **more))
    (function,) = ast.parse(source).body
    call = function.body[-1].value
    assert ast.unparse(call.func) == "lsecheck.assert_case"
    subject, values = (ast.unparse(each) for each in call.args)
    return subject, ast.literal_eval(values), {each.arg: ast.unparse(each.value) for each in call.keywords}


class TestWhole:
    """The report, from top to bottom."""

    def test_word_for_word(self):
        """It is pasted into issues: the order of things, and nothing beside them."""
        run = fuzzed(
            one(),
            efforts=[
                effort(broken=3),
                effort("sample", 2048, seconds=0.5),
                effort("properties", 0, note="not installed"),
            ],
            worst=Worst(objective="excess", value=8.4e6, engine="climb", witness=SEEN),
        )
        assert words.render(run, ["lsecheck-corpus/1.txt"]) == textwrap.dedent("""\
            a.py:f logsumexp float32: 1 finding against shifted in 3,048 cases, 3.0 s, seed 7

            1. contract: a number that misses it   (climb, after 1,234 cases; 3 cases break it so)
               float32  a.py:f  x = [0x1.f4p9, -inf]
               that is    [1000, -inf]
               got        0x1.f4p10  2000
               should be  0x1.f4p9  1000
               error      1.64e+07 ulp, E = 8.4e+06   (κ 1: the problem is easy, the method is not)
               excess     8.4e+06 of what shifted allows
               again      lsecheck explain a.py:f -f float32 -- 0x1.f4p9 -inf

                   def test_logsumexp_float32_2_entries_{hash}():
                       \"""Found by lsecheck fuzz: contract: a number that misses it.\"""
                       lsecheck.assert_case('a.py:f', '0x1.f4p9 -inf', format='float32', require='shifted')

            engine        cases    of those screened    broken    seconds
            ----------  -------  -------------------  --------  ---------  -------------
            enumerate     1,000                    0         3        1.2
            sample        2,048                    0         0        0.5
            properties        0                    0         0        1.2  not installed

            covered   2 families; 9 lengths from 0 to 65,520
            {sampled}
            worst     error / bound of shifted 8.4e+06, worst found (climb), not the worst there is: x = {worst}

            kept, and asked first from now on: lsecheck-corpus/1.txt""").format(
            hash=re.search(r"entries_(\w+)", words.ready_test(run.counterexamples[0], run))[1],
            sampled=words.tail(run.efforts[1], "shifted"),
            worst="[0x1.f4p9, -inf], got 0x1.f4p10  2000, should be 0x1.f4p9  1000",
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("found", "more", "said"),
        [
            ([], {}, "a.py:f logsumexp float32: nothing found against shifted in 1,000 cases, 1.2 s, seed 7"),
            ([one()], {}, "a.py:f logsumexp float32: 1 finding against shifted in 1,000 cases, 1.2 s, seed 7"),
            ([one(), one(kind="nan")], {}, "a.py:f logsumexp float32: 2 findings against shifted in 1,000 cases,"),
            ([], {"efforts": []}, "a.py:f logsumexp float32: nothing was asked against shifted in 0 cases"),
            ([], {"efforts": [effort(cases=1)]}, "a.py:f logsumexp float32: nothing found against shifted in 1 case,"),
            (
                [],
                {"format": "bfloat16:float32", "function": "softmax"},
                "a.py:f softmax bfloat16:float32: nothing found",
            ),
        ],
    )
    def test_the_verdict_is_the_first_line(self, found, more, said):
        """Never `passed`, never `correct`: nothing found, and in how many cases."""
        assert words.render(fuzzed(*found, **more)).startswith(said)

    def test_why_it_ended_early_is_the_second(self):
        """A search that was cut short has looked less hard than its budget says."""
        said = words.render(fuzzed(lost="it crashed or hung on too many cases")).splitlines()
        assert said[1] == "ended early: it crashed or hung on too many cases"

    def test_findings_are_numbered_in_order(self):
        """To be spoken of."""
        found = [one(kind=kind, x=f"0x1p{place}") for place, kind in enumerate(("nan", "infinite", "raised"))]
        said = words.render(fuzzed(*found))
        assert re.findall(r"^(\d\. contract: \w+)", said, re.MULTILINE) == [
            "1. contract: nan", "2. contract: infinite", "3. contract: raised",
        ]  # fmt: skip

    def test_no_number_that_there_is_not(self):
        """A record without worst, sample and corpus says nothing of them."""
        said = words.render(fuzzed())
        assert not any(word in said for word in ("worst", "sampled", "kept", "undecided", "None", "UNSET", "nan"))

    def test_what_the_oracle_left_open_is_told(self):
        """Status 3 is explained."""
        run = fuzzed(undecided=12)
        assert run.status == 3
        assert "undecided 12 cases that the oracle leaves open" in words.render(run)


class TestStatus:
    """The record's exit status."""

    @pytest.mark.parametrize(
        ("found", "more", "status"),
        [
            ([], {}, 0),
            ([one()], {}, 1),
            ([one()], {"undecided": 3}, 1),
            ([], {"undecided": 1}, 3),
            ([one()], {"efforts": [effort(cases=10, broken=10)]}, 3),
            ([one()], {"efforts": [effort(cases=10, broken=10), effort("climb", 1)]}, 1),
            ([], {"efforts": []}, 5),
            ([], {"efforts": [effort("properties", 0, note="not installed")]}, 5),
        ],
    )
    def test_of_every_outcome(self, found, more, status):
        """0 nothing, 1 something, 3 everything or undecided, 5 nothing asked: what CI goes by."""
        assert fuzzed(*found, **more).status == status

    def test_json_is_strict_and_reads_back(self):
        """Absent is absent, never null."""
        run = fuzzed(one(excess=ABSENT, ulp=ABSENT), worst=ABSENT)
        text = run.to_json()
        assert text.endswith("}\n")
        assert "null" not in text
        json.loads(text, parse_constant=pytest.fail)
        assert msgspec.json.decode(text, type=Fuzzed) == run


KINDS = {
    "a number": one(),
    "nan": one(kind="nan", answer="nan", ulp=ABSENT, scaled=ABSENT, excess=ABSENT),
    "a special value": one(domain="specials", kind="nan", expected="-inf", x="-inf*3", n=3, answer="nan", truth="-inf"),
    "no entries": one(domain="specials", kind="raised", expected="an answer", x="", n=0, answer="nan", truth="-inf"),
    "the range": one(domain="range", kind="infinite", expected="a number", x="0x0p0*65520", n=65_520, answer="inf"),
    "raised": one(kind="raised", expected="an answer", answer="nan", message="raised ValueError: no"),
    "crashed": one(kind="crashed", expected="an answer", answer="nan", message="killed by SIGSEGV"),
    "two rows": one(copies=2),
    "a plan": one(plan="(() (1 1))"),
    "a label": one(label=1),
    "an output": one(output=1),
}


class TestFinding:
    """Evidence, whatever is broken."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_every_finding_has_got_should_be_again_and_a_test(self, kind):
        """The four things without which nobody can act on it."""
        said = words.finding(KINDS[kind], fuzzed(KINDS[kind])).splitlines()
        for word in ("got ", "should be ", "again "):
            (line,) = (line for line in said if line.startswith(f"   {word}"))
            assert line.split(maxsplit=len(word.split()))[-1].strip()
        assert sum(line.startswith("       def test_") for line in said) == 1

    @pytest.mark.xfail(
        strict=True, reason="BUG: a row of over 64 runs is shown nowhere: no values, no command, no test"
    )
    def test_also_where_the_row_is_long(self):
        """It has an address: a finding without its input is no finding."""
        said = words.finding(one(x=ABSENT, n=70, found="", found_n=100), fuzzed())
        assert "again " in said
        assert "def test_" in said

    def test_what_it_took_is_beside_it(self):
        """How it was found, and how much smaller it is."""
        said = words.finding(one(found_n=4096, found="", copies=3, plan="(1 1)", output=2, label=4), fuzzed())
        assert "   shrunk     from 4,096 entries of wide:0:10, 70 cases tried" in said
        assert "   beside     3 equal rows in the batch" in said
        assert "   fed        (1 1)" in said
        assert "x = [0x1.f4p9, -inf]  output 2  label 4" in said
        assert "1 case breaks it so" in words.finding(one(count=1), fuzzed())

    def test_what_was_not_shrunk_is_not_said_to_be(self):
        """It was as small as that."""
        assert "shrunk" not in words.finding(one(), fuzzed())

    @pytest.mark.xfail(strict=True, reason="BUG: 'shrunk from 100 entries', which it still has")
    def test_what_could_not_be_shrunk_is_not_said_to_be(self):
        """It takes its neighbours, and is as it was found."""
        found = one(copies=0, x=ABSENT, n=100, found="", found_n=100)
        assert "shrunk" not in words.finding(found, fuzzed())

    def test_conduct_names_the_rule_and_what_was_seen(self):
        """No single row shows it: the command asks the family."""
        found = one(domain="conduct", kind="repeatable", expected="", copies=4, message="the second answer is another")
        said = words.finding(found, fuzzed(found))
        assert said.splitlines() == [
            "1. conduct: repeatable   (climb, after 1,234 cases; 3 cases break it so)",
            "   seen       the second answer is another",
            "   on         4 rows of 2, one of them [0x1.f4p9, -inf]",
            "   again      lsecheck check a.py:f -f float32 --family conduct",
        ]

    def test_a_library_is_asked_in_its_own_terms_too(self):
        """A line that its maintainers can run without us."""
        found = one(x="0x1.f4p9*2")
        assert "   library    python -c " in words.finding(found, fuzzed(found, subject="scipy"))
        assert "library" not in words.finding(one(copies=2), fuzzed(subject="scipy"))


class TestAgain:
    """The command."""

    def test_has_everything_that_it_takes(self):
        """Function, formats, options, label, copies, plan, and the row after `--`."""
        found = one(label=1, copies=2, plan="(1 1)")
        more = {"function": "cross_entropy", "format": "bfloat16:float32", "options": "--call row --nan ignored"}
        assert again(found, **more) == [
            "lsecheck", "explain", "a.py:f", "-F", "cross_entropy", "-f", "bfloat16:float32", "--call", "row",
            "--nan", "ignored", "--plan", "(1 1)", "--label", "1", "--copies", "2", "--", "0x1.f4p9", "-inf",
        ]  # fmt: skip

    def test_a_process_of_its_own_only_where_something_is_lost(self):
        """It takes seconds, and is no part of most findings."""
        options = {"options": "--isolate --time-limit 5 --memory-limit 1 --base 2"}
        assert "--isolate" not in again(one(), **options)
        assert again(one(), **options)[5:7] == ["--base", "2"]
        for lost in (
            {"kind": "crashed"},
            {"kind": "timed-out"},
            {"kind": "raised", "message": "raised MemoryError: x"},
        ):
            line = " ".join(again(one(**lost), **options))
            assert "--isolate --time-limit 5 --memory-limit 1 --base 2" in line

    def test_the_row_without_entries_is_asked_with_its_family(self):
        """There is nothing to type."""
        assert again(KINDS["no entries"]) == ["lsecheck", "check", "a.py:f", "-f", "float32", "--family", "specials"]

    def test_names_are_quoted(self):
        """A path with a space, a command line with quotes."""
        for subject in ("my files/a.py:f", "exec:python -c 'print(1)'", "a.py:f; rm -rf /", "exec:$(x) `y`"):
            assert again(one(), subject=subject)[2] == subject

    def test_a_callable_has_no_command(self):
        """It has no name on a command line; its test has a place for it."""
        assert words.again(one(), fuzzed(subject="<lambda>")) == ""
        assert ready(one(), subject="<lambda>")[0] == "your_function"
        assert again(one(), subject="max-shift@float32")[2] == "max-shift@float32"

    def test_of_a_case_that_needs_its_neighbours(self):
        """As reports of a check have it: with function and format, or not at all."""
        line = words.again(one(copies=0), fuzzed(function="softmax", format="float16"))
        assert line == "" or ("-F softmax" in line and "-f float16" in line)

    @pytest.mark.xfail(strict=True, reason="BUG: typed values have no signed zeros: the command asks about 0")
    def test_a_zero_keeps_its_sign(self):
        """`words.again` goes by the address there; here the row itself is typed."""
        assert "-0x0p0" not in again(one(x="-0x0p0 0x1p0"))


class TestReadyTest:
    """The pytest function."""

    def test_has_everything_that_it_takes(self):
        """What the command says, as keywords."""
        found = one(label=1, copies=2, plan="(1 1)", x="0x1p0*31 nan", n=32)
        assert ready(found, function="cross_entropy", format="bfloat16:float32", required="conditioned") == (
            "'a.py:f'",
            "0x1p0*31 nan",
            {
                "format": "'bfloat16:float32'", "require": "'conditioned'", "function": "'cross_entropy'", "label": "1",
                "copies": "2", "plan": "'(1 1)'",
            },
        )  # fmt: skip

    def test_is_in_a_process_of_its_own_where_something_is_lost(self):
        """A crash must fail one test, and not end all of them."""
        for lost in (
            {"kind": "crashed"},
            {"kind": "timed-out"},
            {"kind": "raised", "message": "raised MemoryError: x"},
        ):
            assert ready(one(**lost))[2]["loading"].startswith("lsecheck.Loading(isolated=True")
        assert "loading" not in ready(one())[2]

    @pytest.mark.parametrize(
        ("options", "keyword"),
        [
            ("--base 2", "base='2'"),
            ("--nan ignored", "nan='ignored'"),
            ("--call row", "call='row'"),
            ("--plan 1,1", "1,1"),
        ],
    )
    def test_has_the_options_of_the_run(self, options, keyword):
        """Asked otherwise it may pass on the fault, and fail when it is mended."""
        assert keyword in str(ready(one(), options=options)[2])

    def test_names_are_identifiers_and_told_apart(self):
        """Two tests of one name are one test: the second replaces the first without a word."""
        found = [
            one(x="0x1p0", n=1), one(x="0x1p1", n=1), one(x="-0x1p0", n=1), one(x="0x1p0*65520", n=65_520),
            one(x="", n=0), one(x="0x1p0", n=1, plan="1"), one(x="0x1p0", n=1, label=0),
            one(x="0x1p0 0x1p1"), one(x="0x1p1 0x1p0"),
        ]  # fmt: skip
        names = [
            re.match(r"def (\w+)\(\):\n", words.ready_test(each, fuzzed(format="float16:float32")))[1] for each in found
        ]
        assert len(set(names)) == len(names)
        assert names[0].startswith("test_logsumexp_float16_float32_1_entry_")
        assert names[3].startswith("test_logsumexp_float16_float32_65520_entries_")

    def test_names_are_told_apart_by_copies_too(self):
        """The same row alone and beside itself can be two findings."""
        first, second = (words.ready_test(one(copies=copies), fuzzed()).split("(")[0] for copies in (1, 2))
        assert first != second

    def test_says_what_it_is_of(self):
        """A year later nobody knows."""
        assert '"""Found by lsecheck fuzz: specials: nan where -inf is right."""' in words.ready_test(
            KINDS["a special value"], fuzzed()
        )

    def test_of_every_kind_is_python(self):
        """And fails on nothing but what is asked: a name, text and keywords that `assert_case` has."""
        import inspect

        known = set(inspect.signature(lsecheck.assert_case).parameters)
        for found in KINDS.values():
            for subject in ("a.py:f", "exec:a 'b' \"c\" \\ \n", "<lambda>", "scipy"):
                assert set(ready(found, subject=subject)[2]) <= known

    @pytest.mark.parametrize(
        "more", [{"copies": 0}, {"x": ABSENT}, {"domain": "conduct", "kind": "axis", "expected": ""}]
    )
    def test_there_is_none_that_would_pass_on_the_fault(self, more):
        """Where one row does not show it, no row is named."""
        assert words.ready_test(one(**more), fuzzed()) == ""


class TestTail:
    """What the numbers allow to be said."""

    @pytest.mark.parametrize(
        ("cases", "share"), [(300, "1.0e-02"), (2048, "1.5e-03"), (1_000_000, "3.0e-06"), (3, "1.0e+00")]
    )
    def test_none_of_n_draws_bounds_the_share_by_3_over_n(self, cases, share):
        """The rule of three, with its confidence, and of the families' cases alone."""
        assert words.tail(effort("sample", cases), "shifted") == (
            f"sampled   0 of {cases:,} independent draws from the families broke shifted: the share that does is below"
            f" {share} at 95 % (rule of three); cases of no family are not in it"
        )

    def test_some_are_a_share_and_no_bound(self):
        """What was seen is said as seen."""
        said = words.tail(effort("sample", 3000, broken=45), "shifted")
        assert said == "sampled   45 of 3,000 independent draws broke something: 1.50% of the families' cases"

    def test_only_independent_draws_count(self):
        """What is enumerated or climbed for is no sample."""
        run = fuzzed(efforts=[effort(engine) for engine in ("replay", "enumerate", "chunks", "climb", "properties")])
        assert "sampled" not in words.render(run)
        assert "sampled" not in words.render(fuzzed(efforts=[effort("sample", 0)]))

    @pytest.mark.parametrize(
        ("objective", "said"), [("excess", "error / bound of shifted"), ("scaled", "E"), ("ulp", "ulp")]
    )
    def test_the_worst_is_the_worst_found(self, objective, said):
        """Never the worst there is: that takes a proof."""
        worst = Worst(objective=objective, value=0.428, engine="climb", witness=SEEN)
        (line,) = (line for line in words.render(fuzzed(worst=worst)).splitlines() if line.startswith("worst "))
        assert line.startswith(f"worst     {said} 0.428, worst found (climb), not the worst there is: x = [0x1.f4p9, ")
        assert line.endswith("got 0x1.f4p10  2000, should be 0x1.f4p9  1000")

    @pytest.mark.xfail(
        strict=True, reason="BUG: the worst input is cut after 80 characters, and no command has the rest"
    )
    def test_the_worst_is_shown_whole(self):
        """It cannot be seen again otherwise."""
        row = " ".join(f"0x1.{place:06x}p0" for place in range(0x10, 0x1A))
        worst = Worst(objective="ulp", value=0.5, engine="climb", witness=witness(x=row, n=10))
        said = words.render(fuzzed(worst=worst))
        assert "…" not in said
        assert row.split()[-1] in said


class TestHostile:
    """What a subject is called and says must not look like a line of ours."""

    def test_no_control_characters(self):
        """ANSI in a log can hide or forge whatever it likes."""
        lines = words.render(fuzzed(subject=HOSTILE, lost=HOSTILE)).splitlines()
        assert not any(line.startswith(("::error", "<script>", "```")) for line in lines)
        assert all(line.isprintable() for line in lines)

    def test_what_was_seen_of_conduct_is_one_line(self):
        """Its message is the subject's own."""
        conduct = one(domain="conduct", kind="axis", expected="", message=HOSTILE)
        assert all(line.isprintable() for line in words.finding(conduct, fuzzed()).split("\n"))

    @pytest.mark.xfail(
        strict=True, reason="BUG: a subject's name is put into each finding as it is, line breaks and all"
    )
    def test_a_finding_of_a_hostile_name_has_no_line_of_its_own(self):
        """`exec:` followed by several lines is a name, too."""
        said = words.finding(one(), fuzzed(subject=HOSTILE)).split("\n")
        assert not any(line.startswith("::error") for line in said)
        assert all(line.isprintable() for line in said)

    def test_names_and_inputs_are_whole(self):
        """Nothing is cut to a width: the command and the test have the row to its end."""
        subject = f"{'very/' * 40}long.py:function"
        row = " ".join(f"0x1.{place:05x}p{place}" for place in range(60))
        said = words.render(fuzzed(one(x=row, n=60), subject=subject))
        assert f"lsecheck explain {subject} -f float32 -- {row}" in said
        assert f"lsecheck.assert_case({subject!r}, {row!r}, " in said
        assert said.startswith(f"{subject} logsumexp float32: 1 finding")
