"""a certificate, some of its shards -> whether asking and judging them again gives what it says."""

import msgspec

from lsecheck.errors import InputError
from lsecheck.prove.asking import ready
from lsecheck.prove.certificate import digest_of
from lsecheck.prove.claim import Claim
from lsecheck.prove.shard import perform
from lsecheck.rows import Certificate, Document, from_json
from lsecheck.run import environment
from lsecheck.subjects.loading import PLAIN, Loading

#: of the environment: what answers may depend on
MACHINE = ("numpy", "numpy_simd", "ml_dtypes")


class Checked(msgspec.Struct, frozen=True):
    """A shard that was done again."""

    place: int
    answers: bool  #: they are what was certified
    truths: bool

    @property
    def same(self) -> bool:
        """All of it."""
        return self.answers and self.truths


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
    return Checked(place, again.answers == answers, again.truths == truths)


def moved(document: Document, loading: Loading = PLAIN) -> "list[str]":
    """What answers may depend on and is not as it was, in words."""
    subject = ready(claim_of(document, loading))
    now = environment([subject])
    names = [*MACHINE, f"subject {subject.name}"]
    return [
        f"{name.replace('_', ' ')} {document.environment.get(name, 'unknown')} then, {now.get(name, 'unknown')} now"
        for name in names
        if document.environment.get(name) != now.get(name)
    ]
