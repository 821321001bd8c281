"""Words into a claim, and a claim into shards: the same cut wherever it is worked on."""

import itertools

import pytest

from lsecheck.errors import InputError, UnknownName
from lsecheck.prove import claim as claiming
from lsecheck.prove.claim import Claim
from lsecheck.subjects.loading import Loading


def claim(subject="max-shift", function="logsumexp", fmt="float8_e4m3fn", n=2, **more):
    """A small one."""
    return Claim(subject, function, fmt, n, **more)


class TestShards:
    """Every case is in one shard."""

    @pytest.mark.parametrize("size", [1 << 21, 1 << 10, 1 << 14, 1 << 15])
    def test_they_follow_each_other_and_cover_all(self, monkeypatch, size):
        """None left out, none twice, the last one smaller."""
        monkeypatch.setattr(claiming, "SHARD", size)
        one = claim()
        ends = [one.bounds(place) for place in range(one.shards)]
        assert ends[0][0] == 0
        assert ends[-1][1] == one.space.count
        assert all(before[1] == after[0] for before, after in itertools.pairwise(ends))
        assert all(start < stop <= start + one.shard for start, stop in ends)

    @pytest.mark.parametrize(
        ("one", "size", "shards"),
        [
            (claim(), 1 << 21, 1),
            (claim(fmt="float16"), 1 << 21, 961),
            (claim(fmt="bfloat16"), 1 << 21, 1017),
            (claim(n=4), 1 << 21, 84),
            (claim(fmt="float32", n=1), 1 << 21, 2040),
            (claim(fmt="float16", ordered=True), 1 << 21, 1922),
            (claim(fmt="float16", n=3), 1 << 30, 39_722),
        ],
    )
    def test_their_size_depends_on_the_number_of_cases_alone(self, one, size, shards):
        """A power of two, and never so many that a certificate could not list them."""
        assert (one.shard, one.shards) == (size, shards)
        assert one.shards <= claiming.MOST_SHARDS


class TestNames:
    """Of files."""

    def test_other_claims_have_other_names(self):
        """One folder may have all of them."""
        many = [
            claim(),
            claim(n=3),
            claim(fmt="float16"),
            claim(function="softmax"),
            claim(ordered=True),
            claim(specials=True),
            claim(sample=1),
            claim(sample=2),
            claim(sample=1, seed=1),
            claim("naive"),
            claim(ordered=True, specials=True),
            claim(loading=Loading(base="2")),
            claim(loading=Loading(isolated=True)),
            claim("a.py:f"),
            claim("a.py_f"),
            claim("b/a.py:f"),
            claim("../a.py:f"),
            claim(".a.py:f"),
            claim("A.py:f"),
            claim(fmt="float8_e4m3fn:float32"),
            claim("x" * 200),
            claim("x" * 201),
        ]
        names = [one.name for one in many]
        assert len(set(names)) == len(names)

    def test_a_name_that_could_be_cut_in_two_ways_is_not_shared(self):
        """`log_softmax` of x, and `softmax` of x_log: one would take the other's file for its own."""
        assert claim("its.py:x_log", "softmax").name != claim("its.py:x", "log_softmax").name

    def test_another_contract_is_another_name(self):
        """Begun with one and then the other, the second is refused as another claim, or --fresh loses the first."""
        assert claim().name != claim(required="faithful").name

    @pytest.mark.parametrize(
        "subject",
        [
            "../../etc/passwd:f",
            "a b:f",
            "a\nb:f",
            "/abs/x.py:f",
            "exec:python -c 'x'",
            "-rf:f",
            "κ.py:f",
            "x" * 500 + ":f",
            "..",
            "a|b](c):f",
        ],
    )
    def test_a_hostile_subject_makes_a_plain_file_name(self, subject):
        """It stays in its folder, fits every file system and needs no quotes."""
        name = claim(subject).name
        assert len((name + ".state-journal").encode()) < 200
        assert not set(name) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@.+-_")
        assert not name.startswith(".")
        assert name == claim(subject).name


class TestRefusals:
    """A claim that makes no sense is none."""

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (
                {"sample": 1, "specials": True},
                "--sample and --specials exclude each other: a sample has finite numbers only",
            ),
            ({"seed": 1}, "--seed goes with --sample: every case there is needs no chance"),
            ({"n": 0}, "n must lie from 1 to 16, got 0"),
            ({"sample": 0}, "the draws from each stratum must be 1 or more, got 0"),
        ],
    )
    def test_in_a_sentence(self, words, sentence):
        """Before anything is asked."""
        with pytest.raises(InputError) as refused:
            claim(**words)
        assert str(refused.value) == sentence

    @pytest.mark.parametrize("words", [{"required": "shiftd"}, {"function": "lse"}, {"fmt": "float31"}])
    def test_unknown_names_are_told_with_the_known_ones(self, words):
        """Contracts, functions, formats."""
        with pytest.raises(UnknownName, match="unknown "):
            claim(**words)


def test_other_words_for_the_same_are_the_same_claim():
    """Files, rows and states have one name for each function, format and contract."""
    one, other = claim("max-shift", "log-softmax", "e5m2"), claim("max-shift", "log_softmax", "float8_e5m2")
    assert one == other
    assert one.name == other.name
    assert one.function == "log_softmax"
