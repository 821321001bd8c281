"""The slow twin of `fold`: one output after the other, in plain Python, over `lsecheck.measure`."""

import math
from collections import Counter
from fractions import Fraction

from lsecheck import formats
from lsecheck.contracts import LADDER, Contract
from lsecheck.measure import measure
from lsecheck.oracle.truth import TIERS, certify
from lsecheck.prove.evidence import GRAIN
from lsecheck.subjects import load
from lsecheck.subjects.subject import ask


def bucket(number):
    """Smallest k >= -1 with number <= 2^k."""
    half, k = math.frexp(number)
    return max(k - (half == 0.5), -1) if number else -1


def grains(number):
    """Of an error, to the nearest unit."""
    return round(Fraction(number) / Fraction(GRAIN))


def looped(claim, start=0, stop=None):
    """What is to be known of these cases, as a dictionary."""
    space = claim.space
    batch = space.batch(start, space.count if stop is None else stop)
    subject = load(claim.subject, claim.loading)
    said = ask(subject, claim.defined, batch.values, claim.pair, batch.labels)
    x = formats.cast(batch.values, claim.pair.input)
    y = formats.cast(said.values, claim.pair.output)
    found = measure(claim.function, x, y, labels=batch.labels, require=claim.required)
    truth = certify(claim.defined, batch.values, claim.pair, batch.labels)
    known = {name: Counter() for name in ("ulp", "scaled", "rungs", "classes", "troubles", "tiers", "domains")}
    known |= {"cases": 0, "scored": 0, "correct": 0, "sum_ulp": 0, "sum_signed": 0}
    worst, weakest, broken = {}, None, None
    for row, values in enumerate(batch.values):
        index = start + row
        known["cases"] += 1
        known["tiers"][TIERS[truth.tiers[row]]] += 1
        ordinary = all(map(math.isfinite, values))
        known["domains"]["ordinary" if ordinary else "specials"] += 1
        trouble = str(said.trouble[row])
        if trouble:
            known["troubles"][trouble] += 1
            if ordinary and trouble not in ("dtype", "shape"):
                broken = (1, index, 0) if broken is None else (broken[0] + 1, *broken[1:])
            continue
        for output in range(found.ulp.shape[1]):
            kind = str(found.kind[row, output])
            if kind:
                known["classes"][kind] += 1
                if ordinary:
                    broken = (1, index, output) if broken is None else (broken[0] + 1, *broken[1:])
                continue
            if str(truth.expected[row, output]) != "0":
                continue  # an infinity or nan that is right
            seen = {name: float(getattr(found, name)[row, output]) for name in ("ulp", "scaled", "excess")}
            known["scored"] += 1
            known["correct"] += bool(found.correct[row, output])
            known["ulp"][bucket(seen["ulp"])] += 1
            known["scaled"][bucket(seen["scaled"])] += 1
            rung = int(found.rung[row, output])
            known["rungs"][str(LADDER[rung])] += 1
            known["sum_ulp"] += grains(seen["ulp"])
            known["sum_signed"] += grains(float(found.signed[row, output]))
            for name, number in seen.items():
                if name not in worst or number > worst[name][0]:
                    worst[name] = number, index, output
            if weakest is None or (rung, seen["scaled"]) > weakest[0]:
                weakest = (rung, seen["scaled"]), index, output
    known["contract"] = (
        None
        if broken is None and not known["rungs"]
        else (str(Contract.BROKEN) if broken else str(max(map(Contract, known["rungs"]), key=lambda each: each.rung)))
    )
    return known | {"worst": worst, "weakest": weakest and weakest[1:], "broken": broken}


def said_by(evidence):
    """The same of evidence."""
    from lsecheck.measure import ClassError
    from lsecheck.prove.evidence import contract, of_domains, tiers

    names = dict(enumerate(map(str, ClassError), 1))
    kept = contract(evidence)
    return {
        **{name: getattr(evidence, name) for name in ("cases", "scored", "correct", "sum_ulp", "sum_signed")},
        "ulp": evidence.ulp,
        "scaled": evidence.scaled,
        "rungs": {str(LADDER[rung]): count for rung, count in evidence.rungs.items()},
        "classes": {names[code]: count for code, count in evidence.classes.items()},
        "troubles": evidence.troubles,
        "tiers": tiers(evidence),
        "domains": of_domains(evidence),
        "contract": None if kept is None else str(kept),
        "worst": {name: (each.value, each.index, each.output) for name, each in evidence.worst.items()},
        "weakest": evidence.weakest and (evidence.weakest.index, evidence.weakest.output),
        "broken": evidence.broken and (evidence.broken.count, evidence.broken.index, evidence.broken.output),
    }
