"""Honest controls: what the faults are made from. None may be flagged; each keeps the contract it names."""

from functools import partial

from lsecheck.faults.bases import (
    Call,
    cross_entropy,
    log_softmax,
    logaddexp,
    logsumexp,
    merged,
    online,
    scanned,
    softmax,
)
from lsecheck.faults.fault import Fault


def _control(
    name: str, meaning: str, call: Call, require: str, function: str = "logsumexp", format: str = "float32"
) -> Fault:
    return Fault(name, meaning, "", call, (), function, format, require)


CONTROL_TABLE = (
    _control("two-pass", "maximum, then a sum, log1p", logsumexp(), "conditioned"),
    _control("two-pass-float16", "the same for float16", logsumexp(), "correctly-rounded", format="float16"),
    _control("two-pass-bfloat16", "the same for bfloat16", logsumexp(), "correctly-rounded", format="bfloat16"),
    _control("two-pass-float64", "the same, float64 throughout", logsumexp(), "conditioned", format="float64"),
    _control("two-pass-e4m3fn", "the same for float8_e4m3fn", logsumexp(), "correctly-rounded", format="float8_e4m3fn"),
    _control("two-pass-e5m2", "the same for float8_e5m2", logsumexp(), "correctly-rounded", format="float8_e5m2"),
    _control("one-pass", "tiles under a running maximum, a log", logsumexp(online), "shifted"),
    _control("one-pass-of-128", "tiles of 128", logsumexp(partial(online, block=128)), "shifted"),
    _control("in-four-parts", "four parts, merged", logsumexp(merged), "conditioned"),
    _control("last-of-a-scan", "the last of the cumulative sums", logsumexp(scanned), "conditioned"),
    _control("good-softmax", "terms over their sum", softmax(), "faithful", "softmax"),
    _control("good-softmax-float16", "the same for float16", softmax(), "correctly-rounded", "softmax", "float16"),
    _control("good-softmax-bfloat16", "the same for bfloat16", softmax(), "correctly-rounded", "softmax", "bfloat16"),
    _control("good-softmax-float64", "float64 throughout", softmax(), "conditioned", "softmax", "float64"),
    _control("good-log-softmax", "differences less log1p", log_softmax(), "faithful", "log_softmax"),
    _control("good-log-softmax-float16", "the same for float16", log_softmax(), "faithful", "log_softmax",
             "float16"),
    _control("good-log-softmax-bfloat16", "the same for bfloat16", log_softmax(), "faithful", "log_softmax",
             "bfloat16"),
    _control("good-cross-entropy", "log1p less a difference", cross_entropy(), "faithful", "cross_entropy"),
    _control("good-logaddexp", "the larger plus log1p", logaddexp(), "conditioned", "logaddexp"),
    _control("good-logaddexp-float16", "the same for float16", logaddexp(), "correctly-rounded", "logaddexp",
             "float16"),
    _control("good-logaddexp-float64", "float64 throughout", logaddexp(), "conditioned", "logaddexp", "float64"),
    _control("good-xent-bfloat16", "log1p less a difference, for bfloat16", cross_entropy(), "faithful",
             "cross_entropy",
             "bfloat16"),
)  # fmt: skip
