"""What a planted fault is: a callable that is wrong in one line, and what is known of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One planted fault, or an honest control beside which it can be told."""

    name: str  #: as in the subject `lsecheck.faults:NAME`
    meaning: str  #: what is wrong, in one line
    recalls: str  #: public threads, owner/repo#N, where code was wrong in this or the nearest way; '' for controls
    call: Callable[..., Any]  #: call(x, axis=-1); call(a, b) for logaddexp; call(x, labels) for cross_entropy
    families: tuple[str, ...]  #: one to three, each of which catches it alone; none where only a search can
    function: str = "logsumexp"
    format: str = "float32"
    require: str = "shifted"  #: the contract that it breaks where it breaks nothing else; the one a control keeps
    effort: str = "quick"  #: at which the families catch it
    tiny: bool = True  #: whether rows of at most 3 entries, each asked for plainly and alone, can show it
