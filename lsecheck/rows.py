"""errors -> evidence: one row per subject x function x format x family; JSON in and out.

A row carries its key, its provenance and its worst case, so that two rows can be compared or
refused. Numbers exist only where something was scored: nan and infinity never reach the JSON.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from lsecheck.errors import InputError

SCHEMA = 1

#: the kind of a finding whose answer is a number, but misses the required contract
INACCURATE = "inaccurate"
#: and one that follows none of the conventions in use, where there is no single answer
UNCONVENTIONAL = "unconventional"

Absent = msgspec.UnsetType
ABSENT = msgspec.UNSET


#: what `float.fromhex` reads, and stays finite; each text in one way only, so that no search takes long
_HEX = r"-?(0x[01](\.[0-9a-f]{1,13})?p(\+?(\d{1,3}|10[01]\d|102[0-3])|-\d{1,4})|inf|nan)"

# a file is held to these when it is read: whoever made it may have written anything
Count = Annotated[int, msgspec.Meta(ge=0)]
Some = Annotated[int, msgspec.Meta(ge=1, le=(1 << 63) - 1)]
Size = Annotated[float, msgspec.Meta(ge=0)]
Portion = Annotated[float, msgspec.Meta(ge=0, le=1)]
Spread = Annotated[float, msgspec.Meta(ge=0, le=1 << 20)]
Number = Annotated[str, msgspec.Meta(pattern=f"^{_HEX}$")]
Entries = Annotated[str, msgspec.Meta(pattern=rf"^({_HEX}(\*\d{{1,8}})?( |$))*$")]


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    """One case, as evidence. Strings are read by `float.fromhex`; an absent number does not exist."""

    case: str  #: FAMILY:SEED:INDEX
    x: Entries | Absent = ABSENT  #: hex floats, repeats as V*COUNT; absent where it would be very long
    n: Count  #: entries
    output: Count  #: which output of the row
    answer: Number
    truth: Number  #: correctly rounded
    ulp: Size | Absent = ABSENT
    scaled: Size | Absent = ABSENT
    condition: Size | Absent = ABSENT
    label: int | Absent = ABSENT  #: of the row, for cross_entropy
    message: str | Absent = ABSENT  #: what was raised, or what was wrong with the array


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong among the cases that are judged apart from the contract."""

    domain: str  #: specials, range or conduct
    kind: str  #: a class error, `inaccurate` or `unconventional`
    expected: str  #: what was right: a number, nan, +inf, -inf
    count: int
    witness: Witness
    message: str = ""  #: what was raised, or what was wrong with the array


class Observation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one rule of conduct."""

    rule: str
    standing: str  #: holds; noted: a difference, refusal or warning, no failure; fails
    calls: int  #: calls looked at
    ulp: float | Absent = ABSENT  #: largest difference from the answer to the plain call
    message: str = ""  #: what was noted, or failed, first
    witness: Witness | Absent = ABSENT  #: of that


HOLDS, NOTED, FAILS = "holds", "noted", "fails"


class Dot(msgspec.Struct, frozen=True, array_like=True):
    """One output, as pictures show it: its numbers to three digits; an array in JSON."""

    condition: Size  #: κ; the largest float64 where it is unbounded
    ulp: Size
    scaled: Size  #: E
    contract: str  #: the strongest that it keeps


class AtCondition(msgspec.Struct, frozen=True, array_like=True):
    """The outputs of a family whose condition is alike and that count towards the contract; an array in JSON."""

    upto: Size  #: upper end of κ, a power of 4; the largest float64 where κ is unbounded
    outputs: Count  #: scored there
    largest: Dot  #: of these, the one with the largest ulp error
    weakest: Dot  #: and the one that stands worst: of those that keep the weakest contract, the largest E


#: the spread that stands for all spreads above a quarter of it
WIDEST = 4.0**10


class AtPlace(msgspec.Struct, frozen=True, array_like=True):
    """The largest E among the rows of a family that are alike in length and spread; an array in JSON."""

    n: Some  #: upper end of the length, a power of 4
    #: upper end of largest - smallest finite entry: 0, or a power of 4 from 2^-6 to 2^18; 2^20 for all above 2^18
    spread: Spread
    outputs: Count  #: scored there
    scaled: Size  #: the largest E, to three digits; 0 where nothing was scored
    wrong: Count  #: answers of a wrong kind


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one subject did to one family, in one function and format."""

    function: str
    subject: str
    format: str  #: IN, or IN:OUT
    family: str
    n: tuple[Count, Count]  #: smallest and largest
    cases: Count
    exhaustive: bool  #: every input there is, or a sample
    class_errors: dict[str, Count]  #: kind -> outputs
    max_ulp: float | Absent = ABSENT
    max_scaled: float | Absent = ABSENT
    max_excess: float | Absent = ABSENT  #: over the contract that was required
    mean_ulp: float | Absent = ABSENT
    bias_ulp: float | Absent = ABSENT  #: mean signed error
    p50_ulp: float | Absent = ABSENT
    p99_ulp: float | Absent = ABSENT
    correctly_rounded: Portion | Absent = ABSENT  #: share of the scored outputs
    histogram: list[tuple[Size, Some]] = []  #: (upper end in ulps, outputs), doubling from 0.5
    contract: str | Absent = ABSENT  #: the strongest that every ordinary case keeps
    tiers: dict[str, int]  #: how the truth was found -> cases
    domains: dict[str, int]  #: ordinary, specials, range -> cases
    witness: Witness | Absent = ABSENT  #: the worst case that counts towards the contract
    inputs_sha256: str
    answers_sha256: str = ""  #: of every answer: subjects that agree bit for bit have the same
    options: str = ""  #: what was said of the subject beside its name, as typed on a command line
    conduct: list[Observation] = []  #: how it behaved, where that was asked
    findings: list[Finding] = []
    conventions: dict[str, int] = {}  #: where there is no single answer: which convention -> rows
    by_condition: list[AtCondition] = []  #: where errors lie, by κ
    by_place: list[AtPlace] = []  #: and by length and spread


class Breach(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A demand that is not met."""

    measure: str  #: contract, class errors, max_ulp, max_scaled, mean_ulp, bias_ulp, baseline, waiver
    family: str = ""  #: empty where it is of no single family
    value: float | str
    limit: float | str
    source: str  #: required, always, budget, baseline, ...: who set the limit
    message: str = ""  #: where measure, value and limit do not say it
    witness: Witness | Absent = ABSENT


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is concluded of one subject in one function and format."""

    function: str
    subject: str
    format: str
    contract: str  #: found; `unmeasured` where nothing was scored
    required: str
    status: str  #: pass, fail, improved, unmeasured, undecided
    specials: str  #: pass, fail, waived, unmeasured; likewise the next two
    range: str
    conduct: str
    max_ulp: float | Absent = ABSENT
    max_scaled: float | Absent = ABSENT
    worst: str | Absent = ABSENT  #: address of the worst case
    reason: str
    breaches: list[Breach] = []  #: what is not met, beside specials, range and conduct
    advice: list[str] = []  #: what could be demanded, and is not
    options: str = ""  #: as in the rows
    failed_throughout: bool = False  #: no case was answered at all


class Certificate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The record of an exhaustive run: what was enumerated, and digests of all that was said."""

    cases: str  #: name of the space: with an index it is an address
    entries: int  #: distinct numbers that an entry can be
    count: int  #: cases of the space; all of them were asked and decided where the row is exhaustive
    of: int  #: cases there are; more than `count` in a sample
    ordered: bool  #: each order of the same entries was asked
    specials: bool  #: -0, infinities and nan were entries too
    draws: int | Absent = ABSENT  #: of a sample: cases from each stratum
    seed: int | Absent = ABSENT  #: of a sample
    required: str  #: the contract that excess is over
    outputs: int  #: that were scored
    correct: int  #: of these, correctly rounded
    mean_grain: float  #: unit that each error was rounded to before it was added up
    contracts: dict[str, int]  #: strongest contract kept -> outputs
    histogram_scaled: list[tuple[float, int]]  #: (upper end of E, outputs), doubling from 0.5
    worst: dict[str, Witness]  #: of ulp, scaled (E) and excess
    answers_sha256: str  #: of the digests of all shards, in their order
    truths_sha256: str
    shard: int  #: cases of a shard
    shards: list[tuple[str, str]]  #: first 128 bits of sha256, of the answers to each shard and of its truths


class Share(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one step of a method adds to an error."""

    step: str
    ulps: float | Absent = ABSENT  #: absent where it left the numbers


class Specimen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of the worst cases of a subject, as small as it could be made, with why it is wrong."""

    function: str
    subject: str
    format: str
    options: str = ""  #: as in the rows
    domain: str  #: contract, specials, range or conduct
    kind: str  #: a class error, `inaccurate`, `unconventional`, or the rule of conduct
    expected: str  #: what is right: a number, nan, +inf, -inf
    missed: str  #: the contract that this case does not keep; empty where none is in question
    kept: str  #: the strongest that it keeps; empty where it is not scored
    exact: str = ""  #: the exact value to 20 digits; empty where there is no number
    witness: Witness  #: the smallest case found
    copies: int = 1  #: equal rows that it takes
    found: Witness  #: the case that it was made from: the worst of its family
    steps: list[Share] = []  #: of built-in methods, and of one that answers alike
    alike: list[str] = []  #: built-in methods whose answer to this case has the same bits
    otherwise: dict[str, str] = {}  #: how the row is answered where it is changed like this: right, or wrong
    printed: str = ""  #: what the library itself prints, asked in a plain Python; empty where it was not


class Speed(msgspec.Struct, frozen=True, kw_only=True):
    """The time one subject takes beside another, in one run."""

    function: str
    subject: str
    format: str
    rows: int
    n: int
    beside: str  #: the subject whose time is 1
    ratio: float  #: median of the rounds
    low: float  #: lower quartile
    high: float  #: upper quartile
    rounds: int


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A result file."""

    schema: int
    environment: dict[str, str]
    rows: list[Row]
    verdicts: list[Verdict]
    certificate: Certificate | Absent = ABSENT
    specimens: list[Specimen] = []  #: in reports
    declared: list[Verdict] = []  #: in the leaderboard: on subjects that were asked again, with a declaration
    speeds: list[Speed] = []  #: on the leaderboard


class _Schema(msgspec.Struct):
    schema: int


def to_json(document: Document) -> str:
    """Strict JSON, one row a line, so that results can be read in a diff.

    The encoder writes nan and infinity as null; reading the text back refuses those, so a number
    that does not exist is never written as one that is absent.
    """
    encode = msgspec.json.encode
    lines = ["{", f'"schema": {document.schema},', f'"environment": {encode(document.environment).decode()},']
    always: dict[str, Sequence[msgspec.Struct]] = {"rows": document.rows, "verdicts": document.verdicts}
    more: dict[str, Sequence[msgspec.Struct]] = {
        "specimens": document.specimens, "declared": document.declared, "speeds": document.speeds,
    }  # fmt: skip
    for name, records in (always | {name: records for name, records in more.items() if records}).items():
        body = ",\n".join(encode(record).decode() for record in records)
        lines.append(f'"{name}": [\n{body}\n],')
    if document.certificate is not ABSENT:
        # digests one a line too
        lines.append('"certificate": ' + encode(document.certificate).decode().replace("],[", "],\n["))
    else:
        lines[-1] = lines[-1].removesuffix(",")
    text = "\n".join([*lines, "}"]) + "\n"
    from_json(text, "what was measured")
    return text


def from_json(text: "str | bytes", name: str = "the file") -> Document:
    """A result file read back; `InputError` for anything else."""
    try:
        schema = msgspec.json.decode(text, type=_Schema).schema
        if schema != SCHEMA:
            raise InputError(f"{name} has schema {schema}; this lsecheck reads {SCHEMA}: make it again")
        return msgspec.json.decode(text, type=Document)
    except msgspec.DecodeError as error:
        raise InputError(f"{name} is not an lsecheck result: {error}") from None
