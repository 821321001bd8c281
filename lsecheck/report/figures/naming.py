"""subject, function, kind, format -> the name of a figure, fit for a file and for an id.

Two subjects never share a name, on a file system that ignores case either: what had to be changed
to be fit has a digest of the whole behind it.
"""

import hashlib
import re

#: kinds of figure, in the order of a page
DISTRIBUTION, CONDITION, PLACES, BIAS = "distribution", "condition", "places", "bias"
KINDS = (DISTRIBUTION, CONDITION, PLACES, BIAS)

#: characters of a subject's name that are kept
_LONGEST = 40


def name(subject: str, function: str, kind: str, fmt: str) -> str:
    """`max-shift_logsumexp_bias_float32`."""
    return "_".join(map(fit, (subject, function, kind, fmt.replace(":", "-"))))


def fit(text: str) -> str:
    """The text in lower-case letters, digits, `.`, `-`, `_`; with a digest where that is another text."""
    kept = re.sub(r"[^a-z0-9._-]+", "-", text.lower())[:_LONGEST].strip(".-")
    if kept == text and kept:
        return kept
    return f"{kept}-{digest(text)}".lstrip("-")


def digest(text: str) -> str:
    """Eight hexadecimal digits; lone surrogates of hostile names included."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
