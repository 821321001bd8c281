"""specimen -> what its bits, and what others wrote, say of where it comes from.

A cause is named only where the answer has the bits of it, or where it was looked up. Formulas are spelt
out: a draft is read by people who do not know our methods' names.
"""

import math

from lsecheck.report.sorts import library, of
from lsecheck.rows import Specimen


def cause(specimen: Specimen) -> str:
    """What the bits say of it; '' where they say nothing."""
    return _of_an_overflow(specimen) or _of_a_sum(specimen) or _of_a_clamp(specimen)


def related(specimen: Specimen) -> "tuple[str, ...]":
    """Public issues about the same or its like, as Markdown; what became of them is for their readers to see."""
    found = _RELATED.get((library(specimen.subject), specimen.function, of(specimen).slug), ())
    return tuple(
        f"[{where}#{number}](https://github.com/{where}/issues/{number}) ({title})" for where, number, title in found
    )


def _of_an_overflow(specimen: Specimen) -> str:
    alike, slug, written = specimen.alike, of(specimen).slug, FORMULAS[specimen.function]
    # an overflow to inf has the bits of 0, too: only an answer that is a number of its own says something
    if slug not in ("masked", "overflow", "inaccurate"):
        return ""
    sixteen = specimen.format in ("float16", "bfloat16")
    if specimen.subject == "onnxruntime" and slug == "overflow" and sixteen and "naive@float64" in alike:
        return _ONNX_DEFINES_IT
    if "naive" in alike and "max-shift" not in alike:
        return (
            "exp is taken of the entries as they are, without subtracting the maximum first (the answer has the bits of"
            f" {written['naive']})"
        )
    if "naive@float32" in alike and "max-shift@float32" not in alike:
        return (
            "exp is taken without subtracting the maximum first (the answer has the bits of"
            f" {written['naive']} in float32)"
        )
    return ""


def _of_a_sum(specimen: Specimen) -> str:
    alike, slug, written = specimen.alike, of(specimen).slug, FORMULAS[specimen.function]
    wider = any(each.endswith("@float32") for each in alike)
    if slug == "float64" and wider and not any("@" not in each for each in alike):
        return "the whole is computed in float32 (the answer has the bits of a float32 evaluation)"
    if slug == "fold" and "logaddexp-fold" in alike:
        return (
            "every partial result is rounded to the format (the answer has the bits of s = logaddexp(s, x[i]), one"
            " entry after the other)"
        )
    if slug == "accumulation" and "online" in alike and "max-shift" not in alike:
        return "the terms are added up one after the other in the format itself (the answer has the bits of that)"
    if slug == "long" and "max-shift" in alike:
        return (
            f"the sum of the exponentials is held in {specimen.format} (the answer has the bits of"
            f" {written['max-shift']} there)"
        )
    on_numpy = library(specimen.subject) in ("numpy", "scipy", "sklearn")
    return _OF_AN_AXIS if on_numpy and slug == "axis" else ""


def _of_a_clamp(specimen: Specimen) -> str:
    if of(specimen).slug != "nan" or not abs(abs(float.fromhex(specimen.witness.answer)) - _CLAMPED) < 1e-9:
        return ""
    return (
        "the sum of the exponentials is raised to at least 1e-20, a float32 constant, before its logarithm is taken"
        f" (-log of it is {_CLAMPED:.12g}), by a comparison that a nan does not survive"
    )


#: -log of 1e-20 as a float32
_CLAMPED = -math.log(float.fromhex("0x1.79ca1p-67"))
#: as the notes of numpy.sum have it
_OF_AN_AXIS = (
    "numpy.sum adds pairwise only along the axis that is contiguous in memory; along another it adds row after row in"
    " the format itself, where 2048 + 1 = 2048 in float16"
)
#: tests/repo/test_findings.py asks ONNX whether it still does
ONNX_BODY = ("Cast", "Exp", "ReduceSum", "Log", "CastLike")
_ONNX_DEFINES_IT = (
    "ONNX's own definition of the operator, executed as it is published. From opset 18 on ReduceLogSumExp has a"
    ' function body, which `onnx.defs.get_schema("ReduceLogSumExp", 18).function_body` holds:'
    f" {', '.join(ONNX_BODY)}, that is log(sum(exp(x))) in double, without subtracting the maximum. In double exp"
    " overflows beyond 709.78, and that is where the answers turn wrong; the answer has the bits of that formula. In"
    " float32 and float64 the same model is answered right, so that a kernel of ONNX Runtime's own seems to answer"
    " there. If so, it is the definition, in onnx/onnx, that is to be changed"
)

#: how the answer is written down, by method
FORMULAS = {
    "logsumexp": {"naive": "log(sum(exp(x)))", "max-shift": "max(x) + log(sum(exp(x - max(x))))"},
    "softmax": {"naive": "exp(x) / sum(exp(x))", "max-shift": "exp(x - max(x)) / sum(exp(x - max(x)))"},
    "log_softmax": {
        "naive": "log(exp(x) / sum(exp(x)))",
        "max-shift": "(x - max(x)) - log(sum(exp(x - max(x))))",
    },
    "cross_entropy": {
        "naive": "-log(exp(x[label]) / sum(exp(x)))",
        "max-shift": "log(sum(exp(x - max(x)))) - (x[label] - max(x))",
    },
    "logaddexp": {"naive": "log(exp(a) + exp(b))", "max-shift": "max(a, b) + log(1 + exp(-|a - b|))"},
}

_OPENVINO = "openvinotoolkit/openvino"
#: library, function, sort -> repository, number, title: each was looked up
_RELATED = {
    ("onnxruntime", "logsumexp", "masked"): (
        ("microsoft/onnxruntime", 5583, "Handle -inf in ReduceSumLogExp, fix regression introduced in PR #5370"),
        ("microsoft/onnxruntime", 28461, "ReduceLogSumExp returns NaN for all -inf input"),
    ),
    ("onnxruntime", "logsumexp", "overflow"): (
        (_OPENVINO, 32839, "ONNX frontend uses a numerically instable ReduceLogSumExp implementation"),
        (_OPENVINO, 35648, "OpenVINO CPU ReduceLogSumExp overflows to inf for large FP32 inputs"),
        ("onnx/onnx-mlir", 365, "Logsumexp is not numerically stable"),
    ),
    ("openvino", "logsumexp", "nan"): (
        (_OPENVINO, 35929, "OpenVINO CPU returns inf instead of NaN for ONNX ReduceLogSumExp with NaN input"),
    ),
    ("scipy", "softmax", "empty"): (
        ("scipy/scipy", 20399, "scipy.special.logsumexp raises ValueError for a zero-size array"),
    ),
    ("scipy", "log_softmax", "empty"): (
        ("scipy/scipy", 20399, "scipy.special.logsumexp raises ValueError for a zero-size array"),
    ),
}  # fmt: skip
