"""Gates made by hand, and a real one: what the renderers of a gate are tested on."""

import functools
from pathlib import Path

from lsecheck.gate.config import Budgets, Config, Demand
from lsecheck.gate.enforce import Gated, enforce
from lsecheck.gate.result import Result
from lsecheck.rows import Breach, Finding, Row, Verdict, Witness

SEEN = Witness(
    case="gap:0:7", x="0x0p0 -0x1p4", n=2, output=0, answer="0x1p0", truth="0x1p-1", ulp=3.0, scaled=2.0, condition=1.0
)
#: a case whose answer has no distance
WRONG = Witness(case="gap:0:3", x="0x1p0", n=1, output=0, answer="nan", truth="0x1p0", condition=1.0)
HOSTILE = "raised E: 50%, a:b\r\n::error title=forged::passed\n```\n<script>|\x1b[31m\x00]]>\ud800\ufffe"


def row(subject="a", family="gap", **more):
    """A row as far as renderers look at it."""
    plain = dict(
        function="logsumexp", subject=subject, format="float32", family=family, n=(2, 2), cases=10, exhaustive=False,
        class_errors={}, max_ulp=3.0, max_scaled=2.0, mean_ulp=1.0, contract="conditioned", tiers={"exact": 10},
        domains={"ordinary": 10}, witness=SEEN, inputs_sha256="0" * 64, answers_sha256="a",
    )  # fmt: skip
    return Row(**(plain | more))


def verdict(subject="a", status="pass", **more):
    """A verdict, with nothing wrong unless it is said."""
    plain = dict(
        function="logsumexp", subject=subject, format="float32", contract="conditioned", required="shifted",
        status=status, specials="pass", range="pass", conduct="pass", max_ulp=3.0, max_scaled=2.0, worst="gap:0:7",
        reason="keeps conditioned",
    )  # fmt: skip
    return Verdict(**(plain | more))


def unmeasured(subject="u"):
    """A verdict without a number."""
    return Verdict(
        function="logsumexp", subject=subject, format="float32", contract="unmeasured", required="shifted",
        status="unmeasured", specials="unmeasured", range="unmeasured", conduct="unmeasured",
        reason=f"{subject} does not claim logsumexp in float32",
    )  # fmt: skip


def breach(measure="max_ulp", value=3.0, limit=2.0, source="budget", family="gap", **more):
    """A demand that is not met."""
    return Breach(measure=measure, family=family, value=value, limit=limit, source=source, **({"witness": SEEN} | more))


def finding(domain="specials", kind="nan", expected="+inf", count=3, witness=WRONG, message=""):
    """Something wrong among what is judged apart."""
    return Finding(domain=domain, kind=kind, expected=expected, count=count, witness=witness, message=message)


def gated(verdicts, rows=(), strict=False, notes=()):
    """A gate that found these."""
    return Gated(Result(list(rows), list(verdicts), {}), strict, tuple(notes))


@functools.cache
def real(strict=False):
    """A gate with a finding under specials, a missed contract, a budget that is kept easily, and an honest pass."""
    demands = (
        Demand("max-shift", formats=("float32",), families=("gap", "specials"), require="conditioned"),
        Demand("online", formats=("float32",), families=("gap",), budgets=Budgets(max_scaled=1e9)),
        Demand("log1p-shift", formats=("float32",), families=("gap",), budgets=Budgets(max_ulp=1.0)),
        Demand("log1p-shift", formats=("float16",), families=("gap",)),
    )
    return enforce(Config(demands, effort="quick"), Path(), strict=strict)
