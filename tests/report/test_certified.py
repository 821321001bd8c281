"""Certificates in words: exactly these, whatever the subject is called, and 'exhaustive' only where it was."""

import msgspec
import pytest

from lsecheck.contracts import Contract
from lsecheck.gate.verdicts import judge
from lsecheck.report import certified
from lsecheck.rows import SCHEMA, Certificate, Document, Finding, Row, Witness
from report.gates import HOSTILE

SEEN = Witness(
    case="every-2:0:7",
    x="-0x1.8p0 0x1p0",
    n=2,
    output=0,
    answer="0x1.2p0",
    truth="0x1.1p0",
    ulp=3.0,
    scaled=2.0,
    condition=1.0,
)
ROW = Row(
    function="logsumexp",
    subject="a.py:f",
    format="float8_e4m3fn",
    family="every-2",
    n=(2, 2),
    cases=32_131,
    exhaustive=True,
    class_errors={},
    max_ulp=3.0,
    max_scaled=2.0,
    max_excess=0.25,
    mean_ulp=0.125,
    bias_ulp=-0.0625,
    correctly_rounded=32_000 / 32_131,
    histogram=[(0.5, 32_000), (4.0, 131)],
    contract="conditioned",
    tiers={"doubledouble": 32_131},
    domains={"ordinary": 32_131},
    witness=SEEN,
    inputs_sha256="1" * 64,
    answers_sha256="a" * 64,
)
CERTIFICATE = Certificate(
    cases="every-2",
    entries=253,
    count=32_131,
    of=32_131,
    ordered=False,
    specials=False,
    required="shifted",
    outputs=32_131,
    correct=32_000,
    mean_grain=2.0**-20,
    contracts={"correctly-rounded": 32_000, "conditioned": 131},
    histogram_scaled=[(0.5, 32_100), (2.0, 31)],
    worst={"scaled": SEEN},
    answers_sha256="a" * 64,
    truths_sha256="b" * 64,
    shard=1 << 14,
    shards=[("a" * 32, "b" * 32)] * 2,
)


def document(row=None, certificate=None):
    """A whole one."""
    one = msgspec.structs.replace(ROW, **(row or {}))
    kept = msgspec.structs.replace(CERTIFICATE, **(certificate or {}))
    known = {"lsecheck": "1", "numpy": "2", "platform": "not said"}
    return Document(
        schema=SCHEMA, environment=known, rows=[one], verdicts=judge([one], Contract(kept.required)), certificate=kept
    )


GOLDEN = """\
a.py:f logsumexp float8_e4m3fn: keeps conditioned
every unordered pair of the 253 finite numbers (0 stands for -0 too): 32,131 cases, exhaustive

correctly rounded   32,000 of the 32,131 outputs (99.5923 %)
largest             3 ulp, E 2, 0.25 of the bound of shifted
mean                0.125 ulp, with its sign -0.0625
strongest contract  correctly-rounded 32,000, conditioned 131
class errors        none
truths by tier      doubledouble 32,131

worst by E
float8_e4m3fn  a.py:f  x = [-0x1.8p0, 0x1p0]
  got        0x1.2p0  1.125
  should be  0x1.1p0  1.0625
  error      3 ulp, E = 2   (κ 1: close to what the inputs allow)
  case       every-2:0:7
  again      lsecheck explain a.py:f -f float8_e4m3fn -- -0x1.8p0 0x1p0

  up to    outputs by ulp    by E
-------  ----------------  ------
    0.5            32,000  32,100
      2                        31
      4               131

answers  sha256 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
truths   sha256 bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
in 2 shards of 16,384 cases; answered with lsecheck 1, numpy 2"""


def test_the_whole_text():
    """The verdict first."""
    assert [line.rstrip() for line in certified.render(document()).splitlines()] == GOLDEN.splitlines()


@pytest.mark.parametrize(
    ("row", "certificate", "said"),
    [
        (
            {},
            {"ordered": True},
            "every ordered pair of the 253 finite numbers (0 stands for -0 too): 32,131 cases, exhaustive",
        ),
        ({"n": (1, 1)}, {}, "every number of the 253 finite numbers (0 stands for -0 too): 32,131 cases, exhaustive"),
        ({"n": (5, 5)}, {}, "every unordered row of 5 entries of the 253 finite numbers"),
        (
            {"exhaustive": False, "cases": 32_129, "tiers": {"undecided": 2, "doubledouble": 1}},
            {},
            "32,131 cases, not exhaustive: 2 undecided",
        ),
        (
            {"exhaustive": False, "class_errors": {"unasked": 7}},
            {},
            "32,131 cases, not exhaustive: 7 not asked after too many losses",
        ),
        (
            {},
            {"specials": True, "entries": 255},
            "every unordered pair of the 253 finite numbers, -0 and nan: 32,131 cases, exhaustive",
        ),
        (
            {"format": "float8_e5m2"},
            {"specials": True},
            "of the 247 finite numbers, -0, the infinities and nan: 32,131 cases, exhaustive",
        ),
        (
            {"function": "cross_entropy"},
            {},
            "(0 stands for -0 too), with each of its 2 labels: 32,131 cases, exhaustive",
        ),
        (
            {"cases": 32_000, "exhaustive": False},
            {},
            "32,131 cases, not exhaustive: 131 with nan, which is declared unspecified, not asked",
        ),
        (
            {"exhaustive": False},
            {"draws": 1, "seed": 3, "of": 321_310},
            "1 of every combination of binades and signs of an unordered pair: 32,131 cases, 1 in 10, sampled (seed 3)",
        ),
        ({"n": (1, 1)}, {"draws": 2, "seed": 0}, "2 of every combination of binades and signs of a number: "),
    ],
)
def test_what_was_asked(row, certificate, said):
    """Sampled is never called exhaustive."""
    one = document(row, certificate)
    line = certified.asked(one.rows[0], one.certificate)
    assert said in line
    assert line.endswith("cases, exhaustive") == (one.rows[0].exhaustive and "draws" not in certificate)


@pytest.mark.parametrize(
    ("row", "required", "said"),
    [
        ({"contract": "shifted"}, "shifted", "a.py:f logsumexp float8_e4m3fn: keeps shifted"),
        ({"contract": "sequential"}, "shifted", "keeps sequential; shifted is required: FAIL"),
        ({"contract": "broken", "class_errors": {"nan": 1}}, "shifted", "keeps no contract; shifted is required: FAIL"),
        ({"options": "--base 2"}, "conditioned", "a.py:f --base 2 logsumexp float8_e4m3fn: keeps conditioned"),
    ],
)
def test_the_first_line(row, required, said):
    """Who keeps what."""
    assert said in certified.headline(document(row, {"required": required}))


def test_hostile_words_stay_in_their_line():
    """Names, messages and options come from outside."""
    finding = Finding(
        domain="specials",
        kind="raised",
        expected="nan",
        count=1,
        message=HOSTILE,
        witness=msgspec.structs.replace(SEEN, message=HOSTILE),
    )
    text = certified.render(document({"subject": HOSTILE, "findings": [finding], "contract": "broken"}))
    assert not any(char in text for char in "\r\x1b\x00\ud800\ufffe")
    assert not any(line.startswith(("::", "```")) for line in text.splitlines())


class TestIndex:
    """The page of a folder."""

    def test_a_certificate_has_one_line_and_others_keep_theirs(self):
        """However often it is made."""
        page = certified.index("", "b", document(), 1.0)
        page = certified.index(page, "a", document({}, {"draws": 1, "of": 10**30}), 2.0)
        again = certified.index(page, "b", document({"contract": "shifted"}), 3.0)
        lines = [line for line in again.splitlines() if line.startswith("| [")]
        assert [line.split(" | ")[0] for line in lines] == ["| [a](a.txt)", "| [b](b.txt)"]
        assert "32,131 of 1e+30" in lines[0]
        assert lines[0] in page.splitlines()
        assert "| shifted | 3 | 2 | 99.5923 % | 0 | 3 s |" in lines[1]
        assert certified.index(again, "b", document({"contract": "shifted"}), 3.0) == again
