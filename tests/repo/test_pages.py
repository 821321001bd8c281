"""README, reports and docs say what the code says now."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from lsecheck import publish, selftest
from lsecheck.cli import main
from lsecheck.report import findings, leaderboard, markdown, readme, selftested
from lsecheck.report import page as report_page
from lsecheck.report.page import board
from lsecheck.rows import from_json

ROOT = Path(__file__).resolve().parents[2]
RUNS = selftest.from_json((ROOT / "reports" / "selftest.json").read_bytes())
BOARD = from_json((ROOT / "reports" / "leaderboard.json").read_bytes())
README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("folder", [publish.FAMILIES, publish.LOGITS], ids=["families", "logits"])
def test_the_committed_summary_is_what_the_code_renders_from_the_committed_results(folder):
    """Run scripts/make_reports when this fails."""
    results = from_json((ROOT / "reports" / folder / "results.json").read_bytes())
    assert (ROOT / "reports" / folder / "summary.md").read_text("utf-8") == markdown.summary(
        results, publish.title(results)
    )


def test_the_tables_of_the_readme_are_what_the_code_renders():
    """Run scripts/make_readme when this fails."""
    results = from_json((ROOT / "reports" / "results.json").read_bytes())
    paths = sorted((ROOT / "reports" / "certificates").glob("*.json"))
    certified = [from_json(path.read_bytes(), path.name) for path in paths]
    assert readme.filled(README, results, RUNS, certified, BOARD) == README


def test_the_leaderboard_is_what_the_code_renders_from_the_committed_results():
    """Run scripts/make_leaderboard.py --render when this fails."""
    assert (ROOT / "reports" / "leaderboard.md").read_text("utf-8") == leaderboard.page(BOARD)


def test_the_leaderboards_page_and_picture_are_what_the_code_renders_but_for_the_drawing():
    """Run scripts/make_leaderboard.py --render when this fails. How a line is drawn is matplotlib's business."""
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'lsecheck[report]'")
    drawn = board.draw(BOARD)
    committed = (ROOT / "reports" / "leaderboard.html").read_text("utf-8")
    rendered = board.render(BOARD, drawn)
    drawing = re.compile(r"<svg.*?</svg>", re.DOTALL)
    assert drawing.sub("", committed) == drawing.sub("", rendered)
    words = re.compile(r"<desc.*?</desc>", re.DOTALL)
    assert words.findall(committed) == words.findall(rendered)
    picture = (ROOT / "reports" / "picture.svg").read_text("utf-8")
    assert words.findall(picture) == words.findall(drawn[board.figure_name("logsumexp", "float32")])


def test_the_committed_page_says_what_the_code_says_of_the_committed_results():
    """Run scripts/make_reports when this fails. Which figures fit depends on how they are drawn."""
    html5lib = pytest.importorskip("html5lib", reason="needs html5lib: pip install 'lsecheck[test]'")
    main, real = (from_json((ROOT / "reports" / name / "results.json").read_bytes()) for name in ("", "logits"))
    committed = (ROOT / "reports" / "index.html").read_text("utf-8")
    assert committed.count("<svg") > 50
    assert len(committed.encode()) < 1_000_000

    def of_figures(element):
        classes, said = element.get("class", "").split(), "".join(element.itertext())
        drawn_by = "cmd" in classes and "lsecheck report" in said
        return "figures" in classes or drawn_by or ("note" in classes and "figures" in said)

    def words(text):
        found = html5lib.parse(text, namespaceHTMLElements=False)
        for parent in found.iter():
            for child in [each for each in parent if of_figures(each)]:
                parent.remove(child)
        return [part.strip() for part in found.itertext() if part.strip()]

    assert words(committed) == words(report_page.render(main, logits=real))


def test_the_drafts_of_findings_are_what_the_code_renders_from_the_committed_results():
    """Run scripts/make_leaderboard.py --render when this fails."""
    there = {path.name: path.read_text("utf-8") for path in (ROOT / "reports" / "findings").glob("*.md")}
    assert there == findings.pages(BOARD)


def test_the_page_of_planted_faults_is_what_the_code_renders_from_the_committed_scores():
    """Run scripts/selftest_seeds.py when this fails."""
    assert (ROOT / "reports" / "selftest.md").read_text("utf-8") == selftested.page(RUNS)


def test_the_committed_scores_are_of_the_faults_there_are_now():
    """A fault that is added must be scored: run scripts/selftest_seeds.py."""
    for run in RUNS:
        assert [score.name for score in run.scores] == selftest.names()


def test_the_rules_of_conduct_in_the_docs_are_those_of_the_code():
    """Run scripts/make_readme when this fails."""
    page = (ROOT / "docs" / "conduct.md").read_text("utf-8")
    assert readme.conduct(page) == page


def test_the_readmes_example_is_what_the_command_prints():
    """A shown output that nobody runs is soon a lie."""
    command, shown = re.search(r"<!-- example: (.*?) -->\n```\n(.*?)```", README, re.DOTALL).groups()
    said = CliRunner().invoke(main, shlex.split(command)[1:])
    assert said.stdout == shown


def test_the_example_of_fuzzing_is_what_the_command_prints_but_for_the_seconds():
    """A shown output that nobody runs is soon a lie."""
    page = (ROOT / "docs" / "fuzzing.md").read_text("utf-8")
    command, shown = re.search(r"<!-- example: (.*?) -->\n```\n(.*?)```", page, re.DOTALL).groups()
    said = CliRunner().invoke(main, shlex.split(command)[1:])
    assert _settled(said.stdout) == _settled(shown)


def test_the_example_of_proving_is_what_the_command_prints_but_for_the_machine_and_the_seconds(tmp_path, monkeypatch):
    """A shown output that nobody runs is soon a lie."""
    page = (ROOT / "docs" / "proving.md").read_text("utf-8")
    command, shown = re.search(r"<!-- example: (.*?) -->\n```\n(.*?)```", page, re.DOTALL).groups()
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(main, shlex.split(command)[1:]).stdout
    assert _certified(said) == _certified(shown)
    assert "keeps conditioned" in shown


def _certified(text):
    """Without what was answered with, and how long that took."""
    return re.sub(r"answered with .*", "", text, flags=re.DOTALL)


def _settled(text):
    """Without what depends on how fast a machine is: seconds, and the causes that there was time to look for."""
    kept = [line for line in text.splitlines() if not line.startswith(("cause ", "fix ", "not tried "))]
    return [re.sub(r"\b\d+\.\d(?= s,|$)", "0.0", line) for line in kept]


def test_the_first_two_shell_lines_of_the_readme_are_the_set_up():
    """`.ci/run` takes them from there: one runs the main job, one the tests."""
    block = re.search(r"```sh\n(.*?)```", README, re.DOTALL)[1].splitlines()
    assert len(block) == 2
    assert block[0].endswith("lsecheck report")
    assert block[1].endswith("pytest")


def test_the_shown_oracle_value_is_true():
    """4.18...e-322, in the README and from the command."""
    shown = re.search(r"lsecheck oracle 0 -740\s+# (\S+)", README)[1]
    assert CliRunner().invoke(main, ["oracle", "0", "-740"]).stdout.strip() == shown


PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]


def test_every_link_between_our_pages_leads_somewhere():
    """To a file that is there, and to a heading that is in it; the network is nobody's test."""
    for page in PAGES:
        for link in re.findall(r"\]\(([^)\s:]+)\)", page.read_text("utf-8")):
            name, _, place = link.partition("#")
            target = page.parent / name if name else page
            assert target.exists(), f"{page.name} links to {link}"
            assert not place or place in _anchors(target.read_text("utf-8")), f"{page.name} links to {link}"


def _anchors(page):
    """The headings of a page, as GitHub names them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_contents_name_every_page_of_the_docs_once():
    """docs/index.md, in the order of reading."""
    named = re.findall(r"^\d+\. \[([\w.]+)\]\(\1\)", (ROOT / "docs" / "index.md").read_text("utf-8"), re.MULTILINE)
    assert sorted([*named, "index.md"]) == sorted(page.name for page in ROOT.glob("docs/*.md"))


def _typed(page):
    """The `lsecheck ...` commands of a page, in blocks and in sentences."""
    text = page.read_text("utf-8").replace("\\\n", " ")
    text = re.sub(r"^<!-- not run -->\n```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line.partition("  #")[0] for block in blocks for line in block.splitlines()]
    commands = [line.partition("lsecheck ")[2] for line in lines if re.match(r"(?:[\w./-]*/)?lsecheck ", line)]
    quoted = re.findall(r"`lsecheck ([a-z][^`]*)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    return [command.replace("\n", " ") for command in (*commands, *quoted)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_every_option_on_a_page_exists(page):
    """Where it is not run, at least its words are those of the command line."""
    for command in _typed(page):
        name, *words = shlex.split(command.partition(" -- ")[0])
        assert name in main.commands, command
        options = {option for p in main.commands[name].params for option in (*p.opts, *p.secondary_opts)}
        asked = [word.partition("=")[0] for word in words if re.match(r"--?[A-Za-z]", word)]
        assert set(asked) <= {*options, "--help"}, command
