"""a claim, its evidence -> a document: row, verdict and certificate, the same bytes whoever did the work."""

import hashlib
import math
import sys
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import msgspec
import numpy as np

from lsecheck.contracts import LADDER
from lsecheck.errors import SubjectError
from lsecheck.gate.verdicts import judge
from lsecheck.prove.asking import Asking, alone, ready
from lsecheck.prove.claim import Claim
from lsecheck.prove.evidence import GRAIN, Evidence, Noted, Worst, contract, kinds, of_domains, tiers, unasked
from lsecheck.prove.identity import surroundings
from lsecheck.prove.shard import Gathered
from lsecheck.rows import (
    ABSENT,
    INACCURATE,
    SCHEMA,
    UNCONVENTIONAL,
    Certificate,
    Document,
    Finding,
    Row,
    Witness,
)
from lsecheck.tally import witness


def document(claim: Claim, found: Gathered) -> Document:
    """Of a claim all of whose shards are there."""
    whole = found.evidence
    certificate = _certificate(claim, found)
    row = _row(claim, whole, certificate)
    return Document(
        schema=SCHEMA,
        environment=surroundings(claim),
        rows=[row],
        verdicts=judge([row], claim.contract),
        certificate=certificate,
    )


def _row(claim: Claim, whole: Evidence, certificate: Certificate) -> Row:
    subject, space, kept = ready(claim), claim.space, contract(whole)
    return Row(
        function=claim.function,
        subject=subject.name,
        format=str(claim.pair),
        family=space.name,
        n=(claim.n, claim.n),
        cases=whole.cases,
        exhaustive=claim.sample is None and whole.cases == space.count and not unasked(whole),
        class_errors=kinds(whole),
        contract=ABSENT if kept is None else str(kept),
        tiers=tiers(whole),
        domains=of_domains(whole),
        witness=_weakest(claim, whole),
        inputs_sha256=hashlib.sha256(
            f"{claim.pair.input}:{space.name}:{space.seed}:{space.count}".encode()
        ).hexdigest(),
        answers_sha256=certificate.answers_sha256,
        options=subject.options,
        findings=[_finding(claim, key, noted) for key, noted in whole.findings.items()],
        conventions=whole.conventions,
        **figures(whole),
    )


def figures(whole: Evidence) -> "dict[str, Any]":
    """The fields of a row that only outputs with a number have."""
    if not whole.scored:
        return {}
    return {
        "max_ulp": whole.worst["ulp"].value,
        "max_scaled": whole.worst["scaled"].value,
        "max_excess": whole.worst["excess"].value,
        "mean_ulp": _mean(whole.sum_ulp, whole.scored),
        "bias_ulp": _mean(whole.sum_signed, whole.scored),
        "correctly_rounded": whole.correct / whole.scored,
        "histogram": _histogram(whole.ulp),
    }


def _certificate(claim: Claim, found: Gathered) -> Certificate:
    space, whole = claim.space, found.evidence
    shards = [found.digests[place] for place in range(claim.shards)]
    return Certificate(
        cases=space.name,
        entries=space.entries,
        count=space.count,
        of=space.of,
        ordered=claim.ordered,
        specials=claim.specials,
        draws=ABSENT if claim.sample is None else claim.sample,
        seed=ABSENT if claim.sample is None else claim.seed,
        required=claim.required,
        outputs=whole.scored,
        correct=whole.correct,
        mean_grain=GRAIN,
        contracts={str(LADDER[rung]): count for rung, count in whole.rungs.items()},
        histogram_scaled=_histogram(whole.scaled),
        worst={name: _at(claim, worst) for name, worst in whole.worst.items()},
        answers_sha256=digest_of(answers for answers, _ in shards),
        truths_sha256=digest_of(truths for _, truths in shards),
        shard=claim.shard,
        shards=shards,
    )


def digest_of(parts: Iterable[str]) -> str:
    """Of the digests of all shards."""
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def _mean(total: int, outputs: int) -> float:
    """In ulps. By way of a fraction: a sum of errors of float64 in units of GRAIN may be beyond its largest."""
    return float(Fraction(total, outputs) * Fraction(GRAIN))


def _histogram(counts: "dict[int, int]") -> "list[tuple[float, int]]":
    return [(math.ldexp(1.0, power) if power < 1024 else sys.float_info.max, count) for power, count in counts.items()]


def _at(claim: Claim, where: "Worst | Noted", kind: str = "") -> Witness:
    """A case as evidence: its slab asked and measured again, and must say what it said.

    `kind`: of what is held against it, where that is known; '' for any wrong kind of an answer.
    """
    asked, row = alone(claim, where.index)
    seen = witness(asked, row, where.output)
    trouble = str(asked.answers.trouble[row])
    if isinstance(where, Worst):
        same = where.value in (seen.ulp, seen.scaled, asked.errors.excess[row, where.output])
    elif kind in (INACCURATE, UNCONVENTIONAL):
        same = not trouble
    else:
        now = trouble or str(asked.errors.kind[row, where.output])
        same = now == kind if kind else now != ""
    if not same:
        raise SubjectError(
            f"{claim.subject} answered {seen.case} otherwise when it was asked again: what it says once certifies"
            " nothing"
        )
    if trouble:  # a slab has one message: that of the row is what it says alone
        said = Asking(claim).answers(asked.batch.some(np.array([row])))
        message = said.message if str(said.trouble[0]) == trouble else asked.answers.message
        seen = msgspec.structs.replace(seen, message=message)
    return seen


def _weakest(claim: Claim, whole: Evidence) -> Witness:
    """The case that counts against the contract."""
    if whole.broken is not None:
        return _at(claim, whole.broken)
    return ABSENT if whole.weakest is None else _at(claim, whole.weakest)  # type: ignore[return-value]


def _finding(claim: Claim, key: str, noted: Noted) -> Finding:
    domain, kind, expected = key.split("|")
    seen = _at(claim, noted, kind)
    message = seen.message if isinstance(seen.message, str) else ""
    return Finding(domain=domain, kind=kind, expected=expected, count=noted.count, witness=seen, message=message)
