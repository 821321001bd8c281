"""what a subject answers like -> what would mend it, where that is known."""

import functools


def of_method(name: str, broke: "frozenset[str]") -> str:
    """What to change in a built-in method, for the domains in which it broke something; '' where nothing stands out."""
    method = name.partition("@")[0]
    if "contract" in broke:
        return _METHODS.get(method, "")
    return _GUARDS.get(method, "") if "specials" in broke else ""


def of_model(fault: str) -> str:
    """What mends a planted fault; '' where nobody said."""
    return _by_fault().get(fault, "")


@functools.cache
def _by_fault() -> dict[str, str]:
    table: dict[str, str] = {}
    for fix, names in _FAULTS:
        for name in names.split():
            if name in table:
                raise AssertionError(f"two fixes for {name}")
            table[name] = fix
    return table


_WIDER = "sum in float32 or wider, and take log1p of the sum without its largest term"
_METHODS = {
    "naive": "subtract the maximum of the row before exp",
    "max-shift": _WIDER,
    "online": "keep the running sum in a wider format, and rescale it only where the maximum rises",
    "online-blocked": _WIDER,
    "pairwise": "merge in a wider format, and take log1p at the end",
    "log1p-shift": "sum in a wider format",
    "logaddexp-fold": "reduce with one maximum and one sum, in a wider format, not by folding logaddexp",
    "via-lse": "subtract the maximum, then divide by the sum (or subtract its logarithm); do not go through LSE",
}
_NOT_FINITE = "shift by 0 where the maximum is not finite, and add it at the end as it is"
_GUARDS = {
    "naive": "answer -inf where there are no entries",
    "max-shift": _NOT_FINITE,
    "online": "shift by 0 while the running maximum is not finite",
    "online-blocked": "answer +inf where the maximum is +inf and no entry is nan",
    "pairwise": "shift by 0 where both states to be merged are -inf",
    "via-lse": _NOT_FINITE,
}

_SHIFT = "subtract the maximum of the row before exp"
_OWN_MAXIMUM = "take the maximum over all entries of the row, and over no others"
_START = "start the running maximum at -inf, not at a number"
_NO_CLAMP = "do not clamp: after the shift no exponential can overflow"
_MASK = "let -inf be -inf: exp(-inf - max) is 0 wherever the maximum is finite"
_NAN = "let nan through: take the maximum with an operation that propagates nan"
_SEVERAL = "decide nan first, then +inf, then 'nothing but -inf'"
_EMPTY = "answer -inf for no entries, before the maximum is taken"
_SUM = "sum in float32 or wider"
_TERMS = "keep entries, terms and the sum in float32 or wider, and round once, at the end"
_LOG1P = "take log1p of the sum without its largest term"
_BASE = "use one base throughout: multiply by ln 2 once, when leaving base 2"
_DIGITS = "write log2 e and ln 2 with all digits of the format"
_EXP = "take exp in float32 or wider, to an error relative to its value"
_RESCALE = "rescale the old sum by exp(old maximum - new maximum) whenever the maximum rises, and only then"
_TAIL = "read all entries and no others: pad the last tile with -inf"
_MERGE = "merge by the larger of both: m + log1p(exp(-|a - b|)), in natural logarithms, and -inf where both are"
_PARTS = "let an empty part be -inf, and count every part once"
_SMALL = "keep subnormal numbers: do not flush them to zero"
_SOFTMAX_MASK = "answer a fully masked row by one convention, and let masked entries weigh exactly 0"
_FROM_SHIFTED = "work from x - max throughout: do not go back to the entries through a rounded LSE"

_FAULTS = (
    (_SHIFT, "naive-own-f16 naive-own-f32 naive-own-f64 naive-in-f32 no-shift overflow-drops-to-zero softmax-no-shift"
             " softmax-naive-own log-softmax-naive-own xent-no-shift logaddexp-naive-own"),
    (_OWN_MAXIMUM, "shift-first shift-mean shift-absmax max-skips-first max-half-lanes max-first-1024 max-idle-lanes-0"
                   " global-max-over-rows max-not-reset softmax-shift-first softmax-one-max softmax-half-lanes"
                   " log-softmax-half-lanes tile-max-but-last"),
    ("subtract and add the same maximum, not a rounded one", "max-bf16"),
    (_START, "max-init-1e4 max-init-5e4 max-init-1e30"),
    (_NO_CLAMP, "clamp-inputs-80 clamp-shifted-10 xent-clamped"),
    ("return the answer with its sign: it may be negative", "clamp-out-ge0 abs-out"),
    ("multiply after the shift, in float32 or wider", "temperature-own temperature-overflow product-overflow"
                                                      " difference-overflow-nan"),
    (_NOT_FINITE, "allninf-nan allninf-nan-from-two pinf-nan two-pinf-nan masked-tile-nan allninf-zero allninf-pinf"
                  " allninf-lowest isinf-max-ninf pinf-saturates any-ninf-nan logaddexp-equal-inf-nan"
                  " logaddexp-both-ninf-nan scan-prefix-nan"),
    (_NAN, "nan-ignored nan-to-zero nan-lost-beside-ninf nan-first-only nan-first-tile-only nan-clamped-to-88"
           " fmax-with-max softmax-nan-clamped softmax-nan-in-place-only logaddexp-nan-dropped"),
    (_SEVERAL, "nan-lost-beside-pinf logaddexp-nan-lost-beside-inf softmax-pinf-zeros"),
    (_EMPTY, "empty-zero empty-nan empty-lowest empty-raises"),
    ("treat one entry like any other number of entries", "n1-zero"),
    (_MASK, "masked-as-100 masked-as-1e4 masked-as-zero masked-as-lowest lowest-as-masked ninf-keeps-weight"
            " masked-tile-max-0-of-32 masked-tile-max-0-of-128"),
    ("let terms that underflow be 0", "zero-terms-floored drop-terms-below-20 logaddexp-cutoff-20"),
    (_SUM, "seq-sum-own-f16 seq-sum-own-bf16 tree-sum-own-f16 seq-sum-f16 seq-sum-bf16 tile-state-f16 tile-state-bf16"
           " softmax-sum-f16 softmax-sum-bf16 log-softmax-sum-f16"),
    ("sum in float64", "seq-sum-f32 seq-sum-f32-in-f64"),
    (_TERMS, "terms-cast-f16 terms-cast-bf16 input-cast-f16 input-cast-bf16 input-cast-f32 out-f16 out-bf16 out-f32"
             " merge-partials-f16 softmax-reciprocal-bf16 log-softmax-bf16-normaliser logaddexp-by-base-2"),
    ("count equal entries as often as they occur", "dedup-equal-values"),
    (_LOG1P, "log-not-log1p log-not-log1p-own log-not-log1p-f16 logaddexp-log-not-log1p log-softmax-log-not-log1p"
             " xent-log-not-log1p"),
    ("take log1p to an error relative to its value, for all arguments", "log1p-1term-small log1p-2term-small"
                                                                        " log1p-absolute-fit log-in-f32"
                                                                        " logaddexp-cutoff-5"),
    ("take log1p of the sum without its largest term, or log of the sum with it", "log1p-double-count"),
    ("add nothing inside the logarithm or to the denominator: after the shift the sum is at least 1",
     "eps-in-log-1e-6 eps-in-log-1e-16 softmax-eps log-softmax-eps"),
    (_BASE, "returns-base2 ln2-missing-on-log ln2-missing-on-max log-softmax-base2 logaddexp-base2"),
    ("hand over partial answers in the base in which they are merged", "merge-base2-as-e"),
    (_DIGITS, "log2e-5-digits log2e-f32-in-f64 base2-and-back-6-digits"),
    ("reduce the same entries once, not once a replica", "replica-plus-log2 xent-replicas"),
    (_EXP, "exp-power-of-2 exp-power-of-2-but-tail exp-straight-line exp-of-f16 exp-f16-table exp-in-f32"
           " exp-relerr-1e-4 exp-jump-at-5 exp-wraps-below-200 softmax-f16-table softmax-powers-of-two"),
    (_RESCALE, "rescale-sign rescale-missing rescale-twice terms-under-old-max last-tile-max tile-max-only"
               " lazy-rescale-overflow lanes-not-rescaled"),
    (_TAIL, "tail-padded-zeros tail-padded-lowest tail-repeats-last tail-dropped-4 tail-dropped-128 last-dropped"
            " n-gt-1024-ignored n-gt-32767-ignored index-wraps-at-65536 width-513-1023-odd rows-ge-2-only"
            " tie-exact-power lost-at-1700 softmax-width-513-1023-odd softmax-padded"),
    ("count every entry once in the normaliser", "log-softmax-positive"),
    (_MERGE, "merge-arrival-order merge-both-empty-nan merge-adds merge-maximum logaddexp-arrival-order"
             " logaddexp-divides"),
    (_PARTS, "merge-empty-zero merge-idle-overwrites merge-part-not-stored merge-counts-twice"),
    ("carry the sum so far, not the entry before", "scan-carry-wrong"),
    (_SMALL, "out-flush-subnormal in-flush-subnormal"),
    (_SOFTMAX_MASK, "softmax-first-masked softmax-masked-ones softmax-masked-weight"),
    (_FROM_SHIFTED, "softmax-from-bf16-lse softmax-from-stored-lse logprob-x-minus-lse log-of-softmax"
                    " xent-lse-minus-target xent-log-of-softmax"),
    ("pick the entry of the label, do not multiply by a one-hot row", "xent-one-hot-dot"),
    ("index labels with 32 bits or more", "xent-label-int8"),
)  # fmt: skip
