"""subject -> nothing, or AssertionError with the case that breaks it: for test suites."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from lsecheck import contracts, formats, functions
from lsecheck.errors import InputError, NothingMeasured
from lsecheck.gate import EMPTY, check
from lsecheck.subjects import load
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Subject


def assert_case(
    subject: "str | Callable[..., Any] | Subject",
    values: "str | Iterable[float]",
    *,
    function: str = "logsumexp",
    format: str,
    require: str = "shifted",
    label: "int | None" = None,
    copies: int = 1,
    plan: str = "",
    loading: Loading = PLAIN,
) -> None:
    """Fail a test unless `subject` answers one case as a contract and the special values demand.

    subject   a name, `module:function`, or a callable: (rows, n) and axis=-1 -> (rows,)
    values    the entries: numbers, or text as `lsecheck explain` takes it, "0x0p0*31 0x1.68p8"
    format    IN, or IN:OUT; the values must be numbers of IN
    label     of the row, for cross_entropy
    copies    so many equal rows are asked in one batch
    plan      how a streaming subject is fed
    raises    AssertionError with what was got and what is right

    >>> lsecheck.assert_case("log1p-shift", "0 -1000", format="float32", require="conditioned")
    """
    __tracebackhide__ = True
    from lsecheck.arena import Arena
    from lsecheck.inputs.corpus import parse_values
    from lsecheck.inputs.kept import MOST_COPIES, rounded_values

    if not 1 <= copies <= MOST_COPIES:
        raise InputError(f"copies lie from 1 to {MOST_COPIES:,}, got {copies}")
    pair, defined = formats.pair(format), functions.named(function)
    given = parse_values(values.split()) if isinstance(values, str) and values else [float(one) for one in values or ()]
    # an exact zero has no sign, a float's has
    held = [float(number) if number == 0 else formats.rounded(pair.input, number) for number in given]
    if isinstance(values, str):
        held = list(rounded_values(values.split(), pair.input))
    row = np.array(held, np.float64)
    changed = [number for number, held in zip(given, row, strict=True) if math.isfinite(number) and held != number]
    if changed:
        raise InputError(f"{float(changed[0])!r} is no number of {pair.input}: round the values first")
    arena = Arena(load(subject, loading), defined, pair, contracts.named(require))
    labels = None if label is None else np.full(copies, label)
    batch = np.repeat(row[None, :], copies, axis=0)
    heard = arena.judge(arena.batch(batch, defined.validate(batch, labels), plan))
    if heard.broken.any():
        from lsecheck.report import fuzzed  # only a failure needs its words

        raise AssertionError(fuzzed.failure(arena, heard))


def assert_accurate(
    subject: "str | Callable[..., Any] | Subject",
    *,
    function: str = "logsumexp",
    format: str,
    require: str = "shifted",
    effort: str = "quick",
    waive: Iterable[str] = (),
    families: "Iterable[str] | None" = None,
    seed: int = 0,
    loading: Loading = PLAIN,
) -> None:
    """Fail a test unless `subject` keeps a contract on every family.

    subject   a name, `module:function`, or a callable: (rows, n) and axis=-1 -> (rows,)
    format    IN, or IN:OUT
    waive     any of specials, range, conduct: not asked for
    families  names; by default all of them
    raises    AssertionError with the reproducer; `NothingMeasured` if no case was scored, since
              an empty check is no pass

    >>> lsecheck.assert_accurate("log1p-shift", format="float32", require="conditioned")
    """
    __tracebackhide__ = True  # pytest shows the line of the test
    result = check(subject, function, [format], families, effort, require, seed, waive=waive, loading=loading)
    if result.status == EMPTY:
        raise NothingMeasured(f"nothing was measured: {'; '.join(found.reason for found in result.verdicts)}")
    if not result.ok:
        from lsecheck.report import text  # only a failure needs its words

        raise AssertionError(text.render(result.rows, result.verdicts))
