"""what matplotlib wrote -> a small SVG that serves light and dark, in a page and alone.

Only drawing is kept: no prolog, no metadata, no groups without effect. Colours become classes, whose
rules (`STYLE`) read the page's variables and have a colour of their own where there is no page.
"""

import re
from collections.abc import Iterator
from html import escape
from typing import NamedTuple
from xml.etree import ElementTree

#: role -> colour on white, and on black. All differ: a drawn colour stands for its role
COLOURS = {
    "ink": ("#1b1f24", "#e6e8eb"),
    "muted": ("#59626d", "#9aa4b0"),
    "rule": ("#dfe3e8", "#30363d"),
    "quiet": ("#b3bac3", "#5b646f"),
    "accent": ("#0b57a4", "#74b3f5"),
    "paper": ("#ffffff", "#14171a"),
    "band": ("#e3edf8", "#1c2b3c"),
    "s1": ("#eef3f9", "#1a222b"),
    "s2": ("#cfdff0", "#23405f"),
    "s3": ("#93b8de", "#31659b"),
    "s4": ("#2f6aab", "#5f9fe0"),
    "s5": ("#0a3f7a", "#c3defb"),
    "light": ("#fefefe", "#0d1014"),
}

_ROLES = {light: role for role, (light, _) in COLOURS.items()}
_SVG, _LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"

#: rules of every figure; a page that holds many has them once
STYLE = (
    ".lf{font:10.5px system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',Arial,sans-serif}"
    ".lf text{font-variant-numeric:tabular-nums}"
    # lines before fills: a mark may have both
    + "".join(
        f".lf .l-{role}{{fill:none;stroke:{light};stroke:var(--{role},{light})}}"
        for role, (light, _) in COLOURS.items()
    )
    + "".join(f".lf .f-{role}{{fill:{light};fill:var(--{role},{light})}}" for role, (light, _) in COLOURS.items())
)
#: and what they are set to where there is no page
_ALONE = (
    "@media(prefers-color-scheme:dark){:root{"
    + "".join(f"--{role}:{dark};" for role, (_, dark) in COLOURS.items())
    + "}}"
)
ELEMENT = f"<style>{STYLE}{_ALONE}</style>"


class _Drawn(NamedTuple):
    """One element, with what it shares with its neighbours apart from what is its own."""

    shared: str
    own: str


def tidy(text: str, prefix: str, title: str, description: str) -> str:
    """The figure as one line a group; `prefix` makes its ids unique in a page."""
    root = ElementTree.fromstring(text)
    width, height = root.attrib["viewBox"].split()[2:]
    names: dict[str, str] = {}
    definitions = [
        f'<path id="{_named(names, prefix, each.attrib["id"])}" d="{_path(each.attrib["d"])}"/>'
        for each in root.iter(f"{_SVG}path")
        if "id" in each.attrib
    ]
    body = _grouped(_merged(_elements(root, names)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="lf" role="img" viewBox="0 0 {_short(width)} {_short(height)}"'
        f' aria-labelledby="{prefix}t {prefix}d"><title id="{prefix}t">{escape(title)}</title>'
        f'<desc id="{prefix}d">{escape(description)}</desc>{ELEMENT}'
        + (f"<defs>{''.join(definitions)}</defs>" if definitions else "")
        + f"{body}</svg>\n"
    )


def _elements(root: ElementTree.Element, names: "dict[str, str]") -> Iterator[_Drawn]:
    for each in root.iter():
        style = dict(
            (key.strip(), value.strip())
            for key, _, value in (part.partition(":") for part in each.attrib.get("style", "").split(";"))
            if value
        )
        if each.tag == f"{_SVG}use":
            link = names[each.attrib[_LINK].removeprefix("#")]
            place = f'x="{_short(each.attrib["x"])}" y="{_short(each.attrib["y"])}"'
            yield _Drawn(_look(style), f'<use href="#{link}" {place}/>')
        elif each.tag == f"{_SVG}path" and "id" not in each.attrib:
            yield _Drawn(_look(style), f'<path d="{_path(each.attrib["d"])}"/>')
        elif each.tag == f"{_SVG}text" and each.text:
            yield _Drawn(*_text(each, style))


def _text(each: ElementTree.Element, style: "dict[str, str]") -> tuple[str, str]:
    look = _look({"fill": style.get("fill", "#000000")})
    anchor = style.get("text-anchor", "start")
    look += f' text-anchor="{anchor}"' if anchor != "start" else ""
    if "font-weight" in style or " bold" in style.get("font", ""):
        look += ' font-weight="600"'
    x, y = _short(each.attrib.get("x", "0")), _short(each.attrib.get("y", "0"))
    return look, f'<text x="{x}" y="{y}">{escape(each.text or "")}</text>'


def _look(style: "dict[str, str]") -> str:
    """What is drawn with which role, as classes; the rest as attributes."""
    classes, rest = [], ""
    stroke = _ROLES.get(style.get("stroke", "none"))
    fill = style.get("fill", "#000000")
    if stroke:
        classes.append(f"l-{stroke}")
        rest += f' stroke-width="{_short(style.get("stroke-width", "1"), 2)}"'
        if "stroke-dasharray" in style and style["stroke-dasharray"] != "none":
            rest += f' stroke-dasharray="{" ".join(_short(part) for part in style["stroke-dasharray"].split(","))}"'
        if style.get("stroke-linejoin") == "round":
            rest += ' stroke-linejoin="round"'
    if fill in _ROLES and fill != COLOURS["ink"][0]:
        classes.append(f"f-{_ROLES[fill]}")
    elif fill in _ROLES:
        classes += ["f-ink"]
    return f'class="{" ".join(classes)}"{rest}' if classes else rest.strip()


def _merged(drawn: "Iterator[_Drawn]") -> Iterator[_Drawn]:
    """Paths that look alike in one; single characters on one line in one text with a place for each."""
    held: "_Drawn | None" = None
    for each in drawn:
        if held is not None and held.shared == each.shared:
            joined = _joined(held.own, each.own)
            if joined:
                held = _Drawn(held.shared, joined)
                continue
        if held is not None:
            yield held
        held = each
    if held is not None:
        yield held


def _joined(first: str, second: str) -> str:
    """One element for two, or '' where that would draw something else."""
    if first.startswith('<path d="') and second.startswith('<path d="'):
        return first.removesuffix('"/>') + second.removeprefix('<path d="')
    held, added = _RUN.fullmatch(first), _RUN.fullmatch(second)
    if held is None or added is None or held[2] != added[2] or len(added[3]) != 1:
        return ""
    placed = len(held[3]) == len(held[1].split())
    return f'<text x="{held[1]} {added[1]}" y="{held[2]}">{held[3]}{added[3]}</text>' if placed else ""


#: single characters, each with its own place
_RUN = re.compile(r'<text x="([\d. ]+)" y="([\d.]+)">([\dx✗]+)</text>')


def _grouped(drawn: "Iterator[_Drawn]") -> str:
    parts: list[str] = []
    groups: list[tuple[str, list[str]]] = []
    for each in drawn:
        if groups and groups[-1][0] == each.shared:
            groups[-1][1].append(each.own)
        else:
            groups.append((each.shared, [each.own]))
    for shared, own in groups:
        if len(own) == 1:
            first, space, rest = own[0].partition(" ")
            parts.append(f"{first} {shared}{space}{rest}" if shared else own[0])
        else:
            parts.append(f"<g {shared}>{''.join(own)}</g>" if shared else "".join(own))
    return "".join(parts)


def _named(names: "dict[str, str]", prefix: str, given: str) -> str:
    return names.setdefault(given, f"{prefix}{len(names)}")


def _path(given: str) -> str:
    """Relative to nothing, to a tenth of a pixel."""
    numbers = re.sub(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", lambda found: _short(found[0]), given)
    return re.sub(r"\s*([MLQCzZ])\s*", r"\1", numbers.replace("\n", " ")).strip()


def _short(number: str, digits: int = 1) -> str:
    text = f"{float(number.removesuffix('pt').removesuffix('px')):.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
