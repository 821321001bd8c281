"""The committed certificates: a random shard of each is asked and judged again, and pages are as rendered."""

import secrets
import sys
from pathlib import Path

import msgspec
import pytest

from lsecheck.prove import verifying
from lsecheck.prove.certificate import digest_of
from lsecheck.report import certified, readme, theorems
from lsecheck.report.costs import Costs
from lsecheck.report.theorems import Published, page
from lsecheck.subjects.adapters import ADAPTERS, installed

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "reports" / "certificates"
PATHS = sorted(FOLDER.glob("*.json"))
DOCUMENTS = {path.stem: verifying.read(path.read_bytes(), path.name) for path in PATHS}
each = pytest.mark.parametrize("name", DOCUMENTS)

sys.path.insert(0, str(ROOT / "scripts"))
import check_theorems  # noqa: E402 - the script whose results these are
import make_certificates  # noqa: E402 - likewise


@each
def test_a_random_shard_of_it_is_as_certified(name):
    """By chance, so that over many runs all of it is seen again; what was drawn stands in the message."""
    document = DOCUMENTS[name]
    subject = document.rows[0].subject
    if subject in ADAPTERS and not installed(subject):
        pytest.skip(f"{subject} is not installed: pip install 'lsecheck[{ADAPTERS[subject].module}]'")
    place = secrets.randbelow(len(document.certificate.shards))
    checked = verifying.verify(document, place)
    assert checked.truths, f"shard {place}: the truths of all machines are the same"
    moved = verifying.moved(document)
    if not checked.answers and moved:
        pytest.skip(f"shard {place}: answers are others with {'; '.join(moved)}")
    assert checked.answers, f"shard {place}"


@each
def test_its_text_is_what_the_code_renders(name):
    """Run scripts/make_certificates.py when this fails."""
    assert (FOLDER / f"{name}.txt").read_text("utf-8") == certified.render(DOCUMENTS[name]) + "\n"


@each
def test_its_digest_is_that_of_its_shards_and_it_has_a_line_in_the_index(name):
    """A file put together by hand would have neither."""
    certificate = DOCUMENTS[name].certificate
    for digest, parts in zip(
        (certificate.answers_sha256, certificate.truths_sha256), zip(*certificate.shards, strict=True), strict=True
    ):
        assert digest == digest_of(parts)
    assert f"[{name}]({name}.txt)" in (FOLDER / "index.md").read_text("utf-8")


@each
def test_its_figures_add_up(name):
    """Every output is in one bucket of each histogram, and keeps one contract."""
    row, certificate = DOCUMENTS[name].rows[0], DOCUMENTS[name].certificate
    assert row.cases == certificate.count <= certificate.of
    for counts in (dict(row.histogram), dict(certificate.histogram_scaled), certificate.contracts):
        assert sum(counts.values()) == certificate.outputs
    assert sum(row.tiers.values()) == row.cases
    assert certificate.contracts["correctly-rounded"] == certificate.correct


def test_every_claim_that_the_script_makes_is_certified_and_no_other():
    """Run scripts/make_certificates.py when this fails."""
    assert {claim.name for claim in make_certificates.wanted()} == set(DOCUMENTS)


def test_every_truth_of_a_certificate_was_decided():
    """Past that, 'every case' would be a lie."""
    assert all("undecided" not in document.rows[0].tiers for document in DOCUMENTS.values())


@pytest.mark.parametrize(
    ("subject", "required"),
    [("max-shift", "shifted"), ("online", "sequential"), ("log1p-shift", "conditioned")],
)
@pytest.mark.parametrize("fmt", ["float16", "bfloat16"])
def test_every_pair_of_16_bits_keeps_the_contract_that_the_method_is_named_for(subject, required, fmt):
    """The theorem, where it was held against every case."""
    contract = "" if required == "shifted" else f"_{required}"
    document = DOCUMENTS[f"{subject}_logsumexp_{fmt}_every-2{contract}"]
    assert document.verdicts[0].required == required
    assert document.verdicts[0].status == "pass"
    assert document.rows[0].exhaustive
    assert document.rows[0].max_excess <= 1


class TestTheorems:
    """reports/theorems.md."""

    KNOWN = msgspec.json.decode((ROOT / "reports" / "theorems.json").read_bytes(), type=list[Published])
    SMALL = tuple(known for known in KNOWN if known.cases < 1 << 16)

    def test_the_page_is_what_the_code_renders_and_every_bound_of_ours_holds(self):
        """Run scripts/check_theorems.py when this fails."""
        text = page(list(DOCUMENTS.values()), self.KNOWN)
        assert (ROOT / "reports" / "theorems.md").read_text("utf-8") == text
        assert theorems.hold(list(DOCUMENTS.values()))
        for function, method, contract in theorems.THEOREMS:
            assert f"| {function} | `{method}` | `{contract}` |" in text

    @pytest.mark.parametrize("known", SMALL, ids=lambda known: known.format)
    def test_the_published_bound_rejects_as_many_correct_answers_as_the_page_says(self, known):
        """Small spaces, whole: their smallest witness too."""
        claim = check_theorems.Claim("max-shift", "logsumexp", known.format, known.n)
        assert check_theorems.published(claim, 0) == known

    @pytest.mark.parametrize("known", KNOWN, ids=lambda known: f"{known.format}-{known.n}")
    def test_a_published_witness_is_one(self, known):
        """In exact terms: the correctly rounded answer lies further from the truth than the bound."""
        import mpmath

        assert known.broken > 0
        entries = [float.fromhex(text) for text in known.witness[2]]
        document = DOCUMENTS[f"max-shift_logsumexp_{known.format}_every-{known.n}"]
        fmt = verifying.claim_of(document).pair.output
        with mpmath.workprec(400):
            exact = mpmath.log(mpmath.fsum(mpmath.exp(mpmath.mpf(x)) for x in entries))
            right = check_theorems.certify(
                verifying.claim_of(document).defined,
                check_theorems.np.array([entries]),
                verifying.claim_of(document).pair,
                None,
            ).rounded[0, 0]
            bound = mpmath.mpf(fmt.unit_roundoff) * abs(exact + len(entries) - min(entries))
            assert abs(mpmath.mpf(float(right)) - exact) > bound


def test_the_costs_in_the_docs_are_what_the_code_renders():
    """Run scripts/measure_proving.py --render when this fails."""
    costs = msgspec.json.decode((ROOT / "reports" / "proving.json").read_bytes(), type=Costs)
    text = (ROOT / "docs" / "proving.md").read_text("utf-8")
    assert readme.proving(text, costs) == text
