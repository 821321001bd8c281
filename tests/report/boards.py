"""A leaderboard of two methods and two libraries, made up: what renderers are tried on."""

from lsecheck.contracts import Contract
from lsecheck.gate import judge
from lsecheck.rows import SCHEMA, AtPlace, Document, Finding, Row, Specimen, Speed, Witness
from lsecheck.specimens import making


def row(subject: str, scaled: float, contract: str, fmt: str = "float32", family: str = "width", **more: object) -> Row:
    """One family of one subject."""
    told = {
        "function": "logsumexp",
        "n": (1, 131072),
        "cases": 10,
        "exhaustive": False,
        "class_errors": {},
        "max_ulp": 2 * scaled,
        "max_scaled": scaled,
        "max_excess": 0.5,
        "mean_ulp": 0.25,
        "bias_ulp": -0.125,
        "correctly_rounded": 0.75,
        "tiers": {"doubledouble": 10},
        "domains": {"ordinary": 10},
        "inputs_sha256": "00",
        "by_place": [
            AtPlace(4, 0.0, 4, 0.75, 0),
            AtPlace(16, 1.0, 4, 1.5, 0),
            AtPlace(4096, 0.0, 4, 99.0, 0),
            AtPlace(16384, 0.0, 4, 3.5, 0),
        ],
    }
    return Row(subject=subject, format=fmt, family=family, contract=contract, **(told | more))


def speed(subject: str, ratio: float, fmt: str = "float32", shape: "tuple[int, int]" = (4096, 128)) -> Speed:
    """One subject's time."""
    return Speed(
        function="logsumexp",
        subject=subject,
        format=fmt,
        rows=shape[0],
        n=shape[1],
        beside="max-shift",
        ratio=ratio,
        low=ratio * 0.9,
        high=ratio * 1.25,
        rounds=7,
    )


def specimen(subject: str, x: str, answer: str, truth: str, printed: str, **more: object) -> Specimen:
    """What a failure came down to."""
    witness = Witness(
        case="masked:0:3", x=x, n=len(x.split()), output=0, answer=answer, truth=truth, message=more.pop("message", "")
    )
    if not witness.message:
        witness = Witness(case="masked:0:3", x=x, n=len(x.split()), output=0, answer=answer, truth=truth)
    told = {
        "function": "logsumexp",
        "format": "float32",
        "domain": "specials",
        "kind": "infinite",
        "expected": "a number",
        "missed": "",
        "kept": "",
        "found": witness,
    }
    return Specimen(subject=subject, witness=witness, printed=printed, **(told | more))


def board() -> Document:
    """The whole."""
    infinite = Finding(
        domain="specials", kind="infinite", expected="a number", count=3,
        witness=Witness(case="masked:0:3", x="-inf 0x1p0", n=2, output=0, answer="-inf", truth="0x1p0"),
    )  # fmt: skip
    rows = [
        row("max-shift", 1000.0, "shifted"),
        row("naive", 8e6, "broken", class_errors={"infinite": 12}),
        row("scipy", 15.0, "conditioned"),
        row("onnxruntime", 900.0, "shifted", class_errors={"infinite": 3}, findings=[infinite]),
        row("max-shift", 200.0, "shifted", "float16"),
        row("scipy", 13.0, "conditioned", "float16", by_place=[AtPlace(131072, 0.0, 1, 1.0, 2)]),
    ]
    rows = [*rows, *(row(each.subject, 1.0, "conditioned", each.format, "gap", mean_ulp=0.75) for each in rows)]
    masked = {"exact": "-1000", "otherwise": {making.WITHOUT: "right", making.LAST: "right"}}
    specimens = [
        specimen("onnxruntime", "-inf -0x1.f4p9", "-inf", "-0x1.f4p9", "-inf", alike=["naive"], **masked),
        specimen("onnxruntime.opset13", "-inf -0x1.f4p9", "-inf", "-0x1.f4p9", "-inf", format="float16", **masked),
        specimen("scipy", "0x0p0*65520", "inf", "0x1.63p3", "inf", domain="range", format="float16", exact="11.09"),
    ]
    return Document(
        schema=SCHEMA,
        environment={
            "python": "3.11.7", "subject scipy": "scipy 1.17.1, eager, cpu, 1 thread",
            "subject onnxruntime": "onnxruntime 1.32.0, onnx 1.23.2, opset 18",
        },
        rows=rows,
        verdicts=judge(rows, Contract.SHIFTED),
        specimens=specimens,
        speeds=[speed("max-shift", 1.0), speed("scipy", 2.0), speed("onnxruntime", 0.5), speed("naive", 0.75)],
    )  # fmt: skip
