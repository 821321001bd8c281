"""subject -> nothing, or AssertionError with the case that breaks it: for test suites."""

from collections.abc import Callable, Iterable
from typing import Any

from lsecheck.errors import NothingMeasured
from lsecheck.gate import EMPTY, check
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Subject


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
