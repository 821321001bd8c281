"""stream -> plans to feed it by, and a state machine that feeds it in every order and holds it to the truth."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, precondition, rule

from lsecheck import contracts, formats, functions
from lsecheck.contracts import Contract
from lsecheck.errors import InputError, SubjectError
from lsecheck.expectation import Expectation
from lsecheck.formats import Format, FormatPair
from lsecheck.functions.definition import Floats
from lsecheck.inputs.batch import Batch
from lsecheck.measure import errors
from lsecheck.strategies.numbers import finite, special
from lsecheck.strategies.rows import Draw
from lsecheck.subjects import load
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.question import Array
from lsecheck.subjects.streaming import Feed, Leaf, Merge, Plan
from lsecheck.subjects.subject import Patience, Subject, ask_whole

#: merges within merges
_DEPTH = 4


def plans(n: int, *, merges: bool = True) -> "st.SearchStrategy[str]":
    """Ways of feeding a row of n to a streaming subject, as `--plan` and `Loading(plan=...)` take them.

    Sizes of chunks in turn, `3,0,5`, and merges of two plans, `(3,0 5)`; they sum to n, empty chunks, empty parts
    and parts that are never updated included. Without `merges`, sizes alone. Shrinks towards one chunk.

        @given(strategies.rows("float32", min_size=8, max_size=8), strategies.plans(8))
        def test_my_stream(row, plan):
            lsecheck.assert_case(MyStream, row.tolist(), format="float32", plan=plan)
    """
    if n < 0:
        raise InputError(f"a row has 0 entries or more, not {n}")
    return _plans(n, _DEPTH if merges else 0, False).map(str)


@st.composite
def _plans(draw: Draw, n: int, depth: int, inside: bool) -> Plan:
    if depth and draw(st.booleans()):
        cut = draw(st.integers(0, n))
        return Merge(draw(_plans(cut, depth - 1, True)), draw(_plans(n - cut, depth - 1, True)))
    if inside and n == 0 and draw(st.booleans()):
        return Leaf()
    cuts = [0, *sorted(draw(st.lists(st.integers(0, n), max_size=4))), n]
    return Leaf(tuple(after - before for before, after in pairwise(cuts)))


@dataclass(frozen=True, slots=True)
class _Held:
    """A state of the stream, and the entries it has seen."""

    state: Any
    seen: Array  #: (rows, n)

    def __repr__(self) -> str:
        return f"a state of {self.seen.shape[1]} entries"


def streaming_machine(
    subject: "str | Callable[..., Any] | Subject | object",
    format: "str | FormatPair" = "float32",
    require: "str | Contract" = "shifted",
    *,
    rows: int = 2,
    max_size: int = 8,
    specials: bool = True,
    loading: Loading = PLAIN,
) -> "type[RuleBasedStateMachine]":
    """A Hypothesis state machine that makes, updates and merges states of a stream, and holds each to the truth.

    subject   an object or class with init, update, merge and finish (docs/subjects.md, Streaming), or its name
    format    IN, or IN:OUT; require is the contract that every answer must keep
    rows      rows that every chunk has; chunks have up to `max_size` entries, empty and masked ones included
    specials  nan and infinities among the entries; without them, masks are finite numbers
    raises    `SubjectError` for what does not stream, or not in this process; while it runs, AssertionError
              with the entries of a row and what is right

    Several states live at once, which one plan after the other does not show. In the end every one that is left is
    finished, and its answer compared with the truth of all that it has seen. A state that was updated or merged is
    not used again, but as what the call answered.

        TestMyStream = strategies.streaming_machine(MyStream, "float32").TestCase
        TestMyStream.settings = hypothesis.settings(TestMyStream.settings, max_examples=300)
    """
    found = load(subject, loading)  # type: ignore[arg-type]
    feed = found.implementations.get("logsumexp")
    if not isinstance(feed, Feed):
        raise SubjectError(f"{found.name} does not stream in this process: name an object with init, update and finish")
    return _machine(_Player(found, feed, formats.pair(format), contracts.named(require)), rows, max_size, specials)


def _machine(player: "_Player", rows: int, max_size: int, specials: bool) -> "type[RuleBasedStateMachine]":
    stream, pair = player.feed.stream, player.pair
    chunks = _chunks(pair.input, rows, max_size, specials)

    class StreamingMachine(RuleBasedStateMachine):
        """States of a stream, and what each has seen."""

        held: Bundle[_Held] = Bundle("held")

        def __init__(self) -> None:
            super().__init__()
            self.live: list[_Held] = []  # what is still to be finished
            self.failed = False

        def _kept(self, make: Callable[[], Any], seen: Array, *used: _Held) -> _Held:
            self.live = [one for one in self.live if not any(one is each for each in used)]
            self.failed = True  # unless it comes to its end
            new = _Held(make(), seen)
            self.failed = False
            self.live.append(new)
            return new

        @rule(target=held, chunk=chunks)
        def begun(self, chunk: Array) -> _Held:
            """A state of a chunk."""
            return self._kept(lambda: player.begin(chunk), chunk)

        if stream.update is not None:

            @rule(target=held)
            def new(self) -> _Held:
                """A state of no entry."""
                empty = np.empty((rows, 0), pair.input.dtype)
                return self._kept(lambda: player.make(empty), empty)

            @rule(target=held, one=consumes(held), chunk=chunks)
            def updated(self, one: _Held, chunk: Array) -> _Held:
                """The same with more entries."""
                seen = np.concatenate([one.seen, chunk], axis=1)
                return self._kept(lambda: player.update(one.state, chunk), seen, one)

        if stream.merge is not None:

            @rule(target=held, one=consumes(held), chunk=chunks, last=st.booleans())
            def joined(self, one: _Held, chunk: Array, last: bool) -> _Held:
                """The same merged with a state of a chunk, which comes last or first."""
                seen = [one.seen, chunk] if last else [chunk, one.seen]

                def make() -> Any:
                    other = player.begin(chunk)
                    return player.merge(one.state, other) if last else player.merge(other, one.state)

                return self._kept(make, np.concatenate(seen, axis=1), one)

            @precondition(lambda self: len(self.live) > 1)
            @rule(target=held, one=consumes(held), other=consumes(held))
            def merged(self, one: _Held, other: _Held) -> _Held:
                """Two of them as one."""
                seen = np.concatenate([one.seen, other.seen], axis=1)
                return self._kept(lambda: player.merge(one.state, other.state), seen, one, other)

        def teardown(self) -> None:
            """Every state that is left answers right."""
            while self.live and not self.failed:
                self._judge(self.live.pop())

        def _judge(self, one: _Held) -> None:
            wrong = player.wrong(one)
            if wrong:
                self.failed = True
                raise AssertionError(wrong)

    # explaining traces every line of the oracle, which takes longer than finding and shrinking do
    phases = [phase for phase in Phase if phase is not Phase.explain]
    StreamingMachine.TestCase.settings = settings(deadline=None, phases=phases)
    return StreamingMachine


@st.composite
def _chunks(draw: Draw, fmt: Format, rows: int, most: int, specials: bool) -> Array:
    """Few draws each, since many chunks make a story: any numbers, one again and again, or nothing but masks."""
    n = draw(st.integers(0, most))
    kinds = [st.lists(finite(fmt), min_size=n, max_size=n), finite(fmt).map(lambda x: [x] * n)]
    if specials:
        if fmt.has_infinity:
            kinds.append(st.just([-np.inf] * n))
        kinds.append(st.lists(finite(fmt) | special(fmt), min_size=n, max_size=n))
    row = st.one_of(kinds)
    return formats.cast(np.array([draw(row) for _ in range(rows)]).reshape(rows, n), fmt)


@dataclass(frozen=True, slots=True)
class _Player:
    """Calls a stream, and judges it."""

    subject: Subject
    feed: Feed
    pair: FormatPair
    required: Contract

    def make(self, chunk: Array) -> Any:
        return self._step(self.feed.stream.init, chunk)

    def begin(self, chunk: Array) -> Any:
        """As every leaf of a plan begins."""
        if self.feed.stream.update is None:
            return self.make(chunk)
        return self.update(self.make(chunk[:, :0]), chunk)

    def update(self, state: Any, chunk: Array) -> Any:
        update = self.feed.stream.update
        assert update is not None
        return self._step(lambda given: update(state, given), chunk)

    def merge(self, one: Any, other: Any) -> Any:
        merge = self.feed.stream.merge
        assert merge is not None
        return self._step(lambda _: merge(one, other), np.empty((1, 0), self.pair.input.dtype))

    def _step(self, step: Callable[[Any], Any], chunk: Array) -> Any:
        # in a tuple, so that a state that is an array of another library stays one; the chunk is the stream's own
        with _quiet():
            return self.feed.apply(chunk.copy(), step=lambda given: (step(given),))[0]

    def wrong(self, held: _Held) -> str:
        """What is wrong with the answer of a state, in words; '' if nothing is."""
        function, values = functions.named("logsumexp"), formats.widen(held.seen)
        empty = held.seen[:, :0]

        def finish(_: Array) -> Any:
            return self.feed.apply(empty, step=lambda _: self.feed.stream.finish(held.state))

        asked = replace(self.subject, implementations={"logsumexp": finish})
        answers = ask_whole(asked, function, values, self.pair, None, Patience())
        whole = Batch("stream", 0, np.arange(len(values)), values, None)
        batch, truth, _ = Expectation(function, whole, self.pair).of(self.subject.declared)
        if len(values) and answers.trouble[0]:
            return f"{self.subject.name} {self.pair}: finish {answers.message or answers.trouble[0]}"
        said = answers.values[batch.indices]
        found = errors(truth, said, self.required, flushes=self.subject.declared.flushes_subnormals)
        missed = (found.codes > 0) | (~np.isnan(found.ulp) & (found.rung > self.required.rung))
        if not missed.any():
            return ""
        row = int(np.flatnonzero(missed.any(axis=1))[0])
        kind, excess = str(found.kind[row, 0]), float(found.excess[row, 0])
        right = formats.hex_text(float(formats.widen(truth.rounded)[row, 0]))
        return (
            f"{self.subject.name} {self.pair}, row {batch.indices[row]}: x = [{_shown(batch.values[row])}]\n"
            f"  got {formats.hex_text(float(said[row, 0]))}, should be {right}: "
            + (f"{kind} is wrong" if kind else f"{excess:.3g} times what {self.required} allows")
        )


def _shown(row: Floats) -> str:
    return ", ".join(map(formats.hex_text, row.tolist()))


@contextmanager
def _quiet() -> Iterator[None]:
    """What a stream warns of is no matter of accuracy (conduct judges that)."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
