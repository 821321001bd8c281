"""pytest -> the fixture `lsecheck`, the options of its checks, and tests parametrised over formats and families.

Loaded in every pytest run where lsecheck is installed, so nothing here imports anything of ours
until a test asks for it: that costs a run without such tests a millisecond.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from lsecheck.subjects.loading import Loading
    from lsecheck.subjects.subject import Subject

_MARKER = (
    "lsecheck(formats=[...], families=[...]): run a test once for each format or family,"
    " handed over as lsecheck_format and lsecheck_family (lsecheck)"
)
#: argument of a test -> keyword of the marker
_PARAMETERS = {"lsecheck_format": "formats", "lsecheck_family": "families"}
_FORMATS = ("float16", "float32", "float64")

_passed = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of every check that does not say otherwise."""
    group = parser.getgroup("lsecheck", "accuracy of logsumexp and its family (the fixture lsecheck)")
    group.addoption(
        "--lsecheck-effort",
        default="quick",
        metavar="EFFORT",
        help="how many cases a check asks: quick (the default), standard or deep",
    )
    group.addoption(
        "--lsecheck-seed",
        type=int,
        default=0,
        metavar="N",
        help="another sample of cases: a number from 0 (default: 0)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker; refuse options that mean nothing before any test runs."""
    config.addinivalue_line("markers", _MARKER)
    effort, seed = config.getoption("lsecheck_effort"), config.getoption("lsecheck_seed")
    if (effort, seed) != ("quick", 0):
        from lsecheck.errors import InputError
        from lsecheck.inputs.cases import check_effort

        try:
            check_effort(effort, seed)
        except InputError as error:
            raise pytest.UsageError(str(error)) from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests that take `lsecheck_format` or `lsecheck_family` run once for each."""
    marker = metafunc.definition.get_closest_marker("lsecheck")
    wanted = [argument for argument in _PARAMETERS if argument in metafunc.fixturenames]
    if marker is None and not wanted:
        return
    from lsecheck.errors import LsecheckError

    try:
        given = _given(marker, wanted)
        for argument in wanted:
            metafunc.parametrize(argument, _checked(_PARAMETERS[argument], given))
    except LsecheckError as error:
        raise pytest.Collector.CollectError(f"{metafunc.definition.nodeid}: {error}") from None


def _given(marker: "pytest.Mark | None", wanted: list[str]) -> dict[str, Any]:
    """What a marker says; `InputError` for what would be ignored."""
    from lsecheck.errors import InputError, UnknownName

    given = dict(marker.kwargs) if marker else {}
    if marker and marker.args:
        raise InputError(
            f"the marker lsecheck takes {' and '.join(_PARAMETERS.values())} by keyword, got {marker.args}"
        )
    for name in given:
        if name not in _PARAMETERS.values():
            raise UnknownName("keyword of the marker lsecheck", name, _PARAMETERS.values())
    for argument, keyword in _PARAMETERS.items():
        if keyword in given and argument not in wanted:
            raise InputError(f"the marker lsecheck says {keyword}, and the test does not take {argument}")
    return given


def _checked(keyword: str, given: dict[str, Any]) -> list[str]:
    """The names to run over; `InputError` where one is unknown, or there are none."""
    from lsecheck import formats
    from lsecheck.errors import InputError
    from lsecheck.inputs import cases

    if keyword == "formats":
        names = [str(formats.pair(text)) for text in given.get(keyword, _FORMATS)]
    else:
        names = [cases.check_name(name) for name in given.get(keyword, cases.names())]
    if not names:
        raise InputError(f"the marker lsecheck has no {keyword}: nothing would be asked")
    return list(dict.fromkeys(names))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: "pytest.CallInfo[None]") -> Any:
    """Remember whether a test passed: one that did must have measured something."""
    report: pytest.TestReport = yield
    if call.when == "call":
        item.stash[_passed] = report.passed
    return report


@pytest.fixture
def lsecheck(request: pytest.FixtureRequest) -> "Iterator[Callable[..., None]]":
    """Fail the test unless a function keeps a contract: `lsecheck(my_logsumexp, format="float32", require="shifted")`.

    Takes what `lsecheck.assert_accurate` takes: function, format, require, waive, families, loading;
    effort and seed are those of the command line unless given. The failure is the reproducer.
    """
    asked = 0

    def judge(
        subject: "str | Callable[..., Any] | Subject",
        *,
        function: str = "logsumexp",
        format: str,
        require: str = "shifted",
        effort: "str | None" = None,
        waive: Iterable[str] = (),
        families: "Iterable[str] | None" = None,
        seed: "int | None" = None,
        loading: "Loading | None" = None,
    ) -> None:
        __tracebackhide__ = True
        nonlocal asked
        from lsecheck.errors import LsecheckError
        from lsecheck.subjects.loading import PLAIN
        from lsecheck.testing import assert_accurate

        asked += 1
        try:
            assert_accurate(
                subject,
                function=function,
                format=format,
                require=require,
                effort=request.config.getoption("lsecheck_effort") if effort is None else effort,
                waive=waive,
                families=families,
                seed=request.config.getoption("lsecheck_seed") if seed is None else seed,
                loading=loading or PLAIN,
            )
        except LsecheckError as error:
            raise error.with_traceback(None)  # noqa: B904 - it is the same error, without our frames

    yield judge
    if not asked and request.node.stash.get(_passed, False):
        from lsecheck.errors import NothingMeasured

        raise NothingMeasured("nothing was measured: the test takes the fixture lsecheck and never called it")
