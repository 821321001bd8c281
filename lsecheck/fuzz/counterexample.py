"""What fuzzing found, and how hard it looked: records, in and out of JSON."""

import msgspec

from lsecheck.diagnosis.cause import Diagnosis
from lsecheck.rows import ABSENT, Absent, Witness

SCHEMA = 1


class Counterexample(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is broken, with the smallest case that was found to break it."""

    domain: str  #: contract, specials, range or conduct
    kind: str  #: a class error, inaccurate, unconventional, or the rule of conduct
    expected: str  #: what is right: a number, nan, +inf, -inf
    engine: str  #: which found it
    witness: Witness  #: the smallest case
    excess: float | Absent = ABSENT  #: error / bound of the required contract
    copies: int = 1  #: equal rows in the batch; 0: it takes the batch that it was found in
    plan: str = ""  #: how a streaming subject was fed
    found: str = ""  #: the case as it was found, in hex, where that is short
    found_n: int = 0  #: its entries
    address: str = ""  #: FAMILY:SEED:INDEX of it, where it has one
    after: int = 0  #: cases asked before it
    tried: int = 0  #: cases asked to shrink it
    count: int = 1  #: cases that broke the same
    message: str = ""  #: what was raised, or the rule of conduct saw

    @property
    def key(self) -> tuple[str, str, str]:
        """Findings with the same key are taken for one."""
        return self.domain, self.kind, self.expected


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """What one engine did."""

    engine: str
    cases: int  #: asked
    screened: int  #: of those, held to a closed form or a law and not to the oracle
    broken: int  #: cases that broke something
    seconds: float
    note: str = ""  #: why it did less than it could


class Worst(msgspec.Struct, frozen=True, kw_only=True):
    """The largest value of the objective that was found where numbers were scored."""

    objective: str
    value: float
    engine: str
    witness: Witness


class Fuzzed(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one run of fuzzing has to say."""

    schema: int = SCHEMA
    subject: str
    function: str
    format: str
    options: str
    required: str
    objective: str
    seed: int
    budget: str
    efforts: list[Effort]
    families: dict[str, int]  #: cases of each
    n: dict[str, int]  #: 'distinct', 'least', 'most' lengths
    undecided: int  #: cases that nobody could decide
    counterexamples: list[Counterexample]
    worst: Worst | Absent = ABSENT
    environment: dict[str, str]
    measured: bool = True  #: whether any number was scored
    lost: str = ""  #: why it ended early
    diagnosis: Diagnosis | Absent = ABSENT  #: the likely causes, where something was found

    @property
    def cases(self) -> int:
        """Asked in all."""
        return sum(effort.cases for effort in self.efforts)

    @property
    def broken(self) -> int:
        """Cases that broke something."""
        return sum(effort.broken for effort in self.efforts)

    @property
    def status(self) -> int:
        """The exit status: 0 nothing was found, 1 something, 3 undecided or failed throughout, 5 nothing measured."""
        if self.counterexamples:
            known = all(one.engine == "replay" for one in self.counterexamples)
            return 3 if self.broken >= self.cases and not known else 1
        if not self.cases or not self.measured:
            return 5
        return 3 if self.undecided else 0

    def to_json(self) -> str:
        """Strict JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1).decode() + "\n"
