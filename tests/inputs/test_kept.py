"""Findings in a folder: read back bit for bit, named by what they are, and nothing else is taken for one."""

import math
import os
import shutil
import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from lsecheck import formats, functions
from lsecheck.errors import InputError
from lsecheck.formats import FORMATS
from lsecheck.inputs import cases
from lsecheck.inputs.kept import FOLDER, NAME, Kept, find, read, write

WORDS = " | function=logsumexp format=float32"


def bits(values):
    """Numbers by their bits: -0 is not 0 and nan is nan."""
    return [struct.pack(">d", value) for value in values]


def came_back(folder, finding):
    """What is read of a folder with one finding in it."""
    write(folder, finding)
    (found,) = read(folder)
    return found


def values_of(fmt):
    """One of each kind of number that a format has, with neighbours that a rounding would lose."""
    small, normal = fmt.tiny, math.ldexp(1.0, fmt.emin)
    numbers = [0.0, -0.0, math.nan, small, -small, normal - small, normal, fmt.largest, -fmt.largest]
    numbers += [1.0 + 2 * fmt.unit_roundoff, 1.0 - fmt.unit_roundoff, -0.0, -0.0, 0.0, 0.0, 0.0]
    return (*numbers, *([math.inf, -math.inf] if fmt.has_infinity else []))


def put(folder, text, name="1.txt"):
    """A file in a folder of findings, whoever wrote it."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


class TestRoundTrip:
    """What is written is what is read."""

    @pytest.mark.parametrize("name", FORMATS)
    def test_every_kind_of_number_of_every_format_comes_back_bit_for_bit(self, tmp_path, name):
        """A finding that changes in its file no longer breaks anything: signed zeros, nan and subnormals too."""
        finding = Kept(values_of(FORMATS[name]), "logsumexp", name)
        found = came_back(tmp_path, finding)
        assert bits(found.values) == bits(finding.values)
        assert (found.function, found.format, found.index) == ("logsumexp", name, finding.index)

    @pytest.mark.parametrize("name", ["float16", "float32", "float64"])
    def test_bit_patterns_drawn_at_random_come_back(self, tmp_path, name):
        """What nobody thought of: any exponent, any significand."""
        fmt = FORMATS[name]
        drawn = np.random.Generator(np.random.Philox(7)).integers(0, 1 << fmt.width, 500, dtype=np.uint64)
        with np.errstate(invalid="ignore"):  # signalling nans
            row = drawn.astype(f"u{fmt.width // 8}").view(fmt.dtype).astype(np.float64)
        row[np.isnan(row)] = np.nan
        assert bits(came_back(tmp_path, Kept(tuple(row.tolist()), "softmax", name)).values) == bits(row)

    @pytest.mark.parametrize("function", ["logsumexp", "softmax", "log_softmax"])
    def test_the_row_without_entries_comes_back(self, tmp_path, function):
        """The most frequent finding of all must not be taken for a line without values."""
        finding = Kept((), function, "float16", provenance="specials raised: a.py:f")
        assert came_back(tmp_path, finding) == finding
        assert finding.line().startswith("- | ")

    def test_a_long_run_is_one_word(self, tmp_path):
        """65,520 equal entries leave float16: such a finding must stay a line that people can review."""
        finding = Kept((0.0,) * 65_519 + (-0.0,), "logsumexp", "float16")
        found = came_back(tmp_path, finding)
        assert bits(found.values) == bits(finding.values)
        assert finding.line() == "0x0p0*65519 -0x0p0 | function=logsumexp format=float16 | "

    def test_label_copies_and_plan_come_back(self, tmp_path):
        """Without any of them another question would be asked; a plan has spaces, and words are parted by them."""
        finding = Kept((1.0, 2.0), "cross_entropy", "float64", 1, 17, "((3,0 5) ())", "contract nan: m:f --call row")
        assert came_back(tmp_path, finding) == finding

    def test_provenance_may_have_bars_and_equals_signs(self, tmp_path):
        """It is whatever a subject's name and options are: nothing in it may be read as words."""
        finding = Kept((1.0,), "logsumexp", "float32", provenance="specials nan: exec:a | b copies=9 | c")
        assert came_back(tmp_path, finding) == finding

    @pytest.mark.parametrize("between", ["\n", "\r", "\u2028"])
    def test_provenance_with_a_line_break_stays_one_line(self, tmp_path, between):
        """A command line may have line breaks: its findings must not make the folder unreadable from then on."""
        finding = Kept((1.0,), "logsumexp", "float32", provenance=f"contract nan: exec:sh -c 'a{between}b'")
        assert came_back(tmp_path, finding).values == finding.values

    def test_a_line_is_for_people(self):
        """It is reviewed in a diff: the exact text, with every word in its place."""
        finding = Kept((0.0,) * 31 + (360.0,), "softmax", "bfloat16", None, 2, "(3,0 5)", "contract inaccurate: a.py:f")
        assert finding.line() == (
            "0x0p0*31 0x1.68p8 | function=softmax format=bfloat16 copies=2 plan=(3,0_5) | contract inaccurate: a.py:f"
        )


class TestNames:
    """A file is named by what is in it."""

    FINDING = Kept((1.0, -0.0), "logsumexp", "float32", None, 1, "", "contract nan: a.py:f")

    def test_the_same_finding_twice_is_one_file(self, tmp_path):
        """Every run finds it again: the folder must not grow, and the file not change under git."""
        path = write(tmp_path, self.FINDING)
        before = path.read_bytes(), path.stat().st_ino
        assert write(tmp_path, self.FINDING) == path
        assert (path.read_bytes(), path.stat().st_ino) == before
        assert list(tmp_path.iterdir()) == [path]

    def test_who_found_it_does_not_change_the_name(self, tmp_path):
        """Two people who break the same in different ways have one finding, and the first of them is named."""
        other = Kept((1.0, -0.0), "logsumexp", "float32", None, 1, "", "specials inf: b.py:g")
        assert write(tmp_path, self.FINDING) == write(tmp_path, other)
        assert list(read(tmp_path)) == [self.FINDING]

    def test_everything_else_does(self):
        """Two findings of one name would be one finding lost."""
        row = (1.0, 2.0)
        findings = [
            Kept(row, "logsumexp", "float32"),
            Kept((2.0, 1.0), "logsumexp", "float32"),
            Kept((1.0, 2.0, 2.0), "logsumexp", "float32"),
            Kept((), "logsumexp", "float32"),
            Kept((0.0,), "logsumexp", "float32"),
            Kept((-0.0,), "logsumexp", "float32"),
            Kept((math.nan,), "logsumexp", "float32"),
            Kept(row, "softmax", "float32"),
            Kept(row, "logsumexp", "float64"),
            Kept(row, "logsumexp", "float32", label=0),
            Kept(row, "logsumexp", "float32", label=1),
            Kept(row, "logsumexp", "float32", copies=2),
            Kept(row, "logsumexp", "float32", plan="1,1"),
            Kept(row, "logsumexp", "float32", plan="(1 1)"),
        ]
        assert len({finding.index for finding in findings}) == len(findings)

    def test_the_name_is_the_same_on_every_machine_and_in_every_version(self, tmp_path):
        """Addresses stand in issues, and files in repositories: a name that changes makes every one of them stale.

        It is what `b2sum -l 48` says of `0x0p0 -0x1.18p4 | function=logsumexp format=float32`.
        """
        path = write(tmp_path, Kept((0.0, -17.5), "logsumexp", "float32"))
        assert path == tmp_path / f"{0x40BDD863F716}.txt"

    def test_the_index_is_one_of_an_address(self):
        """`kept:0:INDEX` is read like any other address, and those end below 2^62."""
        assert all(0 <= Kept((float(n),), "logsumexp", "float64").index < cases.BEYOND for n in range(200))

    def test_what_a_killed_run_left_behind_is_no_finding_and_in_nobodys_way(self, tmp_path):
        """Files are written whole or not at all: half of one must neither be read nor block the whole."""
        put(tmp_path, "0x1p0 0x", f"{self.FINDING.index}.txt.part")
        assert list(read(tmp_path)) == []
        write(tmp_path, self.FINDING)
        assert list(read(tmp_path)) == [self.FINDING]
        assert [path.name for path in tmp_path.iterdir()] == [f"{self.FINDING.index}.txt"]

    def test_the_folder_is_made_where_it_is_missing(self, tmp_path):
        """The first finding of a project, named by --corpus a few folders down."""
        assert write(tmp_path / "a" / "b", self.FINDING).parent == tmp_path / "a" / "b"


class TestMerging:
    """Branches meet."""

    def test_two_folders_merged_are_their_union(self, tmp_path):
        """Files with one finding each, named by it, cannot conflict: what both have is one."""
        first, second, third = (Kept((float(n),), "logsumexp", "float32") for n in range(3))
        for finding in (first, second):
            write(tmp_path / "mine", finding)
        for finding in (second, third):
            write(tmp_path / "yours", finding)
        shutil.copytree(tmp_path / "yours", tmp_path / "mine", dirs_exist_ok=True)
        assert set(read(tmp_path / "mine")) == {first, second, third}
        assert len(list((tmp_path / "mine").iterdir())) == 3

    def test_the_order_is_of_names_and_not_of_when(self, tmp_path):
        """The same folder is asked in the same order on every machine, or results would differ."""
        findings = [Kept((float(n),), "logsumexp", "float32") for n in range(20)]
        for folder, order in (("a", findings), ("b", findings[::-1])):
            for finding in order:
                write(tmp_path / folder, finding)
        assert list(read(tmp_path / "a")) == list(read(tmp_path / "b"))

    def test_no_folder_holds_nothing(self, tmp_path):
        """Most projects have none."""
        assert list(read(tmp_path / "nowhere")) == []

    def test_a_folder_may_hold_other_things_comments_and_blank_lines(self, tmp_path):
        """A README beside them, a line on why one is kept."""
        put(tmp_path, "see lsecheck", "README.md")
        put(tmp_path, f"# found by hand\n\n0x1p0{WORDS}\r\n", "by-hand.txt")
        assert list(read(tmp_path)) == [Kept((1.0,), "logsumexp", "float32")]


HOSTILE = {
    "bytes that are no text": b"\xff\xfe\x00\x01" * 9,
    "zeros": b"\0" * 4096,
    "another line": "lsecheck-corpus\n",
    "a merge that was not resolved": f"<<<<<<< HEAD\n1{WORDS}\n=======\n2{WORDS}\n>>>>>>> theirs\n",
    "half of a line": "0x1p0 0x1.8p",
    "half of the words": "0x1p0 | function=logsumexp",
    "no function": "0x1p0 | format=float32",
    "words that are none": f"1{WORDS} copies 2",
    "a word that is unknown": f"1{WORDS} rows=2",
    "a format that is unknown": "1 | function=logsumexp format=float99",
    "values that are none": f"1 two{WORDS}",
    "negative copies": f"1{WORDS} copies=-1",
    "no copies": f"1{WORDS} copies=0",
    "copies that are no number": f"1{WORDS} copies=many",
    "a label beyond the row": f"1 2{WORDS} label=2",
    "a negative label": f"1 2{WORDS} label=-1",
    "a label that is no number": f"1 2{WORDS} label=first",
    "a label of no entries": f"-{WORDS} label=1",
    "millions of entries": f"0*99999999{WORDS}",
    "a repeat of nothing": f"0*{WORDS}",
    "a number of thousands of digits": f"1e999999{WORDS}",
    "one very long line": "x" * 100_000,
    "HTML": "<!DOCTYPE html><html>404</html>",
}


class TestHostile:
    """A folder comes from a repository: whoever may write there may write anything."""

    def refused(self, folder):
        """The one sentence."""
        with pytest.raises(InputError) as caught:
            list(read(folder))
        said = str(caught.value)
        assert "\n" not in said
        assert len(said) < 400 + len(str(folder))
        return said

    @pytest.mark.parametrize("what", HOSTILE)
    def test_what_is_no_finding_is_refused_in_one_sentence_that_names_the_file(self, tmp_path, what):
        """A finding that is passed over in silence is a gate left open; and people must know which file to mend."""
        path = put(tmp_path, HOSTILE[what])
        assert self.refused(tmp_path).startswith(str(path))

    def test_one_bad_file_among_good_ones_is_named(self, tmp_path):
        """Of hundreds."""
        write(tmp_path, Kept((1.0,), "logsumexp", "float32"))
        bad = put(tmp_path, "no", "zzz.txt")
        assert str(bad) in self.refused(tmp_path)

    def test_more_copies_than_memory_holds_are_refused(self, tmp_path):
        """`explain --copies` ends at 65,536 for the same reason."""
        put(tmp_path, f"1 2{WORDS} copies=100000000000")
        self.refused(tmp_path)

    @pytest.mark.xfail(strict=True, reason="BUG: a plan is not read until it is fed, and then held against the subject")
    def test_a_plan_that_is_none_is_refused(self, tmp_path):
        """Otherwise an honest stream is charged with raising."""
        put(tmp_path, f"1 2{WORDS} plan=((1")
        self.refused(tmp_path)

    def test_a_function_that_is_unknown_is_refused(self, tmp_path):
        """As an unknown format is: a misspelt finding."""
        put(tmp_path, "1 2 | function=logsumexpp format=float32")
        self.refused(tmp_path)

    @pytest.mark.xfail(strict=True, reason="BUG: 1e39 becomes inf in float32, and inf becomes nan in float8_e4m3fn")
    @pytest.mark.parametrize(("value", "fmt"), [("1e39", "float32"), ("inf", "float8_e4m3fn"), ("0x1p16", "float16")])
    def test_a_value_that_the_format_has_not_is_no_special_value(self, tmp_path, value, fmt):
        """No special value arises by accident: it would be another question, with another answer."""
        put(tmp_path, f"{value} | function=logsumexp format={fmt}")
        try:
            (found,) = read(tmp_path)
        except InputError:
            return
        assert math.isfinite(found.values[0])

    def test_a_folder_by_the_name_of_a_finding(self, tmp_path):
        """No traceback for what is merely odd."""
        (tmp_path / "1.txt").mkdir()
        assert self.refused(tmp_path) == f"{tmp_path / '1.txt'} cannot be read: Is a directory"

    def test_links_lead_to_findings_or_are_refused(self, tmp_path):
        """To a finding, to nothing, and in a circle."""
        put(tmp_path / "elsewhere", f"1{WORDS}")
        folder = tmp_path / "here"
        folder.mkdir()
        (folder / "good.txt").symlink_to(tmp_path / "elsewhere" / "1.txt")
        assert list(read(folder)) == [Kept((1.0,), "logsumexp", "float32")]
        for name, target in (("nothing.txt", "nowhere"), ("circle.txt", "circle.txt")):
            (folder / name).symlink_to(target)
            assert self.refused(folder).startswith(f"{folder / name} cannot be read: ")
            (folder / name).unlink()

    def test_one_that_may_not_be_read(self, tmp_path, monkeypatch):
        """Said so, and not passed over."""
        path = put(tmp_path, f"1{WORDS}")
        if os.geteuid() == 0:  # who may read everything

            def denied(*_):
                raise PermissionError(13, "Permission denied")

            monkeypatch.setattr(Path, "read_text", denied)
        else:
            path.chmod(0)
        assert self.refused(tmp_path) == f"{path} cannot be read: Permission denied"


class TestAddress:
    """`kept:0:INDEX` rebuilds the case."""

    def case(self, folder, finding, function="logsumexp", fmt="float32"):
        """The case at a finding's address."""
        write(folder, finding)
        address = f"kept:0:{finding.index}"
        batch = cases.case(address, functions.named(function), formats.named(fmt), folder=str(folder))
        assert [batch.address(row) for row in range(len(batch.values))] == [address] * finding.copies
        return batch

    def test_the_row_as_often_as_it_takes(self, tmp_path):
        """Some faults show in the second row alone."""
        batch = self.case(tmp_path, Kept((1.0, -0.0, math.inf), "logsumexp", "float32", copies=3))
        assert bits(batch.values.ravel()) == bits([1.0, -0.0, math.inf] * 3)
        assert (batch.family, batch.labels, batch.plan) == (NAME, None, "")

    def test_how_it_was_fed(self, tmp_path):
        """A stream that merges wrongly is right in one update."""
        assert self.case(tmp_path, Kept((1.0, 2.0), "logsumexp", "float32", plan="(() (1 1))")).plan == "(() (1 1))"

    def test_the_label_it_has(self, tmp_path):
        """Of every copy."""
        batch = self.case(tmp_path, Kept((1.0, 2.0, 3.0), "cross_entropy", "float32", 2, 2), "cross_entropy")
        assert batch.labels.tolist() == [2, 2]

    def test_without_one_its_index_chooses(self, tmp_path):
        """A finding of softmax asked of cross_entropy: always the same label, and one of the row."""
        finding = Kept((1.0, 2.0, 3.0), "softmax", "float32", copies=2)
        assert self.case(tmp_path, finding, "cross_entropy").labels.tolist() == [finding.index % 3] * 2

    def test_the_label_is_left_out_where_nothing_is_labelled(self, tmp_path):
        """The same row may be asked of every function."""
        assert self.case(tmp_path, Kept((1.0, 2.0), "cross_entropy", "float32", 1)).labels is None

    def test_a_file_may_be_renamed(self, tmp_path):
        """The address is of the finding: people give files names that they remember."""
        finding, other = (Kept((value,), "logsumexp", "float32") for value in (1.0, 2.0))
        write(tmp_path, finding).rename(tmp_path / "the-one-of-issue-17.txt")
        write(tmp_path, other)
        assert find(tmp_path, other.index) == other
        assert find(tmp_path, finding.index) == finding

    def test_the_folder_is_the_usual_one_unless_it_is_named(self, tmp_path, monkeypatch):
        """What fuzzing keeps is found again without a word."""
        monkeypatch.chdir(tmp_path)
        finding = Kept((1.0,), "logsumexp", "float32")
        write(tmp_path / FOLDER, finding)
        batch = cases.case(f"kept:0:{finding.index}", functions.named("logsumexp"), formats.named("float32"))
        assert batch.values.tolist() == [[1.0]]

    def test_one_that_is_not_there(self, tmp_path):
        """With what to do about it."""
        with pytest.raises(InputError, match=r"^kept:0:17 is not in .*nowhere: name the folder with --corpus$"):
            cases.case(
                "kept:0:17", functions.named("logsumexp"), formats.named("float32"), folder=str(tmp_path / "nowhere")
            )

    @pytest.mark.parametrize(
        ("function", "fmt"), [("logaddexp", "float32"), ("logsumexp", "bfloat16"), ("logsumexp", "float16")]
    )
    def test_one_that_cannot_be_asked_so_is_refused(self, tmp_path, function, fmt):
        """Never rounded, never cut to fit: that would be another case under its address."""
        finding = Kept((1.0, 2.0, 1.0 + 2.0**-23), "logsumexp", "float32")
        with pytest.raises(InputError, match=f"^kept:0:{finding.index} cannot be asked of {function} in {fmt}"):
            self.case(tmp_path, finding, function, fmt)


def holds(fmt, value):
    """Whether a format has a number, by integers alone."""
    if math.isnan(value):
        return True
    if math.isinf(value):
        return fmt.has_infinity
    if value == 0:
        return True
    exact = Fraction(abs(value))
    exponent = max(math.frexp(value)[1] - 1, fmt.emin)
    return exact <= Fraction(fmt.largest) and (exact / Fraction(2) ** (exponent - fmt.precision + 1)).denominator == 1


class TestFits:
    """A finding is asked as it is, or not at all."""

    def test_in_those_formats_that_hold_its_values_exactly(self):
        """Every number of every format, against integers: one that is rounded would be another case."""
        pool = {value for fmt in FORMATS.values() for value in values_of(fmt) if not math.isnan(value)}
        pool |= {448.0, 449.0, 464.0, 65_504.0, 65_519.0, 65_520.0, 3.4e38, 1e39, 5e-324, -(2.0**-133), 257.0}
        logsumexp, wrong = functions.named("logsumexp"), []
        for value in sorted(pool):
            for fmt in FORMATS.values():
                fits = Kept((0.0, value, 1.0), "logsumexp", "float64").fits(logsumexp, fmt)
                wrong += [(value.hex(), fmt.name, fits)] * (fits is not holds(fmt, value))
        assert wrong == []

    def test_nan_and_signed_zeros_fit_everywhere(self):
        """They are in every format there is."""
        finding = Kept((math.nan, -0.0), "logsumexp", "float64")
        assert all(finding.fits(functions.named("logsumexp"), fmt) for fmt in FORMATS.values())

    @pytest.mark.parametrize(
        ("n", "fitting"),
        [
            (0, {"logsumexp", "softmax", "log_softmax"}),
            (1, {"logsumexp", "softmax", "log_softmax", "cross_entropy"}),
            (2, {"logsumexp", "softmax", "log_softmax", "cross_entropy", "logaddexp"}),
            (3, {"logsumexp", "softmax", "log_softmax", "cross_entropy"}),
        ],
    )
    def test_functions_of_as_many_entries(self, n, fitting):
        """logaddexp is of two; cross_entropy of at least the one that is right."""
        finding = Kept((1.0,) * n, "logsumexp", "float32")
        assert {f.name for f in functions.FUNCTIONS.values() if finding.fits(f, FORMATS["float32"])} == fitting

    def test_only_those_that_fit_are_asked(self, tmp_path):
        """And the others are no error: a folder is of all functions and formats."""
        fitting = Kept((1.0, 2.0), "logsumexp", "float32", copies=2)
        for finding in (
            fitting, Kept((1.0,), "logsumexp", "float32"), Kept((1.0, 2.0**-149), "logsumexp", "float32"),
        ):  # fmt: skip
            write(tmp_path, finding)
        (batch,) = cases.kept(tmp_path, functions.named("logaddexp"), FORMATS["float16"])
        assert batch.indices.tolist() == [fitting.index] * 2
        assert batch.values.tolist() == [[1.0, 2.0]] * 2
