"""measured rates -> what a proof costs, stage by stage, and what those past one machine would."""

import msgspec

from lsecheck import formats
from lsecheck.inputs.exhaustive import combinations
from lsecheck.prove.asking import STAGES
from lsecheck.report.words import table

#: stages of a shard that are called otherwise here
_CALLED = {"errors": "measuring"}
_YEAR = 365.25 * 24 * 3600.0


class Rate(msgspec.Struct, frozen=True):
    """Nanoseconds that a case takes in each stage, on one core."""

    subject: str
    function: str
    format: str
    n: int
    stages: dict[str, float]

    @property
    def whole(self) -> float:
        """All stages."""
        return sum(self.stages.values())


class Costs(msgspec.Struct, frozen=True):
    """A run of scripts/measure_proving.py."""

    machine: str
    shards: int
    rates: list[Rate]
    truth: dict[str, float]  #: what the truth of a pair of float16 numbers is made of, in nanoseconds


def page(costs: Costs) -> str:
    """Markdown: the rates by stage, and the largest spaces at these rates."""
    body = [
        (
            f"`{rate.subject}`", rate.function, rate.format, f"{rate.n}",
            *(f"{rate.stages[stage]:.0f}" for stage in STAGES), f"{rate.whole:.0f}",
            max(STAGES, key=lambda stage: rate.stages[stage]),
        )
        for rate in costs.rates
    ]  # fmt: skip
    called = [_CALLED.get(stage, stage) for stage in STAGES]
    measured = [
        f"Nanoseconds a case on one core, medians of {costs.shards} shards ({costs.machine}).",
        "*Truth* is the certified tier with the rounding of every case, *measuring* ulps, E and the bounds of all",
        "contracts, *evidence* histograms, worst cases and digests.",
        "",
        table(("subject", "function", "format", "n", *called, "in all", "most of it"), body),
    ]
    parts = ", ".join(f"{what} {taken:.0f}" for what, taken in costs.truth.items())
    truth = f"The truth of a float16 pair is made of: {parts} ns."
    return "\n".join([*measured, "", truth, "", *_spaces(costs)])


def _spaces(costs: Costs) -> "list[str]":
    rates = {(rate.subject, rate.function, rate.format, rate.n): rate.whole for rate in costs.rates}
    pair16, triple16, triplebf = (
        rates["max-shift", "logsumexp", fmt, n] for fmt, n in (("float16", 2), ("float16", 3), ("bfloat16", 3))
    )
    body = [
        _space("float16", 2, pair16, "measured"),
        _space("float16", 3, triple16, "measured on some shards"),
        _space("bfloat16", 3, triplebf, "measured on some shards"),
        _space("float32", 2, pair16, "taken to be that of float16 pairs"),
    ]
    header = ("every", "cases", "ns a case", "2 cores", "1,000 cores", "the rate is")
    return ["What larger ones would cost `max-shift`, at these rates:", "", table(header, body)]


def _space(name: str, n: int, rate: float, said: str) -> "tuple[str, ...]":
    count = combinations(2 * formats.named(name).largest_ordinal + 1, n)
    seconds = count * rate * 1e-9
    what = {2: "pair", 3: "triple"}[n]
    return f"{name} {what}", f"{count:.3g}", f"{rate:.0f}", _time(seconds / 2), _time(seconds / 1000), said


def _time(seconds: float) -> str:
    for unit, size in (("years", _YEAR), ("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.3g} {unit}" if seconds < 1e4 * size else f"{seconds / size:,.0f} {unit}"
    return f"{seconds:,.2g} seconds"
