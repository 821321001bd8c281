"""A proof from beginning to end, in this process: who is refused, who is found out, and what is left of a run."""

import sys
import time

import pytest

from lsecheck.errors import InputError, SubjectError
from lsecheck.prove import asking, identity, prove
from lsecheck.prove import claim as claiming
from lsecheck.subjects.loading import Loading

ISOLATED = Loading(isolated=True, seconds=0.3)
HONEST = "import numpy as np\nfrom {helper} import wide\ndef lse(x):\n    return wide(x).astype(x.dtype)\n"
HELPER = (
    "import numpy as np\n"
    "def wide(x):\n"
    "    v = x.astype(np.float64)\n"
    "    return np.log(np.exp(v - v.max(-1)[:, None]).sum(-1)) + v.max(-1)\n"
)


class TestTheSubject:
    """It must be one thing."""

    def test_one_that_answers_otherwise_each_time_is_refused(self):
        """Before anything is begun."""
        with pytest.raises(SubjectError) as refused:
            prove("prove.theirs:fickle", "logsumexp", "float8_e4m3fn", 2)
        assert str(refused.value) == (
            "prove.theirs:fickle answers otherwise when it is asked again: what it says once certifies nothing"
        )

    @pytest.mark.parametrize("which", ["its own", "its helper's"])
    def test_a_file_that_was_edited_is_refused_and_fresh_begins_anew(self, tmp_path, monkeypatch, which):
        """Its own file by its bytes; another that it imports by what it says."""
        helper = f"helper_of_{tmp_path.name}".replace("-", "_").replace("'", "").replace(" ", "_")
        monkeypatch.chdir(tmp_path)
        (tmp_path / "its.py").write_text(HONEST.format(helper=helper))
        (tmp_path / f"{helper}.py").write_text(HELPER)
        words, state = ("its.py:lse", "logsumexp", "float8_e4m3fn", 2), tmp_path / "a.state"
        assert prove(*words, state=state).ok is True
        if which == "its own":
            (tmp_path / "its.py").write_text(HONEST.format(helper=helper) + "\n# edited\n")
        else:
            (tmp_path / f"{helper}.py").write_text(HELPER.replace("+ v.max(-1)", "+ v.max(-1) * 1.5"))
            del sys.modules[helper]
            __import__("importlib").invalidate_caches()
            for path in tmp_path.rglob("*.pyc"):
                path.unlink()
            (tmp_path / "its.py").touch()
        with pytest.raises(
            InputError,
            match=r"cannot be gone on with: the subject (has another file|answers otherwise).*; --fresh begins anew",
        ):
            prove(*words, state=state)
        assert prove(*words, state=state, fresh=True).ok is (which == "its own")

    def test_one_that_raises_everywhere_ends_soon_with_a_finding(self):
        """Not a call for each case."""
        began = time.monotonic()
        proof = prove("prove.theirs:raises", "logsumexp", "float8_e4m3fn", 2)
        assert time.monotonic() - began < 20
        assert proof.status == 3
        errors = proof.document.rows[0].class_errors
        assert sum(errors.values()) == 32_131
        assert set(errors) == {"raised", "unasked"}
        assert not proof.document.rows[0].exhaustive

    def test_one_that_raises_on_some_loses_those_alone(self, monkeypatch):
        """Found by halves."""
        monkeypatch.setattr(asking, "CALLS", 1 << 14)
        proof = prove("prove.theirs:raises_at_two", "logsumexp", "float8_e5m2", 2)
        assert proof.document.rows[0].class_errors == {"raised": 247}
        assert proof.document.rows[0].witness.message == "raised ValueError: there is | a two in it"
        assert proof.status == 1

    def test_a_row_that_raised_is_shown_with_what_it_raised_itself(self):
        """A slab has one message, and two reasons to raise."""
        proof = prove("prove.theirs:raises_for_two_reasons", "logsumexp", "float8_e5m2", 1, specials=True)
        row = proof.document.rows[0]
        assert row.witness.message == "raised ValueError: two"
        assert [(one.expected, one.witness.message) for one in row.findings] == [("nan", "raised KeyError: 'nan'")]
        assert row.exhaustive

    def test_a_wrong_kind_of_answer_that_is_not_given_again_certifies_nothing(self):
        """Nan once, and right when it is to be shown."""
        with pytest.raises(SubjectError, match=r"answered every-1:0:\d+ otherwise when it was asked again"):
            prove("prove.theirs:nan_in_workers", "logsumexp", "float8_e5m2", 1)


class TestIsolated:
    """Lost in a process of its own."""

    @pytest.mark.parametrize(
        ("name", "kind", "index"),
        [
            ("crashes_at_two", "crashed", 190),
            ("crashes_at_the_second", "crashed", 1),
            ("hangs_at_two", "timed-out", 190),
        ],
    )
    def test_one_case_is_lost_and_no_other(self, monkeypatch, name, kind, index):
        """Wherever it lies: the second case is in the first half every time, and so many losses in a row are one."""
        monkeypatch.setattr(identity, "PROBES", 16)
        proof = prove(f"prove.theirs:{name}", "logsumexp", "float8_e4m3fn", 1, loading=ISOLATED)
        (row,) = proof.document.rows
        assert row.class_errors == {kind: 1}
        assert row.witness.case == f"every-1:0:{index}"
        assert row.cases == 253
        assert proof.status == 1


class TestProgress:
    """What is done."""

    def test_it_ends_at_the_number_of_cases(self, monkeypatch, tmp_path):
        """And begins where the last run ended."""
        monkeypatch.setattr(claiming, "SHARD", 1 << 13)
        seen = []
        words = ("max-shift", "logsumexp", "float8_e4m3fn", 2)
        prove(*words, state=tmp_path / "a.state", progress=lambda *now: seen.append(now))
        assert seen == [(min(part << 13, 32_131), 32_131) for part in range(5)]
        seen.clear()
        prove(*words, state=tmp_path / "a.state", progress=lambda *now: seen.append(now))
        assert seen == [(32_131, 32_131)]

    def test_no_jobs_are_none(self):
        """A sentence."""
        with pytest.raises(InputError, match="jobs must be 1 or more, got 0"):
            prove("max-shift", "logsumexp", "float8_e4m3fn", 2, jobs=0)

    def test_a_function_that_is_not_claimed_is_refused(self):
        """Before a state is made."""
        with pytest.raises(InputError, match="via-lse has no logsumexp in float8_e4m3fn: see 'lsecheck list subjects'"):
            prove("via-lse", "logsumexp", "float8_e4m3fn", 2)
