"""Causes that figures give away: every planted fault here is diagnosed without being compared with any."""

import pytest

from diagnosis.diagnosed import of_fault, told

#: fault -> what must be said of it; found by the rules alone
TOLD = {
    "naive-own-f16": "exp overflows float16 at ln 65504 = 11.09: the maximum is not subtracted",
    "naive-own-f32": "exp overflows float32 at ln 3.4028e+38 = 88.72: the maximum is not subtracted",
    "no-shift": "exp overflows float64 at ln 1.7977e+308 = 709.78: the maximum is not subtracted",
    "shift-first": "makes the answer +inf from place 2 on: only the first entry is taken under the right maximum",
    "shift-mean": "here it is reached at twice that: the shift is the mean, not the maximum",
    "shift-absmax": "here it is reached at half of that: the shift is the largest magnitude, not the maximum",
    "max-init-1e4": "the maximum is never below about -10000: it starts there, not at -inf",
    "max-init-5e4": "the maximum is never below about -50000: it starts there, not at -inf",
    "max-init-1e30": "the maximum is never below about -1e+30: it starts there, not at -inf",
    "max-idle-lanes-0": "exp underflows float64 at -745.13: the shift is never below 0, where the maximum is",
    "max-skips-first": "in the first place alone: it is left out of the maximum, or of the sum",
    "max-half-lanes": "makes the answer +inf in the second half of the row, at both lengths asked (2050 and 300)",
    "max-first-1024": "from place 1025 on: only the first 1024 entries are taken under the right maximum",
    "global-max-over-rows": "24 of 24 rows that are wrong beside other rows are right alone",
    "clamp-inputs-80": "[c, c] is answered 80.6931 whatever c is from 82 on",
    "clamp-shifted-10": "no term is below 4.54e-05 = exp(-10): the exponential, or its argument, is floored",
    "allninf-nan": "rows of nothing but -inf are answered nan: 6 of 6 are wrong, as inf - inf gives",
    "allninf-pinf": "rows of nothing but -inf are answered +inf: 6 of 6 are wrong",
    "pinf-nan": "rows with one +inf are answered nan: 17 of 17 are wrong, as inf - inf gives",
    "two-pinf-nan": "rows with two +inf or more are answered nan: 6 of 6 are wrong",
    "nan-ignored": "rows with one nan are answered with a number: 17 of 17 are wrong, so nan is dropped",
    "nan-lost-beside-pinf": "so +inf is answered before nan is looked for",
    "empty-raises": "rows without entries raise: 1 of 1 are wrong (raised ValueError",
    "n1-zero": "rows of one entry are answered 0: 3 of 3 are wrong",
    "masked-as-100": "-inf is read as -100",
    "masked-as-1e4": "-inf is read as -10000",
    "masked-as-zero": "-inf is read as 0",
    "seq-sum-own-f16": "the sum of ones stops growing at 2,048 = 2^11: a float16 accumulator",
    "seq-sum-own-bf16": "the sum of ones stops growing at 256 = 2^8: a bfloat16 accumulator",
    "input-cast-f16": "entries are rounded to float16",
    "input-cast-f32": "entries are rounded to float32",
    "out-bf16": "every wrong answer is a number of bfloat16 (314 of 314): the answer is rounded to bfloat16",
    "exp-of-f16": "differences to the maximum are rounded to float16",
    "log-in-f32": "as a step or a constant in float32 makes them",
    "drop-terms-below-20": "[0, -d] is answered 0 from d = 20 to 98 (30 of 30 asked there, 0 of 39 below)",
    "log-not-log1p": "the sum 1 + exp(-d) is 1 in float64 from 36.74 on: its logarithm is taken",
    "log-not-log1p-own": "the sum 1 + exp(-d) is 1 in float32 from 16.64 on: its logarithm is taken",
    "eps-in-log-1e-6": "1e-06 is added to every sum",
    "eps-in-log-1e-16": "1e-16 is added to every sum",
    "dedup-equal-values": "equal entries count once: that gives the answers at all 443 lengths",
    "log1p-double-count": "one entry is counted twice: that gives the answers at all 443 lengths",
    "returns-base2": "answer / truth is 1.4427 = log2 e on 322 of 322 wrong numbers: the answer is in base 2",
    "ln2-missing-on-log": "the logarithm is in base 2, the maximum is not",
    "ln2-missing-on-max": "the maximum is in base 2, the logarithm is not",
    "replica-plus-log2": "answer - truth is 0.69315 = ln 2 on 325 of 325 wrong numbers: everything is counted twice",
    "abs-out": "answer / truth is -1 on 118 of 118 wrong numbers: the answer has the wrong sign",
    "lazy-rescale-overflow": "is answered +inf from g = 88.73 to 120",
    "tile-max-only": "earlier entries are taken under a later maximum",
    "tile-max-but-last": "where its place is 32 of a tile of 32: the maximum of a tile leaves it out",
    "masked-tile-max-0-of-32": "begins with 32 masked entries or more",
    "masked-tile-max-0-of-128": "a tile of 128, masked as a whole",
    "tail-padded-zeros": "n is rounded up to a multiple of 32 and the rest is filled with zeros",
    "tail-repeats-last": "n is rounded up to a multiple of 32 and the rest counts like entries",
    "tail-dropped-4": "only multiples of 4 entries are read once there are 4",
    "tail-dropped-128": "only multiples of 128 entries are read once there are 128",
    "last-dropped": "the last entry is not read: that gives the answers at all 443 lengths",
    "n-gt-1024-ignored": "only the first 1,024 = 2^10 entries are read",
    "n-gt-32767-ignored": "only the first 32,767 entries are read",
    "width-513-1023-odd": "wrong at odd n except n % 32 = 31, n from 513 to 1,021 (240 lengths)",
    "tie-exact-power": "wrong at n = 65,536 (1 length), and right at the other 442 lengths",
    "out-dtype-wrong": "answers in another dtype on 407 of 409 probes",
    "race": "of 132 probes are answered otherwise when the same batch is asked again",
    "softmax-naive-own": "exp overflows float32 at ln 3.4028e+38 = 88.72: the maximum is not subtracted",
    "softmax-sum-f16": "the sum of ones stops growing at 2,048 = 2^11: a float16 accumulator",
    "softmax-from-stored-lse": "what the row is divided by is wrong, the exponentials are not",
    "logprob-x-minus-lse": "in float32 c + ln 2 is c from 1.678e+07 on: LSE is subtracted from the entries",
    "log-of-softmax": "exp underflows float32 at -103.97: the logarithm is taken of a softmax that is 0",
    "log-softmax-base2": "the logarithm is in base 2, the maximum is not",
    "xent-replicas": "answer - truth is 0.69315 = ln 2 on 319 of 319 wrong numbers: everything is counted twice",
    "logaddexp-cutoff-20": "terms below exp(-20) are left out",
    "logaddexp-divides": "exp overflows float64 at ln 1.7977e+308 = 709.78: the maximum is not subtracted",
}

#: faults of which the rules alone know nothing, and say so: only comparing names them
UNKNOWN = (
    "terms-cast-bf16",
    "log2e-5-digits",
    "exp-relerr-1e-4",
    "rescale-missing",
    "log1p-absolute-fit",
    "merge-adds",
)


@pytest.mark.parametrize("name", TOLD)
def test_the_figures_of_a_fault_give_its_cause_away(name):
    """What is new to the table of faults is still told by what it does."""
    assert TOLD[name] in told(of_fault(name, alone=True))


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_no_rule_knows_is_not_explained(name):
    """Better no cause than a wrong one: what is said here is only what was seen, without a fix."""
    for cause in of_fault(name, alone=True).causes:
        assert cause.kind in ("special", "threshold", "nearest", "place")
        assert not cause.fix or cause.kind == "special"


def test_every_statement_carries_its_counts():
    """Nothing is claimed that was not counted."""
    for cause in of_fault("shift-first", alone=True).causes:
        assert 0 < cause.confidence.agreeing <= cause.confidence.probes
        assert str(cause.confidence.agreeing) in cause.statement or cause.kind == "place"
