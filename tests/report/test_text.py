"""Terminal text: what a maintainer with a red CI reads."""

from lsecheck import check
from lsecheck.report import text

SMALL = {"formats": ["float32"], "effort": "quick"}


def test_a_missed_contract_reads_as_evidence():
    """The whole block, word for word: it is pasted into issues. The witness is the family's worst E."""
    result = check("max-shift", families=["gap"], require="conditioned", **SMALL)
    said = text.render(result.rows, result.verdicts).splitlines()
    assert said[0].split() == [
        "subject",
        "function",
        "format",
        "contract",
        "worst",
        "ulp",
        "worst",
        "E",
        "specials",
        "range",
        "conduct",
    ]
    assert said[2].split() == [
        "max-shift",
        "logsumexp",
        "float32",
        "shifted",
        "1.66e+07",
        "9.51e+05",
        "-",
        "-",
        "-",
        "fail",
    ]
    assert said[4] == "FAIL  max-shift logsumexp float32: keeps only shifted where conditioned is required: gap:0:31"
    assert said[5:11] == [
        "float32  max-shift  x = [0x0p0, -0x1.0a5bb2p4]",
        "  got        0x0p0  0",
        "  should be  0x1.f9f76ap-25  5.89022484e-08",
        "  error      1.66e+07 ulp, E = 9.51e+05   (κ 16.6: the problem is easy, the method is not)",
        "  case       gap:0:31",
        "  again      lsecheck explain max-shift -f float32 -- 0x0p0 -0x1.0a5bb2p4",
    ]
    assert said[-1] == "lsecheck: 0 passed, 1 failed; 48 cases, sampled"


def test_a_pass_is_a_table_and_a_line():
    """Nothing to read where nothing is wrong."""
    result = check("log1p-shift", families=["gap"], require="conditioned", **SMALL)
    said = text.render(result.rows, result.verdicts)
    assert len(said.splitlines()) == 5
    assert said.endswith("lsecheck: 1 passed, 0 failed; 48 cases, sampled")


def test_each_kind_of_finding_is_shown_once_with_its_input():
    """188 nans are one finding with one input, not 188 blocks."""
    result = check("max-shift", families=["specials"], **SMALL)
    said = text.render(result.rows, result.verdicts)
    assert said.count("\n  got        nan\n  should be  inf\n") == 1
    assert said.count("\n  got        nan\n  should be  -inf\n") == 1
    assert "x = [no entries]" in said


def test_a_wrong_dtype_says_what_to_use_instead():
    """The remedy is part of the finding."""
    result = check(lambda x, axis: x.astype("f8").sum(axis), families=["tiny"], **SMALL)
    assert "use -f float32:float64" in text.render(result.rows, result.verdicts)


def test_a_callable_without_a_name_gets_a_call_and_no_command():
    """`lsecheck explain '<lambda>'` would be no help."""
    result = check(lambda x, axis: x.max(axis), families=["gap"], **SMALL)
    said = text.render(result.rows, result.verdicts)
    assert "again      lsecheck.check(your_function, 'logsumexp', 'float32', families=['gap'])  # gap:0:" in said
    assert "lsecheck explain" not in said
