"""format -> Hypothesis strategies: the numbers, rows, batches and plans that break logsumexp, and shrink well.

For the property tests of whoever writes an implementation; nothing else of lsecheck needs Hypothesis.

    from hypothesis import given
    from lsecheck import measure, strategies

    @given(strategies.batches("float32"))
    def test_my_logsumexp(batch):
        found = measure("logsumexp", batch, my_logsumexp(batch), require="shifted")
        assert (found.kind == "").all()
        assert not (found.excess > 1).any()

Every version of Hypothesis draws otherwise: what is found is a counterexample, what is not found is no
measurement.
"""

from lsecheck.errors import EnvironmentRefused

try:
    from lsecheck.strategies.numbers import numbers
    from lsecheck.strategies.rows import batches, labelled, rows
    from lsecheck.strategies.streams import plans, streaming_machine
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] != "hypothesis":
        raise
    raise EnvironmentRefused("lsecheck.strategies needs hypothesis: pip install 'lsecheck[fuzz]'") from missing

__all__ = ["batches", "labelled", "numbers", "plans", "rows", "streaming_machine"]
