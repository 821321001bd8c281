"""Whether a subject is still the one that it was: its name, version, options and file."""

import sys

import pytest

from lsecheck.subjects import load
from lsecheck.subjects.fingerprint import fingerprint
from lsecheck.subjects.loading import PLAIN, Loading

LSE = "import numpy as np\ndef lse(x):\n    return np.log(np.exp(x).sum(-1))\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """We are in it, with a subject."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "its.py").write_text(LSE)
    return tmp_path


def of(spec, loading=PLAIN):
    """Of a subject as it is now."""
    return fingerprint(load(spec, loading))


def test_the_same_subject_has_the_same():
    """In every process."""
    assert of("max-shift") == of("max-shift")
    assert len(of("max-shift")) == 64


def test_other_subjects_have_others(folder):
    """Names, options, functions of one file."""
    (folder / "its.py").write_text(LSE + "other = lse\n")
    specs = ["max-shift", "naive", "its.py:lse", "its.py:other"]
    assert len({of(spec) for spec in specs} | {of("its.py:lse", Loading(call="batch"))}) == 5


def test_a_file_that_was_edited_is_another(folder):
    """By its bytes, not by its time."""
    before = of("its.py:lse")
    (folder / "its.py").touch()
    assert of("its.py:lse") == before
    (folder / "its.py").write_text(LSE + "\n")
    assert of("its.py:lse") != before


def test_a_module_is_known_by_its_file(folder, monkeypatch):
    """As `package.module:function`."""
    import sys

    monkeypatch.syspath_prepend(str(folder))
    (folder / "their_module.py").write_text(LSE)
    before = of("their_module:lse")
    (folder / "their_module.py").write_text(LSE + "\n")
    assert of("their_module:lse") != before
    del sys.modules["their_module"]


def test_a_script_behind_exec_is_one_of_its_files(folder):
    """It is an argument of its interpreter."""
    import sys

    (folder / "script.py").write_text("pass\n")
    spec = f"exec:{sys.executable} script.py"
    before = of(spec)
    (folder / "script.py").write_text("pass\n\n")
    assert of(spec) != before


def test_a_module_that_lives_elsewhere_is_known_by_its_file_too(folder, monkeypatch):
    """It is not imported here."""
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    (folder / "theirs_alone.py").write_text(LSE)
    before = of("theirs_alone:lse", Loading(isolated=True))
    assert "theirs_alone" not in sys.modules
    (folder / "theirs_alone.py").write_text(LSE + "# edited\n")
    assert of("theirs_alone:lse", Loading(isolated=True)) != before
