"""A certificate asked again: what is the same is said to be, and what was changed is not."""

import msgspec
import pytest
from click.testing import CliRunner

from lsecheck.cli import main
from lsecheck.errors import InputError
from lsecheck.prove import claim as claiming
from lsecheck.prove import prove, verifying
from lsecheck.rows import Document, to_json

WORDS = ("max-shift", "logsumexp", "float8_e5m2", 2)


@pytest.fixture(scope="module")
def document() -> Document:
    """Of one shard."""
    return prove(*WORDS).document


def changed(document: Document, **fields: object) -> Document:
    """Another figure in its row."""
    row = msgspec.structs.replace(document.rows[0], **fields)
    return msgspec.structs.replace(document, rows=[row])


def test_what_was_not_changed_is_the_same(document):
    """Read back from its own text, too."""
    again = verifying.read(to_json(document))
    assert verifying.verify(again, 0).same
    assert verifying.moved(again) == []
    assert verifying.claim_of(again) == prove(*WORDS).claim


@pytest.mark.parametrize(
    "fields",
    [{"max_ulp": 0.5}, {"max_scaled": 0.1}, {"bias_ulp": 0.0}, {"class_errors": {"nan": 1}}, {"contract": "faithful"}],
    ids=lambda fields: next(iter(fields)),
)
def test_a_figure_that_was_changed_is_found(document, fields):
    """Digests of answers and truths do not have it: it follows from them."""
    checked = verifying.verify(changed(document, **fields), 0)
    assert (checked.answers, checked.truths, checked.figures) == (True, True, False)


def test_of_several_shards_none_may_pass_the_maxima_of_all(monkeypatch):
    """A maximum that was made smaller shows in the shard that has it."""
    monkeypatch.setattr(claiming, "SHARD", 1 << 13)
    document = prove(*WORDS).document
    places = range(len(document.certificate.shards))
    assert len(places) > 1
    assert all(verifying.verify(document, place).same for place in places)
    smaller = changed(document, max_ulp=document.rows[0].max_ulp / 2)
    assert [verifying.verify(smaller, place).same for place in places].count(False) >= 1
    fewer = changed(document, histogram=[(edge, 0) for edge, _ in document.rows[0].histogram])
    assert not any(verifying.verify(fewer, place).figures for place in places)


def test_what_does_not_add_up_is_refused(document):
    """A file put together by hand."""
    certificate = msgspec.structs.replace(document.certificate, contracts={"faithful": 1})
    with pytest.raises(InputError, match=r"it\.json was changed: its counts do not add up to its outputs"):
        verifying.read(to_json(msgspec.structs.replace(document, certificate=certificate)), "it.json")
    certificate = msgspec.structs.replace(document.certificate, answers_sha256="0" * 64)
    with pytest.raises(InputError, match="its digests are not those of its shards"):
        verifying.read(to_json(msgspec.structs.replace(document, certificate=certificate)), "it.json")


def test_a_file_that_was_edited_since_is_named(tmp_path, monkeypatch):
    """And its answers are not those certified."""
    source = "import numpy as np\ndef lse(x):\n    return np.logaddexp.reduce(x, axis=-1){}\n"
    mine = tmp_path / "mine.py"
    mine.write_text(source.format(""))
    document = prove(f"{mine}:lse", "logsumexp", "float8_e5m2", 2).document
    certificate = tmp_path / "it.json"
    certificate.write_text(to_json(document))
    mine.write_text(source.format(" * x.dtype.type(2)"))
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(main, ["prove", "--verify", "it.json"])
    assert said.exit_code == 1
    assert "answers NOT as certified, truths as certified" in said.stdout
    assert f"what answers depend on: subject {mine}:lse sha256 " in said.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--n", "2", "-f", "float16"], "--verify takes --shards and --seed".replace(" and", ",")),
        (["--json", "-"], "leave out --json"),
    ],
)
def test_options_that_a_certificate_answers_itself_are_refused(words, sentence, tmp_path, document):
    """What is passed over in silence is taken for done."""
    certificate = tmp_path / "it.json"
    certificate.write_text(to_json(document))
    said = CliRunner().invoke(main, ["prove", "--verify", str(certificate), *words])
    assert said.exit_code == 2
    assert sentence in said.stderr


def test_shards_go_with_verify():
    """Nor the other way round."""
    said = CliRunner().invoke(main, ["prove", "max-shift", "--shards", "2"])
    assert (said.exit_code, said.stderr) == (2, "lsecheck: --shards goes with --verify FILE\n")
