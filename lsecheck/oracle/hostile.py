"""The floating-point environment -> nothing, or a refusal that names who spoilt it.

The proofs assume IEEE round-to-nearest with gradual underflow. A library built with
-ffast-math can switch the processor to flush-to-zero for the whole thread when it is loaded.
"""

import os
import platform
from pathlib import Path

from lsecheck.errors import EnvironmentRefused

_SMALLEST_NORMAL = 2.0**-1022
_SMALLEST = 2.0**-1074
_HALF = 0.5
_ONE = 1.0
_UNIT = 2.0**-53
_ONE_AND_TWO_ULPS = 1.0 + 2.0**-51


def check() -> None:
    """`EnvironmentRefused` unless this thread rounds to nearest even and keeps subnormal numbers.

    The operands are variables, so that the processor computes and no compiler does.
    """
    if _SMALLEST_NORMAL * _HALF == 0.0 or _SMALLEST * _ONE == 0.0 or _SMALLEST + _SMALLEST == 0.0:
        culprits = suspects()
        named = f"; {', '.join(culprits)} likely set it, being built with -ffast-math" if culprits else ""
        raise EnvironmentRefused(
            "this process flushes subnormal numbers to zero, so no answer here can be certified"
            f"{named}: load that library after lsecheck has run, or in another process"
        )
    if _ONE + _UNIT != 1.0 or -_ONE - _UNIT != -1.0 or _ONE + 3 * _UNIT != _ONE_AND_TWO_ULPS:
        raise EnvironmentRefused(
            "this process does not round to nearest, so no answer here can be certified:"
            " something changed the rounding mode; restore FE_TONEAREST"
        )


def suspects() -> list[str]:
    """Loaded libraries that contain the start-up code of -ffast-math (Linux on x86-64 only).

    That code ors 0x8040 (flush-to-zero, denormals-are-zero) into the control register.
    """
    if platform.machine() not in ("x86_64", "AMD64") or not os.path.exists("/proc/self/maps"):
        return []
    paths = {line.split(maxsplit=5)[5].strip() for line in _lines("/proc/self/maps") if ".so" in line}
    return sorted(Path(path).name for path in paths if _sets_fast_math(path))


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


def _sets_fast_math(path: str) -> bool:
    try:
        code = Path(path).read_bytes()
    except OSError:
        return False
    start = code.find(b"\x40\x80\x00\x00")
    while start >= 0:
        # stmxcsr before, ldmxcsr (0f ae /2) shortly after
        if b"\x0f\xae" in code[start - 24 : start] and b"\x0f\xae" in code[start + 4 : start + 24]:
            return True
        start = code.find(b"\x40\x80\x00\x00", start + 1)
    return False
