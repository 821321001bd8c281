"""Documents made by hand and by measuring: what the page and its figures are tested on."""

import functools
from pathlib import Path

import msgspec

from lsecheck import check
from lsecheck.rows import SCHEMA, Document, Share, Specimen, Witness, from_json

HERE = Path(__file__).parent

#: what is measured
FORMATS = {"logsumexp": ("float16", "float32", "float64"), "softmax": ("float16", "float32")}
#: names that must come out as text
HOSTILE = (
    "<script>hacked = alert(1)</script>",
    '"><img src=x onerror="hacked = 1">',
    "a.py:f'\"&<>",
    "</style></title></svg>{{ 7 * 7 }}",
    "right\u202eto\u2066left:f\x00\ud800",
    "https://example.org/" + "n" * 300 + ":f",
)


@functools.cache
def measured() -> Document:
    """Two methods, two functions, three formats, on families that show something of everything."""
    families = ["gap", "specials", "tiny", "near-zero", "conduct", "wide", "equal", "long"]
    rows, verdicts = [], []
    for function, kinds in FORMATS.items():
        found = check(["naive", "max-shift"], function, formats=kinds, families=families, effort="quick")
        rows += found.rows
        verdicts += found.verdicts
    return Document(
        schema=SCHEMA,
        environment={"lsecheck": "0.1.0", "numpy": "2"},
        rows=rows,
        verdicts=verdicts,
        specimens=[specimen(row) for row in rows if isinstance(row.witness, Witness) and row.family == "gap"],
    )


def specimen(row, **more):
    """What a row's worst case might have been made into."""
    plain = dict(
        function=row.function, subject=row.subject, format=row.format, domain="contract", kind="inaccurate",
        expected=row.witness.truth, missed="conditioned", kept=str(row.contract), exact="1.9791745108372651372e-08",
        witness=row.witness, found=msgspec.structs.replace(row.witness, case="gap:0:99", n=1000),
        steps=[Share(step="subtract", ulps=0.0), Share(step="sum", ulps=-1.11e7), Share(step="add")], alike=["online"],
    )  # fmt: skip
    return Specimen(**(plain | more))


def document(name="") -> Document:
    """The measured one; the first subject called something else where a name is given."""
    whole = measured()
    if not name:
        return whole
    return renamed(whole, "naive", name)


def renamed(whole, old, new, **more):
    """Another name for a subject, wherever it stands; and for a family and an environment."""
    replace = msgspec.structs.replace

    def each(records, **also):
        return [replace(one, subject=new, **also) if one.subject == old else one for one in records]

    rows = [replace(row, family=new) if row.family == "tiny" else row for row in each(whole.rows, **more)]
    return replace(
        whole,
        rows=rows,
        verdicts=each(whole.verdicts, **more),
        specimens=each(whole.specimens),
        environment=whole.environment | {new: new},
    )


@functools.cache
def logits() -> Document:
    """Real logits, of one of the methods."""
    found = check(["max-shift"], formats=["float16", "float32"], families=["digits-mlp"], effort="quick")
    return Document(schema=SCHEMA, environment={}, rows=found.rows, verdicts=found.verdicts)


def older() -> Document:
    """What was measured before: one row better, one gone."""
    whole = measured()
    rows = [
        msgspec.structs.replace(row, max_scaled=0.5, contract="faithful") if row.family == "gap" else row
        for row in whole.rows[1:]
    ]
    return msgspec.structs.replace(whole, rows=rows, environment={"lsecheck": "0.0.9"})


def small() -> Document:
    """The committed one, for the golden page."""
    return from_json((HERE / "page.json").read_bytes())
