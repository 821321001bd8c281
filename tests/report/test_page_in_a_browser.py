"""The page in a real chromium: what no parser sees. Skipped, visibly, where there is none."""

import base64
import functools
import itertools
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from lsecheck.report import figures, page
from lsecheck.report.page import board
from lsecheck.rows import from_json
from report.pages import HOSTILE, document, logits, older, renamed

webdriver = pytest.importorskip(
    "selenium.webdriver", reason="needs selenium: pip install 'lsecheck[browser]'", exc_type=ImportError
)
ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs a browser: apt-get install chromium chromium-driver"),
    # selenium leaves sockets to be collected
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

SIZES = {"desk": (1280, 800), "phone": (390, 844)}
SCHEMES = ("light", "dark")
BOTH = [*itertools.product(SIZES, SCHEMES)]


@pytest.fixture(scope="module", params=["report", "leaderboard"])
def place(request, tmp_path_factory):
    """A page with all there is on it, hostile names and figures included; and the committed leaderboard."""
    folder = tmp_path_factory.mktemp("page")
    if request.param == "leaderboard":
        found = from_json((ROOT / "reports" / "leaderboard.json").read_bytes())
        path = folder / "leaderboard.html"
        path.write_text(board.render(found, board.draw(found)), "utf-8", newline="")
        return path.as_uri()
    whole = renamed(document(HOSTILE[0]), "max-shift", HOSTILE[-1])
    drawn = figures.draw(whole)
    path = folder / "report.html"
    path.write_text(page.render(whole, logits=logits(), older=older(), figures=drawn), "utf-8", newline="")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser():
    """One chromium for all tests here, its profile and all it writes gone afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for word in (
            "headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
            "disable-component-update", "disable-sync", "hide-scrollbars", f"user-data-dir={profile}",
        ):  # fmt: skip
            options.add_argument(f"--{word}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        try:
            yield driver
        finally:
            driver.quit()


@pytest.fixture
def opened(browser, place):
    """Opens the page at a size and in a scheme; everything is as it was afterwards."""

    def opens(size="desk", scheme="light", scripts=True):
        width, height = SIZES[size]
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        browser.get_log("browser"), browser.get_log("performance")
        browser.get(place)
        return functools.partial(_evaluated, browser)

    yield opens
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def _evaluated(browser, script):
    return browser.execute_script(f"return (function () {{ {script} }})()")


OPENED = "document.querySelectorAll('details').forEach(each => each.open = true);"


@pytest.mark.parametrize(("size", "scheme"), BOTH)
def test_the_page_never_scrolls_sideways(opened, size, scheme):
    """Nor does any table in its box; open or closed."""
    asked = opened(size, scheme)
    for first in ("", OPENED):
        wider = asked(
            first + "return [document.scrollingElement, ...document.querySelectorAll('.wide')]"
            ".filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.ariaLabel)"
        )
        assert wider == []


def test_on_a_phone_every_cell_of_a_table_says_what_it_is(opened):
    """There are no columns then: their heads stand before each cell, where they have any words."""
    mute = opened("phone")(
        OPENED
        + """
        return [...document.querySelectorAll('tbody td')]
            .filter(each => !(getComputedStyle(each, '::before').content.replace(/["\\s]/g, '')))
            .map(each => each.outerHTML.slice(0, 100))"""
    )
    assert [
        cell for cell in mute if not cell.startswith(('<td class="long"><a href="findings/', '<td data-l=""'))
    ] == []


def test_the_heads_of_a_phone_are_those_of_the_columns(opened):
    """Cell by cell."""
    wrong = opened("phone")(
        OPENED
        + """
        const wrong = [];
        for (const table of document.querySelectorAll('table')) {
            const heads = [...table.tHead.rows[0].cells].map(each => each.textContent);
            for (const cell of table.querySelectorAll('tbody td')) {
                const said = getComputedStyle(cell, '::before').content.replaceAll('"', '').trim();
                if (said && said !== heads[cell.cellIndex]) wrong.push([said, heads[cell.cellIndex]]);
            }
        }
        return wrong"""
    )
    assert wrong == []


@pytest.mark.parametrize(("size", "scheme"), BOTH)
def test_nothing_reaches_out_of_the_window_but_in_a_box_that_scrolls(opened, size, scheme):
    """What is clipped is as lost as what overlaps."""
    out = opened(size, scheme)(
        OPENED
        + """
        const out = [];
        for (const each of document.querySelectorAll('body *:not(.said):not(.skip):not(caption)')) {
            if (each.closest('.wide') && !each.matches('.wide')) continue;
            const box = each.getBoundingClientRect();
            if (box.width && (box.right > innerWidth + 1 || box.left < -1)) out.push(each.outerHTML.slice(0, 100));
        }
        return out"""
    )
    assert out == []


#: boxes of text that overlap another's, in the same group
OVERLAPS = """
    const told = [];
    function boxes(root, chosen) {
        return [...root.querySelectorAll(chosen)].flatMap(each => [...each.getClientRects()].map(box => [each, box]));
    }
    function apart(list) {
        for (let i = 0; i < list.length; i++) for (let j = i + 1; j < list.length; j++) {
            const [a, p] = list[i], [b, q] = list[j];
            if (a.contains(b) || b.contains(a)) continue;
            const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left);
            const high = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
            if (wide > SIDE && high > DEEP) told.push(a.textContent.slice(0, 60) + ' | ' + b.textContent.slice(0, 60));
        }
    }
"""


@pytest.mark.parametrize(("size", "scheme"), BOTH)
def test_no_words_overlap_in_a_figure(opened, size, scheme):
    """Labels of ticks, legends, edges. Boxes of text are taller than its letters: a third may overlap."""
    script = OVERLAPS.replace("SIDE", "1").replace("DEEP", "4")
    found = opened(size, scheme)(
        OPENED
        + script
        # rows of digits are one element with many places: a rectangle a letter
        + """
        for (const svg of document.querySelectorAll('svg')) {
            const list = [];
            for (const text of svg.querySelectorAll('text')) {
                const many = (text.getAttribute('x') || '').includes(' ');
                if (!many) { list.push([text, text.getBoundingClientRect()]); continue; }
                const matrix = text.getScreenCTM();
                for (let i = 0; i < text.getNumberOfChars(); i++) {
                    const box = text.getExtentOfChar(i);
                    const start = new DOMPoint(box.x, box.y).matrixTransform(matrix);
                    const end = new DOMPoint(box.x + box.width, box.y + box.height).matrixTransform(matrix);
                    const piece = document.createElement('i');
                    piece.textContent = text.textContent[i];
                    list.push([piece, new DOMRect(start.x, start.y, end.x - start.x, end.y - start.y)]);
                }
            }
            apart(list);
        }
        return told"""
    )
    assert found == []


@pytest.mark.parametrize(("size", "scheme"), BOTH)
def test_no_words_leave_their_figure(opened, size, scheme):
    """A label cut at the edge of its panel is no label; names of families may be long."""
    out = opened(size, scheme)(
        """
        const out = [];
        for (const svg of document.querySelectorAll('svg')) {
            const frame = svg.getBoundingClientRect();
            for (const text of svg.querySelectorAll('text')) {
                const box = text.getBoundingClientRect();
                if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 2)
                    out.push(text.textContent);
            }
        }
        return out"""
    )
    assert out == []


@pytest.mark.parametrize(
    "group", [".matrix td, .matrix th", "article, .facts dd, .facts dt", "nav li", "h1, h2, h3, h4, h5, h6, p"]
)
@pytest.mark.parametrize("size", SIZES)
def test_no_boxes_overlap_among_siblings(opened, size, group):
    """Cells of the matrix, cards, links of the contents, headings."""
    script = OVERLAPS.replace("SIDE", "1").replace("DEEP", "1")
    found = opened(size)(OPENED + script + f"apart(boxes(document, '{group}')); return told")
    assert found == []


def test_the_console_stays_empty(opened, browser):
    """No error, no refused source, no warning."""
    opened()
    assert browser.get_log("browser") == []


def test_nothing_is_asked_of_the_network(opened, browser):
    """One document, and nothing else."""
    asked = opened()
    assert asked("return performance.getEntriesByType('resource').map(each => each.name)") == []
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert [url for url in urls if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in urls if url.startswith("file:")]) == 1


@pytest.mark.parametrize("place", ["report"], indirect=True)
def test_scripts_of_a_hostile_name_do_not_run(opened):
    """They are text, and the policy would stop them."""
    asked = opened()
    assert asked("return [document.scripts.length, typeof hacked, document.images.length]") == [1, "undefined", 0]
    assert HOSTILE[0][:12] in asked("return document.body.textContent")


def test_with_scripts_off_every_word_is_there(opened, browser):
    """The buttons are all that is missing."""
    words = "document.querySelectorAll('.cmd button').forEach(each => each.remove()); return document.body.textContent"
    on = opened()(words)
    opened(scripts=False)
    tree = browser.execute_cdp_cmd("DOM.getDocument", {"depth": -1})
    body = _find(tree["root"], "BODY")
    assert not _named(body, "BUTTON")
    # blank text between elements is left out of a tree
    assert "".join(_text(body).split()) == "".join(on.split())


def _find(node, name):
    if node["nodeName"] == name:
        return node
    return next(filter(None, (_find(child, name) for child in node.get("children", []))), None)


def _named(node, name):
    return (node["nodeName"] == name) + sum(_named(child, name) for child in node.get("children", []))


def _text(node):
    own = node["nodeValue"] if node["nodeType"] == 3 else ""
    return own + "".join(_text(child) for child in node.get("children", []))


def test_the_keyboard_reaches_links_regions_details_and_buttons_and_shows_where_it_is(opened, browser):
    """Tab goes through all that can be used, each with an outline that is seen."""
    asked = opened()
    wanted = asked(
        "return [...document.querySelectorAll('a[href], button, summary, [tabindex=\"0\"]')]"
        ".filter(each => each.getClientRects().length)"
        ".filter(each => !each.closest('details:not([open])') || each.matches('summary'))"
        ".map((each, place) => { each.dataset.place = place; return place })"
    )
    from selenium.webdriver import ActionChains, Keys

    seen = []
    for _ in wanted:
        ActionChains(browser).send_keys(Keys.TAB).perform()
        place, outline = asked(
            "const e = document.activeElement, s = getComputedStyle(e);"
            "return [Number(e.dataset.place), s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2]"
        )
        assert outline, f"the focus is not seen on {asked('return document.activeElement.outerHTML.slice(0, 80)')}"
        seen.append(place)
    assert seen == wanted


def test_every_link_leads_to_a_part_of_the_page(opened):
    """There is nowhere else to go."""
    lost = opened()(
        "return [...document.querySelectorAll('a')].map(each => each.getAttribute('href'))"
        ".filter(link => !link.startsWith('#') || !document.getElementById(decodeURIComponent(link.slice(1))))"
    )
    # the leaderboard's drafts lie beside it
    assert [link for link in lost if not (ROOT / "reports" / link).is_file()] == []


def test_a_button_copies_its_command_and_says_so(opened, browser):
    """Announced where a screen reader hears it."""
    asked = opened()
    browser.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    )
    code = asked("window.copied = null; navigator.clipboard.writeText = async text => { window.copied = text };"
                 "const box = document.querySelector('.cmd'); box.querySelector('button').click();"
                 "return box.querySelector('code').textContent")  # fmt: skip
    assert browser.execute_async_script(
        "const done = arguments[0], said = document.getElementById('said');"
        "setTimeout(() => done([window.copied, said.textContent]), 50)"
    ) == [code, "copied"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_stands_out_from_its_ground(opened, scheme):
    """4.5 to 1 at least, computed from what the browser computed; in figures against the shade below the digit."""
    poor = opened("desk", scheme)(
        OPENED
        + """
        function light(colour) {
            const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(part => {
                const share = part / 255;
                return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        }
        function ratio(a, b) {
            const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
            return (high + 0.05) / (low + 0.05);
        }
        function ground(each) {
            for (; each; each = each.parentElement) {
                const colour = getComputedStyle(each).backgroundColor;
                if (!/rgba\\(.*, 0\\)|transparent/.test(colour)) return colour;
            }
            return 'rgb(255, 255, 255)';
        }
        const poor = [];
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const each = walker.currentNode.parentElement;
            if (!walker.currentNode.textContent.trim() || !each.getClientRects().length) continue;
            if (each.closest('svg') || each.closest('script')) continue;
            const found = ratio(getComputedStyle(each).color, ground(each));
            if (!(found >= 4.5)) poor.push([each.outerHTML.slice(0, 80), found]);
        }
        const shades = {};
        for (const name of ['paper', 's1', 's2', 's3', 's4', 's5', 'ink', 'muted', 'light']) {
            const probe = document.createElement('i');
            probe.style.color = `var(--${name})`;
            document.body.append(probe);
            shades[name] = getComputedStyle(probe).color;
        }
        const pairs = [['ink', 'paper'], ['muted', 'paper'], ['ink', 's1'], ['ink', 's2'], ['ink', 's3'],
                       ['light', 's4'], ['light', 's5']];
        for (const [a, b] of pairs) {
            const found = ratio(shades[a], shades[b]);
            if (!(found >= 4.5)) poor.push([a + ' on ' + b, found]);
        }
        for (const text of document.querySelectorAll('svg text')) {
            const fill = getComputedStyle(text).fill;
            if (!Object.values(shades).includes(fill)) poor.push(['svg text in ' + fill, 0]);
        }
        return poor"""
    )
    assert poor == []


@pytest.mark.parametrize("place", ["report"], indirect=True)
def test_it_prints_with_the_tables_open(opened, browser):
    """To PDF, in light colours whatever the screen has; closed details are on paper too."""
    asked = opened("desk", "dark")
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": dark})
    try:
        assert asked("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert asked("return document.querySelectorAll('details:not([open]) table').length") > 0
        assert (
            asked("return [...document.querySelectorAll('table')].filter(each => !each.checkVisibility()).length") == 0
        )
        printed = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": False})["data"])
        assert printed.startswith(b"%PDF-")
        assert len(printed) > 20_000
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_screenshots(opened, browser):
    """For people: LSECHECK_SCREENSHOTS names a folder, else there is nothing to see."""
    folder = os.environ.get("LSECHECK_SCREENSHOTS")
    if not folder:
        pytest.skip("set LSECHECK_SCREENSHOTS=FOLDER to have them")
    for size, scheme in itertools.product(SIZES, SCHEMES):
        height = opened(size, scheme)("return document.documentElement.scrollHeight")
        clip = {"x": 0, "y": 0, "width": SIZES[size][0], "height": height, "scale": 1}
        taken = browser.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
        Path(folder, f"{size}-{scheme}.png").write_bytes(base64.b64decode(taken["data"]))
