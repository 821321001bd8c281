"""a certificate, some of its shards -> whether asking and judging them again gives what it says."""

import msgspec

from lsecheck.contracts import Contract
from lsecheck.errors import InputError
from lsecheck.prove.asking import ready
from lsecheck.prove.certificate import digest_of, figures
from lsecheck.prove.claim import Claim
from lsecheck.prove.evidence import contract, kinds
from lsecheck.prove.identity import surroundings
from lsecheck.prove.shard import Judged, perform
from lsecheck.rows import ABSENT, Certificate, Document, Row, from_json
from lsecheck.subjects.loading import PLAIN, Loading

#: of the environment: what answers may depend on
MACHINE = ("numpy", "numpy_simd", "ml_dtypes")


class Checked(msgspec.Struct, frozen=True):
    """A shard that was done again."""

    place: int
    answers: bool  #: they are what was certified
    truths: bool
    figures: bool  #: what follows from both is within what was certified of all shards together

    @property
    def same(self) -> bool:
        """All of it."""
        return self.answers and self.truths and self.figures


def read(text: "str | bytes", name: str = "the file") -> Document:
    """A certificate read back; `InputError` for any other file."""
    document = from_json(text, name)
    if not isinstance(document.certificate, Certificate):
        raise InputError(f"{name} has no certificate: 'lsecheck prove' writes one")
    if not document.certificate.shards or len(document.rows) != 1:
        raise InputError(f"{name} is no whole certificate")
    kept = document.certificate
    answers, truths = zip(*kept.shards, strict=True)
    if (digest_of(answers), digest_of(truths)) != (kept.answers_sha256, kept.truths_sha256):
        raise InputError(f"{name} was changed: its digests are not those of its shards")
    counts = dict(document.rows[0].histogram), dict(kept.histogram_scaled), kept.contracts
    if any(sum(held.values()) != kept.outputs for held in counts):
        raise InputError(f"{name} was changed: its counts do not add up to its outputs")
    return document


def claim_of(document: Document, loading: Loading = PLAIN) -> Claim:
    """What was certified; `loading` as it was said then (the document has the words)."""
    row, certificate = document.rows[0], document.certificate
    assert isinstance(certificate, Certificate)
    claim = Claim(
        row.subject,
        row.function,
        row.format,
        row.n[0],
        certificate.ordered,
        certificate.specials,
        certificate.draws if isinstance(certificate.draws, int) else None,
        certificate.seed if isinstance(certificate.seed, int) else 0,
        certificate.required,
        loading,
    )
    if loading.options != row.options:
        raise InputError(f"{row.subject} was certified with {row.options or 'no options'}: say the same")
    if (claim.space.count, claim.shard, claim.shards) != (
        certificate.count,
        certificate.shard,
        len(certificate.shards),
    ):
        raise InputError(f"the certificate of {row.subject} has other cases or shards than this lsecheck: make it anew")
    return claim


def verify(document: Document, place: int, loading: Loading = PLAIN) -> Checked:
    """Do a shard again."""
    claim = claim_of(document, loading)
    assert isinstance(document.certificate, Certificate)
    if not 0 <= place < claim.shards:
        raise InputError(f"there is no shard {place}: the certificate has shards 0 to {claim.shards - 1}")
    again = perform(claim, place)
    answers, truths = document.certificate.shards[place]
    within = _within(claim, again, document.rows[0])
    return Checked(place, again.answers == answers, again.truths == truths, within)


def _within(claim: Claim, again: Judged, whole: Row) -> bool:
    """No more of anything in a shard than in all of them; in an only one just as much."""
    mine, wrong, kept = figures(again.evidence), kinds(again.evidence), contract(again.evidence)
    if claim.shards == 1:
        same = all(getattr(whole, name) == said for name, said in mine.items()) and wrong == whole.class_errors
        return same and whole.contract == (ABSENT if kept is None else str(kept))
    maxima = [name for name in ("max_ulp", "max_scaled", "max_excess") if name in mine]
    held = dict(whole.histogram)
    return (
        (kept is None or (isinstance(whole.contract, str) and kept.keeps(Contract(whole.contract))))
        and all(mine[name] <= getattr(whole, name) for name in maxima)
        and all(count <= held.get(edge, 0) for edge, count in mine.get("histogram", []))
        and all(count <= whole.class_errors.get(kind, 0) for kind, count in wrong.items())
    )


def moved(document: Document, loading: Loading = PLAIN) -> "list[str]":
    """What answers may depend on and is not as it was, in words."""
    subject = ready(claim_of(document, loading))
    now = surroundings(claim_of(document, loading))
    names = [*MACHINE, f"subject {subject.name}", f"subject {subject.name} sha256"]
    return [
        f"{name} {document.environment.get(name, 'unknown')} then, {now.get(name, 'unknown')} now"
        for name in names
        if document.environment.get(name) != now.get(name)
    ]
