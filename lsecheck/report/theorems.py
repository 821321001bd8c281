"""certificates, a published bound's failures -> a page: which theorems hold of every case there is."""

from collections.abc import Sequence

import msgspec

from lsecheck.contracts import Contract
from lsecheck.report.words import sampled, short, table
from lsecheck.rows import Certificate, Document, Row

#: (function, method, the contract whose bound is proved of it)
THEOREMS = (
    ("logsumexp", "max-shift", Contract.SHIFTED),
    ("logsumexp", "log1p-shift", Contract.CONDITIONED),
    ("logsumexp", "online", Contract.SEQUENTIAL),
    ("logsumexp", "online-blocked", Contract.SEQUENTIAL),
    ("logsumexp", "pairwise", Contract.SEQUENTIAL),
    ("logsumexp", "logaddexp-fold", Contract.FOLDED),
    ("softmax", "max-shift", Contract.SHIFTED),
    ("softmax", "online", Contract.SEQUENTIAL),
    ("log_softmax", "max-shift", Contract.SHIFTED),
    ("log_softmax", "online", Contract.SEQUENTIAL),
    ("log_softmax", "log1p-shift", Contract.CONDITIONED),
)


class Published(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a published bound over the rows of a format."""

    format: str
    n: int
    cases: int = 0
    broken: int = 0  #: rows whose correctly rounded answer it rejects
    worst: float = 0.0  #: error / bound there
    witness: tuple[float, int, list[str]] | None = None  #: smallest: largest magnitude, index, entries in hex

    def joined(self, other: "Published") -> "Published":
        """Both together."""
        seen = [each for each in (self.witness, other.witness) if each is not None]
        return msgspec.structs.replace(
            self,
            cases=self.cases + other.cases,
            broken=self.broken + other.broken,
            worst=max(self.worst, other.worst),
            witness=min(seen, key=lambda each: each[:2], default=None),
        )


def hold(documents: Sequence[Document]) -> bool:
    """Whether every theorem has a certificate, and the bound holds in each of them."""
    found = [_about(documents, *theorem) for theorem in THEOREMS]
    return all(found) and all(_kept(row) for about in found for row, _ in about)


def _kept(row: Row) -> bool:
    return isinstance(row.max_excess, float) and row.max_excess <= 1


def page(documents: Sequence[Document], published: Sequence[Published]) -> str:
    """Markdown."""
    body = []
    for function, method, contract in THEOREMS:
        for row, certificate in _about(documents, function, method, contract):
            wrong = ", ".join(f"{kind} {count:,}" for kind, count in row.class_errors.items())
            body.append(
                (
                    function, f"`{method}`", f"`{contract}`", row.format, row.family, sampled(row),
                    f"{certificate.outputs:,}", short(row.max_excess), "holds" if _kept(row) else "**broken**",
                    wrong or "-",
                )
            )  # fmt: skip
    total = sum(certificate.outputs for certificate in _certificates(documents))
    lines = [
        "# Bounds over every case there is",
        "",
        "Written by `scripts/check_theorems.py` from the [certificates](certificates/index.md). The bounds and where",
        "they come from: [docs/numerics.md](../docs/numerics.md).",
        "",
        "## Ours",
        "",
        f"The largest error / bound of each contract, over every output of the method it is named after ({total:,}",
        "outputs in all certificates; rows of *strata* are a sample). A bound holds where that is at most 1. Class",
        "errors are no numbers and have no error: float8_e4m3fn has no infinity, so that a difference past 448 is nan",
        "there, and the bounds are of arithmetic that does not overflow.",
        "",
        table(
            ("function", "method", "bound", "format", "cases", "", "outputs", "error / bound", "", "class errors"), body
        ),
        "",
        "## A published one",
        "",
        "Blanchard, Higham & Higham (IMA J. Numer. Anal. 41(4), 2021), Theorem 4.2, bounds the error of the shifted",
        "evaluation by u |y + n - min x| to first order. It counts the rounding of the sum, of exp and of the",
        "subtraction, but not that of the last addition, which loses u |y| by itself. So it rejects even the",
        "*correctly rounded* answer, which no implementation can improve on:",
        "",
        table(
            ("format", "n", "rows", "correct answers rejected", "worst error / bound", "smallest such row"),
            [_rejected(each) for each in published],
        ),
        "",
        "Smallest: the largest magnitude in it is the smallest. Ours adds u |y| (and what underflow may lose).",
    ]
    return "\n".join(lines) + "\n"


def _certificates(documents: Sequence[Document]) -> "list[Certificate]":
    return [each.certificate for each in documents if isinstance(each.certificate, Certificate)]


def _about(
    documents: Sequence[Document], function: str, method: str, contract: Contract
) -> "list[tuple[Row, Certificate]]":
    found = [
        (document.rows[0], document.certificate)
        for document in documents
        if isinstance(document.certificate, Certificate)
        and (document.rows[0].function, document.rows[0].subject) == (function, method)
        and document.certificate.required == contract
    ]
    return sorted(found, key=lambda each: (each[0].format, each[0].n, each[1].cases))


def _rejected(each: Published) -> "tuple[str, ...]":
    share = f"{each.broken:,} ({100 * each.broken / each.cases:.2g} %)" if each.broken else "0"
    witness = "-"
    if each.witness is not None:
        numbers = ", ".join(f"{float.fromhex(text):g}" for text in each.witness[2])
        witness = f"[{numbers}] `{' '.join(each.witness[2])}`"
    return each.format, f"{each.n}", f"{each.cases:,}", share, short(each.worst or None), witness
