"""publish: what is written is made from the results alone, so that they can be rendered again."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from lsecheck import publish, workers
from lsecheck.cli import main
from lsecheck.rows import from_json, to_json

ROOT = Path(__file__).resolve().parents[1]


def run(*words):
    """The command, in this process."""
    said = CliRunner().invoke(main, ["report", *map(str, words)])
    return said.stdout, said.stderr, said.exit_code


def written(folder):
    """Name -> bytes of everything in it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small report, as the command writes it."""
    folder = tmp_path_factory.mktemp("report") / "out"
    words = ("max-shift", "naive", "-F", "logsumexp", "-F", "softmax", "-f", "float32", "--effort", "quick")
    stdout, _, status = run(*words, "--jobs", 2, "-o", folder)
    assert status == 0
    return folder, stdout


def test_the_page_the_summary_the_results_and_figures_are_written_and_named(made):
    """And the same of real logits."""
    folder, stdout = made
    files = {name for name in written(folder) if not name.startswith("figures/")}
    assert files == {"index.html", "summary.md", "results.json", "logits/summary.md", "logits/results.json"}
    assert all(str(folder / name) in stdout for name in files)


def test_everything_written_is_a_function_of_the_results(made):
    """Read back and rendered again, byte for byte."""
    folder, _ = made
    documents = {
        publish.FAMILIES: from_json((folder / "results.json").read_bytes()),
        publish.LOGITS: from_json((folder / "logits" / "results.json").read_bytes()),
    }
    again = publish.render(documents)
    assert {name: content.encode() for name, content in again.items()} == written(folder)


def test_a_result_is_rendered_again_without_measuring(made, tmp_path, monkeypatch):
    """From its file alone; what was recorded of real logits lies beside it."""
    monkeypatch.setattr(publish, "measure", None)
    folder, _ = made
    _, _, status = run("--from", folder / "results.json", "-o", tmp_path / "again")
    assert status == 0
    assert written(tmp_path / "again") == written(folder)


def test_results_have_the_worst_cases_made_small_and_say_where_errors_lie(made):
    """For every subject and function."""
    found = from_json((made[0] / "results.json").read_bytes())
    assert {(one.subject, one.function) for one in found.specimens} == {
        (row.subject, row.function) for row in found.rows
    }
    assert any(row.by_place for row in found.rows)
    assert any(row.by_condition for row in found.rows)
    assert from_json(to_json(found)) == found


@pytest.mark.parametrize("absent", ["by_condition", "by_place", "histogram", "specimens", "conduct", "answers_sha256"])
def test_results_of_earlier_versions_are_rendered_too(made, tmp_path, absent):
    """A key that did not exist yet is no reason to fail."""
    old = json.loads((made[0] / "results.json").read_bytes())
    old.pop(absent, None)
    for row in old["rows"]:
        row.pop(absent, None)
    (tmp_path / "old.json").write_text(json.dumps(old))
    _, _, status = run("--from", tmp_path / "old.json", "-o", tmp_path / "out")
    assert status == 0
    assert "max-shift" in (tmp_path / "out" / "index.html").read_text("utf-8")


def test_a_certificate_is_rendered(tmp_path):
    """It is a result like others, exhaustive."""
    (certificate, *_) = sorted((ROOT / "reports" / "certificates").glob("*.json"))
    _, _, status = run("--from", certificate, "-o", tmp_path / "out")
    assert status == 0
    assert "exhaustive" in (tmp_path / "out" / "index.html").read_text("utf-8")


def test_what_changed_since_an_older_result_is_on_the_page(made, tmp_path):
    """Against itself nothing is; against one with a worse row something got better."""
    folder, _ = made
    results = folder / "results.json"
    old = json.loads(results.read_bytes())
    for row in old["rows"]:
        if row["family"] == "ordinary" and "max_scaled" in row:
            row["max_scaled"] *= 100
    (tmp_path / "worse.json").write_text(json.dumps(old))
    pages = []
    for against in (results, tmp_path / "worse.json"):
        _, _, status = run("--from", results, "--against", against, "-o", tmp_path / "out")
        assert status == 0
        pages.append((tmp_path / "out" / "index.html").read_text("utf-8"))
    assert "better" in pages[1]
    assert pages[0] != pages[1]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("max-shift", "--from", "R"), "--from renders a result that was measured: it takes no SUBJECT"),
        (("--from", "R", "-f", "float16"), "--from renders a result that was measured: it takes no --format"),
        (("--from", "R", "--seed", "3"), "--from renders a result that was measured: it takes no --seed"),
        (("--from", "R", "--isolate"), "--from renders a result that was measured: it takes no --isolate"),
        (("--from", "nothing.json"), "nothing.json cannot be read: No such file or directory"),
        (("max-shift", "--against", "nothing.json"), "nothing.json cannot be read: No such file or directory"),
        (("--from", "X"), "x.json is not an lsecheck result: "),
    ],
)
def test_what_cannot_be_is_one_sentence_before_anything_is_measured(made, tmp_path, monkeypatch, words, sentence):
    """Status 2."""
    monkeypatch.setattr(publish, "measure", None)
    (tmp_path / "x.json").write_text('{"schema": 1}')
    given = {"R": made[0] / "results.json", "X": tmp_path / "x.json"}
    stdout, stderr, status = run(*(given.get(word, word) for word in words), "-o", tmp_path / "out")
    assert (stdout, status) == ("", 2)
    assert sentence in stderr
    assert len(stderr.strip().splitlines()) == 1


def test_a_result_says_in_its_title_what_was_asked():
    """Families, real logits, or somebody's own file."""
    families = from_json((ROOT / "reports" / "results.json").read_bytes())
    real = from_json((ROOT / "reports" / "logits" / "results.json").read_bytes())
    assert publish.title(families) == "LogSumExp accuracy: families of hard cases"
    assert publish.title(real) == "LogSumExp accuracy: real logits"
    import msgspec

    own = [msgspec.structs.replace(row, family="mine.npy") for row in real.rows]
    assert publish.title(msgspec.structs.replace(real, rows=own)) == "LogSumExp accuracy"


def test_one_crew_does_all_of_a_report(monkeypatch):
    """Rows, and every round of making cases small."""
    begun, pool = [], workers.pool

    def counted(jobs):
        begun.append(pool(jobs))
        return begun[-1]

    monkeypatch.setattr(workers, "pool", counted)
    found = publish.measure(["naive"], ["logsumexp"], ["float32"], effort="quick", jobs=2)[publish.FAMILIES]
    assert found.rows
    assert found.specimens
    assert len(begun) == 1
