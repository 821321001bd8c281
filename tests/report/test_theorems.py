"""The page of theorems: what holds is said to, and what nobody certified is not."""

from pathlib import Path

import msgspec
import pytest

from lsecheck.report import readme, theorems
from lsecheck.rows import from_json

FOLDER = Path(__file__).resolve().parents[2] / "reports" / "certificates"
#: the small ones: each theorem has one
DOCUMENTS = [from_json(path.read_bytes(), path.name) for path in sorted(FOLDER.glob("*float8_e5m2_every-3*.json"))]


def broken(place):
    """All of them, one with an error twice its bound."""
    one = DOCUMENTS[place]
    row = msgspec.structs.replace(one.rows[0], max_excess=2.0)
    return [*DOCUMENTS[:place], msgspec.structs.replace(one, rows=[row]), *DOCUMENTS[place + 1 :]]


def of_a_theorem():
    """Places of the documents that a theorem is about."""
    return [
        place
        for place, one in enumerate(DOCUMENTS)
        if (one.rows[0].function, one.rows[0].subject, one.certificate.required) in theorems.THEOREMS
    ]


def test_all_bounds_hold_of_what_was_certified():
    """Every theorem has a certificate here."""
    assert theorems.hold(DOCUMENTS)
    assert len(of_a_theorem()) >= len(theorems.THEOREMS)


@pytest.mark.parametrize("place", of_a_theorem())
def test_one_error_past_its_bound_is_enough(place):
    """In the page, and in what the README says of it."""
    assert not theorems.hold(broken(place))
    assert "**broken**" in theorems.page(broken(place), [])
    assert "not every bound holds" in readme._certificates(broken(place))
    assert "not every bound holds" not in readme._certificates(DOCUMENTS)


def test_a_theorem_without_a_certificate_does_not_hold():
    """Nobody has looked."""
    assert not theorems.hold([])
    assert not theorems.hold([one for one in DOCUMENTS if one.rows[0].subject != "pairwise"])


def test_what_was_sampled_or_ordered_is_no_line_of_every_pair():
    """The README's table is of exhaustive pairs alone."""
    (one,) = (from_json(path.read_bytes(), path.name) for path in FOLDER.glob("naive_logsumexp_float16_every-2.json"))
    assert "| float16 | `naive` |" in readme._certificates([one])
    for fields in ({"exhaustive": False}, {"family": "every-2-ordered"}):
        row = msgspec.structs.replace(one.rows[0], **fields)
        assert "| float16 | `naive` |" not in readme._certificates([msgspec.structs.replace(one, rows=[row])])
