"""The page is a pure function of result files: valid, self-contained, and nobody's name is markup."""

import hashlib
import itertools
import re
from base64 import b64encode
from pathlib import Path

import msgspec
import pytest

from lsecheck import formats
from lsecheck.contracts import LADDER
from lsecheck.functions import FUNCTIONS
from lsecheck.inputs import cases
from lsecheck.report import figures, page
from lsecheck.report.figures import naming
from lsecheck.report.page import commands, specimens
from lsecheck.report.words import again, at_best, measured, of_subject
from lsecheck.rows import ABSENT, Document, Witness, from_json
from report import gates, pages
from report.pages import HERE, HOSTILE

html5lib = pytest.importorskip("html5lib", reason="needs html5lib: pip install 'lsecheck[test]'")

ROOT = HERE.parents[1]
GOLDEN = HERE / "page.html"
EMPTY = Document(schema=1, environment={}, rows=[], verdicts=[])


@pytest.fixture(scope="module")
def drawn():
    """All figures, where they can be drawn."""
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'lsecheck[report]'")
    return figures.draw(pages.measured())


@pytest.fixture(scope="module")
def whole(drawn):
    """A page with all there is on it."""
    return page.render(pages.measured(), logits=pages.logits(), older=pages.older(), figures=drawn)


def parsed(text):
    """Strictly: an error of HTML is an exception."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)


def words(text):
    """What is read of a page."""
    return " ".join("".join(parsed(text).itertext()).split())


def test_the_page_is_what_it_was():
    """Golden. After a change that is meant: cd tests && python -c 'from report.test_page import renew; renew()'."""
    assert page.render(pages.small()) == GOLDEN.read_text("utf-8")


def renew():
    """Write the golden page anew; `pages.small` has what it is made of."""
    GOLDEN.write_text(page.render(pages.small()), "utf-8", newline="\n")


def test_the_same_documents_give_the_same_bytes(whole, drawn):
    """No clock, no environment."""
    again = page.render(pages.measured(), logits=pages.logits(), older=pages.older(), figures=dict(drawn))
    assert again == whole


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_name_is_words_wherever_it_stands(hostile):
    """Subject, family, environment, options, messages; with figures and without."""
    clean = pages.measured()
    named = pages.renamed(clean, "naive", hostile, options=f"--call {hostile}")
    older = pages.renamed(pages.older(), "max-shift", hostile)
    ours = figures.draw(named)
    for shown in ({}, ours):
        text = page.render(
            named, logits=pages.renamed(pages.logits(), "max-shift", hostile), older=older, figures=shown
        )
        tree = parsed(text)
        assert not tree.findall(".//img") + tree.findall(".//iframe") + tree.findall(".//object")
        assert [each.text for each in tree.findall(".//script")] == [_script()]
        for each in tree.iter():
            assert not [name for name in each.attrib if str(name).startswith("on")]
        assert "49" not in re.findall(r"title>(.*?)<", text)[0], "a template ran a name"
        assert "\u202e" not in text
        assert "\x00" not in text
        text.encode("utf-8")


def _script():
    return (Path(page.__file__).parents[1] / "templates" / "page.js").read_text("utf-8").strip()


def test_the_policy_forbids_everything_but_the_one_script(whole):
    """Its digest is that of the script as it stands in the page."""
    tree = parsed(whole)
    policy = next(each for each in tree.findall(".//meta") if "http-equiv" in each.attrib).attrib["content"]
    said = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    digest = b64encode(hashlib.sha256(tree.find(".//script").text.encode()).digest()).decode()
    assert said == {
        "default-src": "'none'", "style-src": "'unsafe-inline'", "script-src": f"'sha256-{digest}'", "img-src": "data:",
        "base-uri": "'none'", "form-action": "'none'",
    }  # fmt: skip


def test_nothing_is_loaded(whole):
    """No address but the name of a namespace; links stay in the page."""
    rest = whole.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|//[a-z]|url\(|@import|\bsrc=", rest)
    tree = parsed(whole)
    ids = {each.attrib["id"] for each in tree.iter() if "id" in each.attrib}
    for each in tree.findall(".//a"):
        assert each.attrib["href"].removeprefix("#") in ids


def test_ids_are_unique_and_what_they_name_is_there(whole):
    """Labels of figures and sections lead somewhere."""
    tree = parsed(whole)
    ids = [each.attrib["id"] for each in tree.iter() if "id" in each.attrib]
    assert len(ids) == len(set(ids))
    for each in tree.iter():
        assert set(each.attrib.get("aria-labelledby", "").split()) <= set(ids)


def test_a_screen_reader_finds_its_way(whole):
    """One h1, levels that skip none, landmarks, captions, scopes, regions with names, live words, a skip link."""
    tree = parsed(whole)
    levels = [int(each.tag[1]) for each in tree.iter() if re.fullmatch(r"h[1-6]", str(each.tag))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    for landmark in ("header", "nav", "main", "footer"):
        assert len(tree.findall(f".//{landmark}")) == 1
    for table in tree.findall(".//table"):
        assert table.find("caption") is not None
        assert all("scope" in each.attrib for each in table.iter("th"))
    for box in (each for each in tree.iter("div") if each.attrib.get("class") == "wide"):
        assert (box.attrib["tabindex"], box.attrib["role"]) == ("0", "region")
        assert box.attrib["aria-label"]
    assert tree.find(".//html[@lang]") is not None or tree.attrib.get("lang") == "en"
    assert [each for each in tree.iter("div") if each.attrib.get("aria-live") == "polite"]
    assert next(tree.iter("a")).attrib["href"] == "#main"


def test_every_figure_has_a_title_and_a_description(whole, drawn):
    """And its style is in the page once."""
    tree = parsed(whole)
    panels = [each for each in tree.iter() if each.tag in ("svg", "{http://www.w3.org/2000/svg}svg")]
    assert len(panels) == len(drawn)
    for panel in panels:
        below = [str(each.tag).rpartition("}")[2] for each in panel]
        assert below[:2] == ["title", "desc"]
    assert whole.count(figures.STYLE) == 1
    assert whole.count("<style") == 1


def test_the_verdict_stands_first(whole):
    """In the words of every other report; then what nothing keeps."""
    said = words(whole)
    first = said.index("max-shift keeps shifted; naive keeps no contract.")
    assert first < said.index("Nothing is correctly rounded throughout") < said.index("Measured: ")
    assert said.index("Measured: ") < said.index("Matrix")


def test_sampled_or_exhaustive_stands_beside_every_maximum():
    """In the matrix, at figures, in each row of a table."""
    rows = [msgspec.structs.replace(row, exhaustive=True) for row in pages.measured().rows]
    for text, is_, is_not in (
        (page.render(pages.measured()), "sampled", "exhaustive"),
        (page.render(msgspec.structs.replace(pages.measured(), rows=rows)), "exhaustive", "sampled"),
    ):
        cells = re.findall(r'<span class="e">(.*?)</span>', text)
        assert cells
        assert all(cell.endswith(f" · {is_}") for cell in cells)
        counted = re.findall(r"<th scope=\"row\">[^<]*<td>[^<]*<td>([^<]*)<td>", text)
        assert len(counted) == len(rows)
        assert all(is_ in cell and is_not not in cell for cell in counted)


def test_a_cell_of_the_matrix_has_contract_step_errors_and_marks(whole):
    """And leads to the subject's part."""
    cell = next(
        each for each in parsed(whole).iter("td") if each.find(".//a[@href='#s-max-shift--logsumexp']") is not None
    )
    said = " ".join("".join(cell.itertext()).split())
    assert re.fullmatch(r"shifted4 ?E 234 · 1.83e\+03 ulp · sampled ?✗ specials - range ✓ conduct", said)


def test_a_wrong_kind_of_answer_is_the_last_step():
    """naive answers inf in float16: whatever its E is."""
    row = gates.row(class_errors={"infinite": 2}, max_scaled=0.5)
    text = page.render(Document(schema=1, environment={}, rows=[row], verdicts=[gates.verdict()]))
    assert 'class="bar b5"' in text.split('<table class="matrix"')[1]


def test_a_specimen_shows_all_that_is_known_of_it():
    """Input, got, exact, rounded, how far, why, steps, commands."""
    row = next(row for row in pages.measured().rows if row.family == "gap" and row.format == "float32")
    one = msgspec.structs.replace(pages.specimen(row, alike=["naive", "online"]), subject="scipy")
    told = specimens.told(one)
    facts = {name: value for name, value, _ in told.facts}
    assert list(facts) == ["input", "got", "exact", "rounded", "error", "why"]
    assert facts["exact"] == "1.9791745108372651372e-08"
    assert "misses conditioned, keeps" in facts["why"]
    assert "the built-in methods naive, online answer the same bits" in facts["why"]
    assert "made smaller from gap:0:99, 1,000 entries" in facts["why"]
    assert told.steps == [("subtract", "0"), ("sum", "-1.11e+07"), ("add", "left the numbers")]
    assert [what for what, _ in told.commands] == ["again", "the library alone"]
    assert told.commands[0][1].startswith("lsecheck explain scipy -f float32 -- ")
    assert told.commands[1][1].startswith("python -c ")


def test_a_specimen_that_takes_equal_rows_is_asked_with_them():
    """Alone it breaks nothing: no program of the library asks for one row."""
    row = next(row for row in pages.measured().rows if row.family == "gap" and row.format == "float32")
    one = msgspec.structs.replace(pages.specimen(row, copies=3), subject="scipy")
    told = specimens.told(one)
    assert "it takes 3 equal rows" in {name: value for name, value, _ in told.facts}["why"]
    assert [what for what, _ in told.commands] == ["again"]
    assert told.commands[0][1].startswith("lsecheck explain scipy -f float32 --copies 3 -- ")


def test_the_command_of_one_output_names_it():
    """Else the worst is shown, which may be another."""
    seen = Witness(case="fuzz:0:0", x="-0x1.9p6 -0x1.ap6", n=2, output=0, answer="0x0p0", truth="-0x1.295e5p-6")
    assert again("naive", "log_softmax", "float32", seen) == (
        "lsecheck explain naive -F log_softmax -f float32 --output 0 -- -0x1.9p6 -0x1.ap6"
    )


def test_an_address_that_leads_nowhere_is_in_no_command():
    """A shrunk case is typed, however long it is, with the sign of its zeros; the row of no entries has an address."""
    x = " ".join(f"-0x1.{place:06x}p-20" for place in range(40)) + " -0x0p0"
    seen = Witness(case="fuzz:0:0", x=x, n=41, output=0, answer="nan", truth="0x0p0")
    assert again("naive", "logsumexp", "float32", seen) == f"lsecheck explain naive -f float32 -- {x}"
    none = msgspec.structs.replace(seen, x="", n=0)
    assert again("naive", "logsumexp", "float32", none) == "lsecheck explain naive -f float32 --case specials:0:0"
    for function in ("logsumexp", "softmax", "log_softmax"):
        for fmt in formats.FORMATS.values():
            assert cases.case("specials:0:0", FUNCTIONS[function], fmt).values.shape == (1, 0)


def test_a_file_whose_name_begins_like_an_option_is_typed_as_a_path():
    """And not taken for one."""
    assert again("-x.py:f", "logsumexp", "float32", pages.measured().rows[0].witness).startswith(
        "lsecheck explain ./-x.py:f -f float32 "
    )
    document = msgspec.structs.replace(pages.measured(), rows=[gates.row("-x.py:f")])
    assert commands.again(document) == ["lsecheck report ./-x.py:f -F logsumexp -f float32 -o report"]


def test_a_wrong_dtype_is_seen_again_on_its_case_and_a_rule_of_conduct_on_its_family():
    """Both are judged as conduct; only the rule takes more than the one call."""
    row = next(row for row in pages.measured().rows if row.family == "gap")
    dtype = pages.specimen(row, domain="conduct", kind="dtype", expected="a number", missed="")
    rule = pages.specimen(row, domain="conduct", kind="input", expected="", missed="")
    assert specimens.told(dtype).commands[0][1].startswith("lsecheck explain ")
    assert specimens.told(rule).commands[0][1].endswith("--family conduct")


def test_a_specimen_without_a_number_says_what_is_right_instead():
    """nan where +inf is right has no distance."""
    row = next(row for row in pages.measured().rows if row.family == "gap")
    wrong = msgspec.structs.replace(row.witness, answer="nan", ulp=ABSENT, scaled=ABSENT)
    one = pages.specimen(row, domain="specials", kind="nan", expected="+inf", missed="", exact="", witness=wrong)
    facts = {name: value for name, value, _ in specimens.told(one).facts}
    assert (facts["got"], facts["rounded"]) == ("nan", "+inf")
    assert facts["why"].startswith("nan where +inf is right")


def test_five_cases_are_shown_and_the_rest_counted():
    """A page is read, a file is searched."""
    document = pages.measured()
    row = next(row for row in document.rows if row.family == "gap" and row.subject == "max-shift")
    text = page.render(msgspec.structs.replace(document, specimens=[pages.specimen(row)] * 7))
    assert text.count("<article>") == 5
    assert "2 more in <code>results.json</code>" in text


def test_a_change_is_told_with_its_count():
    """As `lsecheck compare` does."""
    text = words(page.render(pages.measured(), older=pages.older()))
    assert "What changed Against the older result: " in text
    assert re.search(r"worse\s?max-shift\s?logsumexp\s?float32\s?gap\s?max_scaled\s?0.5", text)
    assert "What changed" not in words(page.render(pages.measured()))


def test_without_figures_one_line_says_how_to_have_them(whole):
    """Tables are there all the same."""
    bare = page.render(pages.measured())
    assert bare.count("pip install 'lsecheck[report]'") + bare.count("pip install &#39;lsecheck[report]&#39;") == 1
    assert "lsecheck[report]" not in whole
    assert bare.count('<table class="families">') == 4


def test_figures_that_have_no_room_are_left_to_a_command(monkeypatch, drawn):
    """Those of each subject's first function come first, whole or not at all."""
    mine = [name for name in drawn if "_logsumexp_" in name]
    room = sum(len(drawn[name].encode()) - len(figures.ELEMENT) for name in mine) + 2 * 3000
    chosen = page.choose(pages.measured(), drawn, room)
    assert chosen == set(mine)
    assert page.choose(pages.measured(), drawn, 0) == frozenset()
    monkeypatch.setattr(page, "MOST_FIGURES", room)
    text = page.render(pages.measured(), figures=drawn)
    assert text.count("<svg") == len(mine)
    assert "lsecheck report naive -F softmax -f float16 -f float32 -o report" in text


def test_a_page_stays_below_a_megabyte_whatever_is_drawn(drawn):
    """Figures give way to tables."""
    large = {name: text.replace("</svg>", f"<desc>{'x' * 90_000}</desc></svg>") for name, text in drawn.items()}
    assert len(page.render(pages.measured(), figures=large).encode()) < 1_000_000


def test_what_a_document_does_not_hold_is_said_in_a_line():
    """Made before lsecheck recorded it."""
    rows = [msgspec.structs.replace(row, by_condition=[], by_place=[]) for row in pages.measured().rows]
    old = msgspec.structs.replace(pages.measured(), rows=rows)
    said = words(page.render(old, figures=figures.draw(old)))
    assert "made before lsecheck recorded errors by condition: make it again" in said
    assert "made before lsecheck recorded errors by place: make it again" in said


def test_an_empty_document_is_a_page():
    """Nothing is kept, nothing was measured; said, not crashed."""
    said = words(page.render(EMPTY, logits=EMPTY, older=EMPTY))
    assert "Nothing was measured" in said
    assert "There is no verdict in this result." in said


def test_verdicts_without_rows_and_rows_without_verdicts_are_pages():
    """Half a file is read too."""
    alone = page.render(Document(schema=1, environment={}, rows=[], verdicts=[gates.unmeasured("u")]))
    assert "unmeasured" in words(alone)
    assert "There is no verdict" in words(
        page.render(Document(schema=1, environment={}, rows=[gates.row()], verdicts=[]))
    )


@pytest.mark.parametrize("path", ["results.json", "logits/results.json"])
def test_committed_results_render_below_a_megabyte(path):
    """Results of earlier versions too: fields that they lack are absent."""
    text = page.render(from_json((ROOT / "reports" / path).read_bytes()))
    parsed(text)
    assert len(text.encode()) < 1_000_000


@pytest.mark.parametrize(
    "path", sorted((ROOT / "reports" / "certificates").glob("*every*.json"))[::12], ids=lambda p: p.stem
)
def test_certificates_render_and_say_exhaustive(path):
    """One row, every case there is."""
    said = words(page.render(from_json(path.read_bytes())))
    assert "exhaustive" in said
    assert "lsecheck prove " in said


def test_the_commands_name_what_was_asked():
    """Subjects that were asked alike in one; functions only where not all were."""
    document = pages.measured()
    assert commands.again(document) == [
        "lsecheck report naive max-shift -F logsumexp -F softmax -f float16 -f float32 -f float64 -o report"
    ]
    every = [gates.row(function=name) for name in FUNCTIONS]
    assert commands.again(
        msgspec.structs.replace(document, rows=[gates.row("naive", function=row.function) for row in every])
    ) == ["lsecheck report naive -f float32 -o report"]
    assert commands.again(EMPTY) == []


def test_a_command_that_cannot_be_shown_says_so():
    """What is copied must not differ from what is read."""
    assert commands.shown("lsecheck explain 'a\u202eb:f'").endswith("# a name here has characters that cannot be shown")
    assert commands.shown("lsecheck explain a") == "lsecheck explain a"


def test_the_best_is_said_as_what_nothing_keeps():
    """A reader must not take the best found for good."""

    def best(*kept):
        return at_best([gates.verdict(contract=contract) for contract in kept])

    assert best("broken") == "Nothing keeps a contract."
    assert best("broken", "shifted") == (
        "Nothing is correctly rounded throughout; the strongest contract that anything keeps is shifted."
    )
    assert best("correctly-rounded", "broken") == ""
    assert best("unmeasured") == best() == "Nothing was measured that counts towards a contract."
    assert all(best(str(contract)) for contract in LADDER[1:])


def test_a_subject_is_told_in_a_sentence():
    """Functions that stand alike together; what is judged apart after it."""
    verdicts = [
        gates.verdict(function="logsumexp"),
        gates.verdict(function="softmax", contract="broken", specials="fail"),
    ]
    assert of_subject(verdicts) == (
        "Keeps conditioned (logsumexp); no contract (softmax). Special values are wrong in softmax."
    )
    assert of_subject(verdicts[:1]) == "Keeps conditioned."


def test_names_of_figures_are_those_that_a_page_looks_for(drawn):
    """A page without its figures would not fail otherwise."""
    assert set(drawn) == {
        name
        for (subject, function), rows in page.subjects.groups(pages.measured()).items()
        for kind in naming.KINDS
        for name in page.subjects.panel_names(subject, function, rows, kind)
    }


def test_a_page_of_many_subjects_stays_below_a_megabyte():
    """Tables give way too, and it is said where they are."""
    document = pages.measured()
    many = Document(
        schema=1,
        environment={},
        rows=[msgspec.structs.replace(r, subject=f"f{i}.py:f") for i in range(60) for r in document.rows],
        verdicts=[msgspec.structs.replace(v, subject=f"f{i}.py:f") for i in range(60) for v in document.verdicts],
    )
    text = page.render(many)
    assert len(text.encode()) < 1_000_000
    assert "Its table by family (sampled) is left out to keep the page small: <code>summary.md</code> has it." in text
    assert "is left out" not in page.render(document)


def test_of_every_case_there_is_the_maximum_is_the_worst_there_is():
    """And of a sample it is not."""
    assert measured([gates.row(exhaustive=True)]).endswith("(exhaustive: every maximum below is the worst there is).")
    assert measured([gates.row()]).endswith("(sampled: every maximum below is the worst found among them, no more).")
