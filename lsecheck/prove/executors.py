"""shards, anything that runs calls -> what each shard says: the only file that knows of more than one process.

A shard that is lost with its worker is asked again elsewhere; an answer from a worker whose
libraries, processor or lsecheck are others than here is refused, never mixed in.
"""

import contextlib
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from typing import Any

from lsecheck import workers
from lsecheck.errors import EnvironmentRefused, InputError, LsecheckError, SubjectError, UnknownName
from lsecheck.prove.claim import Claim
from lsecheck.prove.shard import Judged, perform

#: times that a shard may be lost with its worker
ATTEMPTS = 4
#: shards under way at once, for an executor that does not say how many it works on
WINDOW = 64
#: seconds that a scheduler may take to answer
PATIENCE = 20

SCHEMES = ("dask",)


def here(claim: Claim, places: Iterable[int]) -> Iterator[Judged]:
    """One after the other, in this process."""
    for place in places:
        yield perform(claim, place)


def on(executor: Executor, claim: Claim, places: Iterable[int], window: int = WINDOW) -> Iterator[Judged]:
    """On an executor of somebody else's, as they come; it stays open."""
    yield from _drive(lambda: executor, claim, places, window, renew=False)


def on_processes(jobs: int, claim: Claim, places: Iterable[int]) -> Iterator[Judged]:
    """On so many processes of our own; one that dies is replaced."""
    opened = []

    def opens() -> Executor:
        opened.append(workers.pool(jobs))
        return opened[-1]

    try:
        yield from _drive(opens, claim, places, 2 * jobs, renew=True)
    finally:
        for pool in opened:
            workers.end(pool)


@contextlib.contextmanager
def named(text: str) -> "Iterator[tuple[Executor, int]]":
    """`dask:ADDRESS` -> its executor, and how many shards to have under way there.

    raises    `InputError` where no scheduler answers, `EnvironmentRefused` where dask is not installed
    """
    scheme, _, address = text.partition(":")
    if scheme not in SCHEMES:
        raise UnknownName("executor", scheme, SCHEMES)
    if not address:
        raise InputError("dask needs the address of a scheduler: --executor dask:tcp://HOST:8786")
    try:
        from distributed import Client
        from distributed.comm.addressing import get_address_host_port
    except ImportError:
        raise EnvironmentRefused("the dask executor needs distributed: pip install 'lsecheck[dask]'") from None
    try:
        _ = get_address_host_port(address)  # a client that fails at this is waited for when it is forgotten
        connect: Any = Client
        client = connect(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(f"no dask scheduler answers at {address}: {error}") from None
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise InputError(f"the dask scheduler at {address} has no workers: start one with 'dask worker {address}'")
        yield client.get_executor(pure=False), 2 * threads


def _drive(
    opens: Callable[[], Executor], claim: Claim, places: Iterable[int], window: int, *, renew: bool
) -> Iterator[Judged]:
    waiting, lost = deque(places), Counter[int]()
    flying: dict[Future[Judged], int] = {}
    executor = opens()
    try:
        while waiting or flying:
            broken = False
            while waiting and not broken and _room(waiting[0], flying.values(), lost, window):
                try:
                    future = executor.submit(perform, claim, waiting[0])
                except BrokenExecutor:
                    broken = True
                except RuntimeError as error:
                    raise SubjectError(f"the executor takes no more work: {error}") from None
                else:
                    flying[future] = waiting.popleft()
            done = wait(flying, return_when=FIRST_COMPLETED).done if flying else set()
            for future in done:
                place = flying.pop(future)
                judged, gone = _outcome(future, place, lost, claim)
                if judged is not None:
                    yield judged
                else:
                    waiting.append(place)
                broken |= gone
            if broken:
                if not renew:
                    raise SubjectError("the executor broke: its workers died; the same command goes on with another")
                waiting.extendleft(flying.values())
                flying.clear()
                executor = opens()
    finally:
        for future in flying:
            future.cancel()


def _room(place: int, flying: "Collection[int]", lost: "Counter[int]", window: int) -> bool:
    """A shard that was lost is asked again alone: who kills a worker is not to take others along."""
    suspected = lost[place] or any(lost[each] for each in flying)
    return not flying if suspected else len(flying) < window


def _outcome(future: "Future[Judged]", place: int, lost: "Counter[int]", claim: Claim) -> "tuple[Judged | None, bool]":
    """What a shard says, or None where it is to be asked again; and whether the executor is broken."""
    try:
        return future.result(), False
    except LsecheckError:
        raise
    except Exception as error:
        lost[place] += 1
        if lost[place] >= ATTEMPTS:
            said = f"shard {place} of {claim.name} was lost {ATTEMPTS} times: {type(error).__name__}: {error}"
            raise SubjectError(f"{said}; --isolate shows what kills its worker") from None
        return None, isinstance(error, BrokenExecutor)
