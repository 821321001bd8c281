"""Certificates of small spaces: every figure against brute force, and every witness there to be seen."""

import json
from collections import Counter

import numpy as np
import pytest

from lsecheck import formats, workers
from lsecheck.contracts import LADDER
from lsecheck.errors import SubjectError
from lsecheck.measure import measure
from lsecheck.oracle import engines
from lsecheck.prove import claim as claiming
from lsecheck.prove import prove
from lsecheck.prove.evidence import GRAIN
from lsecheck.rows import from_json
from lsecheck.subjects import load
from lsecheck.subjects.loading import PLAIN
from lsecheck.subjects.subject import ask


def brute(claim, step=1 << 15):
    """Figures of a claim of ordinary cases, from `lsecheck.measure` and sums in float64."""
    subject, space = load(claim.subject, PLAIN), claim.space
    found = {"scored": 0, "correct": 0, "rungs": Counter(), "classes": 0, "sum": 0, "signed": 0}
    found |= {"ulp": -1.0, "scaled": -1.0, "excess": -1.0, "histogram": Counter()}
    for start in range(0, space.count, step):
        batch = space.batch(start, min(start + step, space.count))
        said = ask(subject, claim.defined, batch.values, claim.pair, batch.labels)
        x, y = formats.cast(batch.values, claim.pair.input), formats.cast(said.values, claim.pair.output)
        errors = measure(claim.function, x, y, labels=batch.labels, require=claim.required)
        scored = errors.kind == ""
        found["scored"] += int(scored.sum())
        found["classes"] += int((~scored).sum())
        found["correct"] += int(errors.correct[scored].sum())
        found["rungs"].update(str(LADDER[rung]) for rung in errors.rung[scored].tolist())
        found["histogram"].update(
            float(edge) for edge in np.exp2(np.maximum(np.ceil(np.log2(np.maximum(errors.ulp[scored], 0.5))), -1))
        )
        found["sum"] += float(errors.ulp[scored].sum())
        found["signed"] += float(errors.signed[scored].sum())
        for name in ("ulp", "scaled", "excess"):
            found[name] = max(found[name], float(getattr(errors, name)[scored].max()))
    return found


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize(("subject", "fmt"), [("naive", "float8_e4m3fn"), ("max-shift", "float8_e5m2")])
def test_every_figure_is_that_of_brute_force(subject, fmt, n):
    """All there is, by a second way."""
    if (subject, n) == ("max-shift", 3):
        pytest.skip("two million cases are asked of one format alone")
    proof = prove(subject, "logsumexp", fmt, n)
    (row,), certificate, known = proof.document.rows, proof.document.certificate, brute(proof.claim)
    assert row.cases == certificate.count == certificate.of == proof.claim.space.count
    assert row.exhaustive
    assert (certificate.outputs, certificate.correct) == (known["scored"], known["correct"])
    assert certificate.contracts == known["rungs"]
    assert sum(row.class_errors.values()) == known["classes"]
    assert (row.max_ulp, row.max_scaled, row.max_excess) == (known["ulp"], known["scaled"], known["excess"])
    assert dict(row.histogram) == known["histogram"]
    assert abs(row.mean_ulp - known["sum"] / known["scored"]) <= GRAIN
    assert abs(row.bias_ulp - known["signed"] / known["scored"]) <= GRAIN
    assert row.correctly_rounded == known["correct"] / known["scored"]
    assert sum(row.tiers.values()) == row.cases
    weakest = "broken" if known["classes"] else max(known["rungs"], key=list(map(str, LADDER)).index)
    assert row.contract == weakest


@pytest.mark.parametrize("function", ["softmax", "cross_entropy"])
def test_every_witness_says_what_is_seen_alone(function):
    """Its address, entries, answer and errors: those of the case asked alone."""
    proof = prove("naive", function, "float8_e5m2", 2, specials=True)
    (row,), certificate = proof.document.rows, proof.document.certificate
    seen = [*certificate.worst.values(), row.witness, *(finding.witness for finding in row.findings)]
    assert len(seen) > 4
    for one in seen:
        name, seed, index = one.case.split(":")
        batch = proof.claim.space.at(int(index))
        assert (name, seed) == (proof.claim.space.name, "0")
        assert [float.fromhex(word) for word in batch_words(one.x)] == pytest.approx(
            batch.values[0].tolist(), nan_ok=True
        )
        said = ask(load("naive", PLAIN), proof.claim.defined, batch.values, proof.claim.pair, batch.labels)
        answer = float(said.values[0, one.output])
        assert float.fromhex(one.answer) == answer or (np.isnan(answer) and one.answer == "nan")
        assert one.label == (0 if batch.labels is None else batch.labels[0]) or batch.labels is None


def batch_words(text):
    """Repeats written out."""
    for word in text.split():
        number, _, count = word.partition("*")
        yield from [number] * int(count or 1)


@pytest.fixture
def small(monkeypatch):
    """Many shards."""
    monkeypatch.setattr(claiming, "SHARD", 1 << 12)
    monkeypatch.setattr(workers, "_THREADED", ())


@pytest.mark.parametrize(
    "claim",
    [
        ("naive", "logsumexp", "float8_e4m3fn", 2, {}),
        ("max-shift", "softmax", "float8_e5m2", 2, {"specials": True}),
        ("naive", "cross_entropy", "float8_e5m2", 2, {}),
        ("max-shift", "logsumexp", "float16", 2, {"sample": 20, "seed": 7}),
    ],
    ids=lambda claim: "-".join(map(str, claim[:3])),
)
@pytest.mark.usefixtures("small")
def test_engines_and_workers_leave_no_trace(claim):
    """NumPy's engine, numba's, one process and two: the same bytes."""
    pytest.importorskip("numba", reason="pip install 'lsecheck[compiled]'")
    *words, more = claim
    said = {}
    before = engines.forced()
    try:
        for engine, jobs in (("numpy", 1), ("numba", 1), ("numpy", 2)):
            engines.force(engine)
            said[engine, jobs] = prove(*words, **more, jobs=jobs).to_json()
    finally:
        engines.force(before)
    assert len(set(said.values())) == 1
    document = json.loads(next(iter(said.values())))
    assert len(document["certificate"]["shards"]) > 1
    assert not set(document["environment"]) & {"engine", "seconds", "jobs"}


@pytest.mark.usefixtures("small")
def test_an_interruption_leaves_no_trace(tmp_path):
    """After each number of shards, and then on."""
    words = ("naive", "logsumexp", "float8_e4m3fn", 2)
    whole = prove(*words).to_json()
    for most in (1, 2, 3):
        left = [most]

        def stop(done, _total, left=left):
            left[0] -= done > 0
            if left[0] < 0:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            prove(*words, state=tmp_path / "a.state", progress=stop, fresh=most == 1)
    again = prove(*words, state=tmp_path / "a.state", jobs=2)
    assert 3 < again.resumed < 8
    assert again.to_json() == whole
    assert prove(*words, state=tmp_path / "a.state").resumed == 8


def test_errors_beyond_float64_have_a_mean(tmp_path):
    """Their sum in small units has no float64."""
    proof = prove("prove.theirs:huge", "logsumexp", "float64", 1, sample=2)
    (row,) = proof.document.rows
    assert 1e306 < row.mean_ulp <= 1.7976931348623157e308
    assert proof.status == 1
    edges = [edge for edge, _ in row.histogram]
    assert from_json(proof.to_json()) == proof.document
    assert edges == sorted(edges)
    assert tmp_path.is_dir()


def test_a_count_beyond_64_bits_is_written_and_read():
    """Of how many a sample is: 10^28."""
    proof = prove("max-shift", "logsumexp", "float64", 1, sample=1)
    assert from_json(proof.to_json()).certificate == proof.document.certificate
    assert proof.document.certificate.of > 1 << 63


def test_an_answer_that_changed_certifies_nothing(monkeypatch):
    """The worst case is asked again when the certificate is written."""
    from lsecheck.prove import certificate

    whole = certificate.alone

    def other(claim, index):
        asked, row = whole(claim, index)
        for name in ("ulp", "scaled", "excess"):
            getattr(asked.errors, name)[row] += 1
        return asked, row

    monkeypatch.setattr(certificate, "alone", other)
    with pytest.raises(SubjectError, match="otherwise when it was asked again: what it says once certifies nothing"):
        prove("max-shift", "logsumexp", "float8_e5m2", 2)


def test_a_subject_that_declares_nan_unspecified_is_not_said_to_have_been_asked_them():
    """The words beside the number of cases."""
    from lsecheck.report.certified import render
    from lsecheck.subjects.loading import Loading

    proof = prove("max-shift", "logsumexp", "float8_e4m3fn", 2, specials=True, loading=Loading(nan="unspecified"))
    assert "not exhaustive: 255 with nan, which is declared unspecified, not asked" in render(proof.document)
    assert not proof.document.rows[0].exhaustive
    assert proof.document.rows[0].cases == 32_640 - 255
