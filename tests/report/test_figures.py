"""Figures are pure functions of a document, small, legible without colour, and told in words too."""

import math
import re
import subprocess
import sys
from decimal import Decimal, localcontext
from fractions import Fraction
from xml.etree import ElementTree

import msgspec
import numpy as np
import pytest

from lsecheck import check, contracts, formats, functions
from lsecheck.functions.definition import Sums
from lsecheck.report import figures, scale
from lsecheck.report.figures import bias, condition, distribution, naming, places
from lsecheck.rows import WIDEST, AtCondition, AtPlace, Document, Dot
from report import gates, pages

pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'lsecheck[report]'")

SVG = "{http://www.w3.org/2000/svg}"
LARGEST = sys.float_info.max


@pytest.fixture(scope="module")
def drawn():
    """Of two methods, two functions, three formats."""
    return figures.draw(pages.measured())


def test_there_is_a_panel_for_each_subject_function_kind_and_format(drawn):
    """Named so that a page finds them."""
    wanted = {
        naming.name(subject, function, kind, fmt)
        for subject in ("naive", "max-shift")
        for function, kinds in pages.FORMATS.items()
        for kind in naming.KINDS
        for fmt in kinds
    }
    assert set(drawn) == wanted
    assert "max-shift_logsumexp_bias_float32" in drawn


def test_the_same_document_gives_the_same_bytes(drawn):
    """No date, no random id, no state that is left over."""
    assert figures.draw(pages.measured()) == drawn


def test_every_panel_parses_and_says_in_words_what_it_shows(drawn):
    """A title, and a description with numbers, both named by the root."""
    for name, text in drawn.items():
        root = ElementTree.fromstring(text)
        assert root.attrib["role"] == "img"
        title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
        assert root.attrib["aria-labelledby"].split() == [title.attrib["id"], description.attrib["id"]]
        assert re.match(r"(naive|max-shift), (logsumexp|softmax), float(16|32|64): ", title.text), name
        assert re.search(r"\d", description.text), name
        assert len(description.text) < 2500


def test_a_panel_is_small_and_holds_nothing_but_drawing(drawn):
    """No prolog, no metadata, nothing to load, nothing that runs, no width of its own."""
    for text in drawn.values():
        assert len(text.encode()) < 15_000
        assert text.startswith("<svg ")
        assert not re.search(r"<\?|<!|metadata|xlink|<script|<image|\bhref=\"(?!#)|\bon\w+=|\bwidth=\"\d+pt", text)
        assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_ids_differ_between_panels_and_every_reference_leads_to_one(drawn):
    """Many are put in one page."""
    seen = [found for text in drawn.values() for found in re.findall(r'\bid="([^"]+)"', text)]
    assert len(seen) == len(set(seen))
    for text in drawn.values():
        assert set(re.findall(r'href="#([^"]+)"', text)) <= set(re.findall(r'\bid="([^"]+)"', text))


def test_every_colour_is_a_variable_with_a_colour_of_its_own(drawn):
    """One file for light and dark, in a page and alone."""
    for text in drawn.values():
        assert text.count(figures.ELEMENT) == 1
        alone = text.replace(figures.ELEMENT, "")
        assert not re.search(r"#[0-9a-f]{6}\b|rgb\(|style=", alone)
        assert set(re.findall(r"\b[lf]-(\w+)", alone)) <= set(figures.COLOURS)
    for role, (light, _) in figures.COLOURS.items():
        assert f".f-{role}{{fill:{light};fill:var(--{role},{light})}}" in figures.STYLE


def test_without_matplotlib_there_are_no_figures_and_no_error(monkeypatch):
    """The page has tables then, and says what is missing."""
    monkeypatch.setattr("lsecheck.report.figures.available", lambda: False)
    assert figures.draw(pages.measured()) == {}
    assert "pip install 'lsecheck[report]'" in figures.MISSING


def test_matplotlib_is_imported_only_to_draw_and_never_its_state_machine():
    """A page without figures does not wait for it; nothing of one caller's is left for another."""
    said = subprocess.run(
        [sys.executable, "-c", _WATCHED], capture_output=True, text=True, check=True, cwd=pages.HERE.parent
    ).stdout.split()
    assert said == ["False", "True", "False"]


_WATCHED = """
import sys
from lsecheck.report import figures, page
from lsecheck.rows import Document
from report import gates
page.render(Document(schema=1, environment={}, rows=[], verdicts=[]))
print("matplotlib" in sys.modules)
figures.draw(Document(schema=1, environment={}, rows=[gates.row(histogram=[(0.5, 3)])], verdicts=[]))
print("matplotlib" in sys.modules, "matplotlib.pyplot" in sys.modules)
"""


def test_only_the_functions_that_are_asked_for_are_drawn():
    """A caller may be in a hurry."""
    assert all("_softmax_" in name for name in figures.draw(pages.measured(), functions=["softmax"]))


def test_what_a_document_does_not_hold_is_not_drawn():
    """Results of an earlier lsecheck have no errors by condition or place."""
    whole = pages.measured()
    rows = [msgspec.structs.replace(row, by_condition=[], by_place=[]) for row in whole.rows]
    kinds = {name.split("_")[2] for name in figures.draw(msgspec.structs.replace(whole, rows=rows))}
    assert kinds == {"distribution", "bias"}
    assert figures.draw(Document(schema=1, environment={}, rows=[], verdicts=[])) == {}


def test_rows_of_a_function_or_format_from_the_future_are_passed_over():
    """Reading them is no reason to fail."""
    row = gates.row(histogram=[(0.5, 3)], function="logcosh")
    other = gates.row(histogram=[(0.5, 3)], format="float4")
    assert figures.draw(Document(schema=1, environment={}, rows=[row, other], verdicts=[])) == {}


@pytest.mark.parametrize("hostile", pages.HOSTILE)
def test_a_hostile_name_is_words_in_a_figure(hostile):
    """Of a subject, and of a family."""
    for text in figures.draw(pages.document(hostile)).values():
        root = ElementTree.fromstring(text)
        assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {
            "svg", "title", "desc", "style", "defs", "path", "g", "use", "text",
        }  # fmt: skip


@pytest.mark.parametrize(
    "pair",
    [
        ("a/b", "a-b"), ("A", "a"), ("a.py:f", "a.py-f"), ("x" * 300, "x" * 301), ("", " "), ("..", "."),
        ("a\ud800", "a\ud801"), ("naive", "naive "), ("é", "e"), ("a_b", "a b"),
    ],
)  # fmt: skip
def test_two_subjects_never_share_the_name_of_a_file(pair):
    """Not on a file system that ignores case either; and a name is fit for one."""
    one, other = map(naming.fit, pair)
    assert one.lower() != other.lower()
    for name in (one, other):
        assert re.fullmatch(r"[a-z0-9_-][a-z0-9._-]{0,60}", name)


def test_a_digest_of_one_name_is_not_the_plain_name_of_another():
    """A subject may be called what another's name is made into: then it has a digest itself, or they differ."""
    made = naming.fit("A b")
    assert naming.fit(made) == made
    assert made != naming.fit("a-b")


# ---- what is drawn ----


def test_the_share_above_x_is_that_of_the_histogram():
    """Known at every doubling; flat where a doubling is empty."""
    row = gates.row(histogram=[(0.5, 6), (1.0, 2), (8.0, 2)])
    assert distribution.above(row) == [(0.5, 40.0), (1.0, 20.0), (4.0, 20.0), (8.0, 0.0)]
    assert distribution.above(gates.row(histogram=[(2.0, 4)])) == [(0.5, 100.0), (1.0, 100.0), (2.0, 0.0)]
    assert distribution.above(gates.row(histogram=[(0.5, 4)])) == [(0.5, 0.0)]


@pytest.mark.parametrize("fmt", ["float16", "float32", "float64"])
def test_a_band_holds_its_e_at_every_place_of_a_binade(fmt):
    """An error of that E lies from E (1 + κ) / 2 to E (1 + κ) ulps; a subnormal answer's may lie under it."""
    kind = formats.named(fmt)
    u = kind.unit_roundoff
    for kappa in (0.01, 1.0, 57.0):
        for place in (1.0, 1.25, 1.999):  # |y| over its power of two; an ulp is 2u of that power
            for scaled in (1.0, 4.0, 8.0):
                least, most = condition.band(scaled, kappa)
                assert least <= scaled * u * place * (1 + kappa) / (2 * u) <= most
        tiny = max(u * kind.tiny * (1 + kappa), kind.tiny / 2) / kind.tiny  # E = 1, of y = t
        assert tiny <= condition.band(1.0, kappa)[1]


@pytest.mark.parametrize("function", ["logsumexp", "softmax"])
def test_the_band_of_conditioned_is_its_bound_less_the_terms_for_n_and_underflow(function):
    """For two entries of which one is all there is."""
    known, kind = functions.named(function), formats.named("float32")
    sums = Sums(*(np.array([[value]]) for value in (2.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0)))
    allowed = contracts.bounds(known, sums, np.array([[1.0]]), kind, np.array([[1.0]]))
    factor = float(allowed[contracts.Contract.CONDITIONED][0, 0]) / kind.unit_roundoff
    assert factor >= known.conditioned_factor * 0.99


@pytest.mark.parametrize(
    ("function", "method"),
    [("logsumexp", "log1p-shift"), ("logsumexp", "online"), ("softmax", "max-shift"), ("log_softmax", "max-shift")],
)
def test_a_dot_without_a_line_through_it_has_the_e_of_its_place(function, method):
    """Of what was measured, to the three digits that are kept: above a band E is larger, below it is smaller."""
    found = check([method], function, formats=["float32"], families=["gap", "near-zero", "wide"], effort="quick")
    dots = condition.shown(found.rows)
    normal = [dot for dot in dots if condition._by_place(dot) and dot.condition < LARGEST]
    assert len(normal) > len(dots) / 2
    for dot in normal:
        for scaled in (1.0, 4.0):
            least, most = condition.band(scaled, dot.condition)
            assert not dot.ulp > most * 1.05 or dot.scaled > scaled
            assert not dot.ulp < least * 0.95 or dot.scaled < scaled


def test_a_subnormal_answer_with_a_large_e_far_below_its_band_has_a_line_through_it():
    """As log1p-shift has in float32; the legend says what it is, where there is one."""
    low = _cell(256.0, (97.1, 3.08, 6.17, "conditioned"))
    text = condition.draw([gates.row(by_condition=[low])], "n", "t", "float32")
    assert ">not normal: other bands</text>" in text
    plain = condition.draw([gates.row(by_condition=[_cell(4.0, (3.0, 3.1, 1.0, "conditioned"))])], "n", "t", "float32")
    assert "not normal" not in plain


def _cell(upto, *dots):
    """One dot, or the largest and the weakest."""
    return AtCondition(upto, 3, Dot(*dots[0]), Dot(*dots[-1]))


def test_each_cell_of_condition_shows_the_largest_error_and_what_stands_worst():
    """Over all families: nothing that matters hides behind another dot."""
    one = gates.row(by_condition=[_cell(4.0, (2.0, 1.5, 1.0, "faithful")), _cell(16.0, (9.0, 2.0, 1.0, "broken"))])
    two = gates.row(by_condition=[_cell(4.0, (3.0, 7.5, 3.0, "conditioned"), (3.5, 1.0, 9.0, "conditioned"))])
    three = gates.row(by_condition=[_cell(4.0, (1.0, 5.0, 2.0, "conditioned"), (1.0, 0.9, 0.5, "sequential"))])
    last = Dot(9.0, 2.0, 1.0, "broken")
    assert condition.shown([one]) == [Dot(2.0, 1.5, 1.0, "faithful"), last]
    assert condition.shown([one, two]) == [
        Dot(3.0, 7.5, 3.0, "conditioned"), Dot(3.5, 1.0, 9.0, "conditioned"), last,
    ]  # fmt: skip
    assert condition.shown([three, two, one])[:2] == [
        Dot(3.0, 7.5, 3.0, "conditioned"), Dot(1.0, 0.9, 0.5, "sequential"),
    ]  # fmt: skip


def test_a_figure_calls_mathematics_only_what_is_within_e_of_one_everywhere():
    """By the E of the rows, of which dots show a few."""
    cell = _cell(4.0, (2.0, 0.9, 0.6, "conditioned"))
    good = condition.draw([gates.row(by_condition=[cell], max_scaled=0.97)], "n", "t", "float32")
    assert "E up to 0.97. All of it is mathematics" in good
    rows = [gates.row(by_condition=[cell], max_scaled=0.97), gates.row(by_condition=[cell], max_scaled=14.9)]
    worse = condition.draw(rows, "n", "t", "float32")
    assert "mathematics" not in worse
    assert "E up to 14.9. E above 1, where the implementation adds error, in 0 of 1 dots" in worse
    assert "keeps conditioned: 0.9 ulp at κ 2, E 0.6" in worse


def test_what_a_figure_says_is_what_its_rows_say():
    """The largest E of the document, its weakest contract."""
    for subject, function, fmt in (("naive", "softmax", "float16"), ("max-shift", "logsumexp", "float32")):
        rows = [
            row for row in pages.measured().rows if (row.subject, row.function, row.format) == (subject, function, fmt)
        ]
        most = max(row.max_scaled for row in rows if isinstance(row.max_scaled, float))
        assert f"E up to {most:.3g}. E above 1, " in condition.draw(rows, "n", "t", fmt)


def test_an_unbounded_condition_has_an_edge_of_its_own():
    """A dot beyond every tick, and a sign for it."""
    plain, edge = _cell(4.0, (2.0, 1.5, 1.0, "faithful")), _cell(LARGEST, (LARGEST, 9.0, 1.0, "broken"))
    text = condition.draw([gates.row(by_condition=[plain, edge])], "n", "t", "float32")
    assert ">∞</text>" in text
    assert "κ unbounded" in text
    assert ">∞</text>" not in condition.draw([gates.row(by_condition=[plain])], "n", "t", "float32")


def test_a_place_has_the_largest_e_and_all_wrong_answers_of_its_families():
    """And a cross, whatever its E."""
    one = gates.row(by_place=[AtPlace(4, 1.0, 5, 3.0, 0), AtPlace(16, 0.0, 5, 0.5, 0)])
    two = gates.row(by_place=[AtPlace(4, 1.0, 5, 2.0, 7), AtPlace(64, 4.0, 0, 0.0, 0)])
    assert places.merged([one, two])[4, 1.0] == AtPlace(4, 1.0, 10, 3.0, 7)
    text = places.draw([one, two], "n", "t", "float32")
    digits = "".join(re.findall(r"<text [^>]*>([\d✗]+)</text>", text))
    assert "✗" in digits
    assert "wrong kind in 1, 7 in all" in text
    assert "2 cells: 1 at step 1, 1 at step 5" in text, "what was not scored is no cell"


@pytest.mark.parametrize(
    ("fmt", "spreads", "lengths"),
    [
        ("float16", (7.625, 17.33), (2048, 65520)),
        ("bfloat16", (5.541, 92.88), (256, 3.396e38)),
        ("float32", (16.64, 103.97), (2**24, 3.4028e38)),
        ("float8_e4m3fn", (2.712, 6.931), (16, 465)),
    ],
)
def test_edges_are_where_the_format_changes(fmt, spreads, lengths):
    """p ln 2 (less ln(1 + u)), ln(2/t); 2^p terms, and those whose number rounds to more than M."""
    found = places.edges(fmt)
    assert [edge.at for edge in found if edge.along == "spread"] == pytest.approx(spreads, rel=1e-3)
    assert [edge.at for edge in found if edge.along == "n"] == pytest.approx(lengths, rel=1e-3)


@pytest.mark.parametrize("fmt", [*formats.FORMATS.values()], ids=str)
def test_an_edge_parts_the_numbers_of_its_format(fmt):
    """Against exp rounded correctly, on the nearest numbers of the format to both sides, and against exact sums."""
    lost, underflows, sticks, overflows = (edge.at for edge in places.edges(str(fmt)))

    def exp(number):
        with localcontext(prec=60):
            return formats.rounded(fmt, Fraction((-Decimal(number)).exp()))

    def around(number):
        place = formats.locate(fmt, *Fraction(number).as_integer_ratio()).below
        # one more to each side in float64, which the edge is rounded to itself
        more = int(fmt.name == "float64")
        return formats.value(fmt, place - more), formats.value(fmt, place + 1 + more)

    less, more = around(lost)
    assert formats.rounded(fmt, 1 + Fraction(exp(less))) > 1
    assert formats.rounded(fmt, 1 + Fraction(exp(more))) == 1
    less, more = around(underflows)
    assert exp(less) > 0
    assert exp(more) == 0
    assert formats.rounded(fmt, int(sticks) + 1) == sticks
    assert formats.rounded(fmt, int(sticks) - 1) == sticks - 1
    assert formats.rounded(fmt, overflows - 1) == fmt.largest
    assert not math.isfinite(formats.rounded(fmt, overflows))


def test_edges_of_two_formats_are_those_of_the_wider_by_name():
    """Which fused kernels compute in; where neither is wider, nobody knows."""
    for pair, fmt in (("bfloat16:float32", "float32"), ("float32:float16", "float32")):
        assert places.edges(pair) == places.edges(fmt)
    assert places.edges("bfloat16:float16") == []
    cells = [AtPlace(4, 1.0, 5, 3.0, 0), AtPlace(4, 64.0, 5, 3.0, 0)]
    text = places.draw([gates.row(by_place=cells)], "n", "t", "bfloat16:float32")
    assert ">edges in float32</text>" in text
    assert "Edges in float32: spread 16.6: one smaller term is lost beside the largest" in text
    for fmt in ("float32", "bfloat16:float16"):
        assert "edges in" not in places.draw([gates.row(by_place=cells)], "n", "t", fmt)


def test_no_edge_is_said_to_be_what_only_an_entry_decides():
    """exp of an entry overflows, whatever the spread of its row."""
    assert not any("overflow" in edge.meaning for edge in places.edges("float32") if edge.along == "spread")


def test_the_last_column_has_no_upper_end():
    """All spreads above a quarter of what stands for them."""
    cells = [AtPlace(4, 1.0, 5, 3.0, 0), AtPlace(4, WIDEST, 5, 9.0, 0)]
    text = places.draw([gates.row(by_place=cells)], "n", "t", "float32")
    assert ">&gt;256k</text>" in text
    assert ">1M</text>" not in text
    assert "largest E 9, at n up to 4 and spread above 262,144" in text
    narrow = places.draw([gates.row(by_place=[*cells[:1], AtPlace(4, WIDEST / 4, 5, 9.0, 0)])], "n", "t", "float32")
    assert "&gt;256k" not in narrow
    assert "spread up to 2.62e+05" in narrow


def test_an_edge_is_drawn_only_where_the_map_reaches_it():
    """float16 sums of ones stick at 2,048; float32 ones far beyond what was asked."""
    cells = [AtPlace(4, 1.0, 5, 3.0, 0), AtPlace(4096, 64.0, 5, 3.0, 0)]
    sixteen = places.draw([gates.row(by_place=cells)], "n", "t", "float16")
    assert "n 2,048: a sum of ones, one by one, sticks" in sixteen
    assert "n 65,520" not in sixteen
    assert "sticks" not in places.draw([gates.row(by_place=cells)], "n", "t", "float32")


def test_bias_is_linear_to_an_ulp_and_keeps_its_sign():
    """So that half an ulp and a million both show."""
    assert [bias.squeezed(ulps) for ulps in (-0.5, 1.0, -10.0, 1000.0)] == [-0.5, 1.0, -2.0, 4.0]
    text = bias.draw([gates.row(mean_ulp=2.0, bias_ulp=-1.5)], "n", "t", "float32")
    assert "gap -1.5 of 2" in text


@pytest.mark.parametrize(
    ("scaled", "wrong", "number"),
    [(0.0, 0, 1), (1.0, 0, 1), (1.01, 0, 2), (8.0, 0, 2), (64.0, 0, 3), (1024.0, 0, 4), (1025.0, 0, 5),
     (0.5, 1, 5), (None, 3, 5), (math.nan, 0, 5), (math.inf, 0, 5)],
)  # fmt: skip
def test_the_scale_has_five_steps(scaled, wrong, number):
    """A wrong kind of answer is never better than the worst."""
    assert scale.step(scaled, wrong).number == number


def test_what_was_not_scored_is_on_no_step():
    """Absent is not good."""
    assert scale.step(None) is None
