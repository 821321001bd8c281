"""Hypothesis as an engine: rows it makes up, steered by the objective; nothing where it is not installed."""

import importlib.util
from itertools import islice

import numpy as np
import pytest

from fuzz.arenas import arena, good, planted
from lsecheck.formats import FORMATS
from lsecheck.fuzz import fuzz, properties

needed = pytest.mark.skipif(
    importlib.util.find_spec("hypothesis") is None, reason="pip install 'lsecheck[fuzz]'"
)  # fmt: skip


def rows(asked, count, seed=0):
    """What was made up."""
    return [heard.asked.batch.values for heard in islice(properties.explored(asked, seed), count)]


def test_without_hypothesis_the_engine_does_nothing_and_says_why(monkeypatch):
    """The report has a line on it: nobody should think that it was asked."""
    monkeypatch.setattr(properties, "find_spec", lambda _: None)
    assert list(properties.explored(arena(good), 0)) == []
    found = fuzz(good, cases=50, engines=("properties",), explain=False)
    (effort,) = found.efforts
    assert (effort.engine, effort.cases) == ("properties", 0)
    assert effort.note == "not installed: pip install 'lsecheck[fuzz]'"
    assert found.status == 5


@needed
class TestExplored:
    """With Hypothesis."""

    def test_every_example_is_one_case_that_is_judged(self):
        """A budget can be kept to."""
        assert properties.note() == ""
        heard = list(islice(properties.explored(arena(good), 0), 30))
        assert [len(each) for each in heard] == [1] * 30
        assert not any(each.broken.any() for each in heard)

    def test_rows_of_any_length_are_made_up(self):
        """None, one and many entries, numbers and special values."""
        seen = rows(arena(good), 125)
        lengths = {values.shape[1] for values in seen}
        assert {0, 1} <= lengths
        assert 8 < max(lengths) <= 64
        assert any(np.isnan(values).any() for values in seen)
        assert any(np.isinf(values).any() for values in seen)

    def test_waived_special_values_are_not_made_up(self):
        """They are not looked for."""
        assert all(np.isfinite(values).all() for values in rows(arena(good, waived=frozenset({"specials"})), 75))

    def test_no_infinity_is_made_up_where_there_is_none(self):
        """Rows are numbers of the format."""
        for values in rows(arena(good, fmt="float8_e4m3fn"), 75):
            assert not np.isinf(values).any()
            assert (np.abs(np.nan_to_num(values)) <= FORMATS["float8_e4m3fn"].largest).all()

    @pytest.mark.parametrize(("function", "least", "most"), [("logaddexp", 2, 2), ("cross_entropy", 1, 64)])
    def test_rows_fit_the_function(self, function, least, most):
        """Pairs for logaddexp, and an entry to label."""
        lengths = {values.shape[1] for values in rows(arena("log1p-shift", function), 75)}
        assert least <= min(lengths) <= max(lengths) <= most

    def test_a_seed_makes_up_the_same_again(self):
        """With the same Hypothesis; another seed makes up something else."""
        one, again, other = (rows(planted("shift-first"), 35, seed) for seed in (1, 1, 2))
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one, again, strict=True))
        assert not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one, other, strict=True))

    @pytest.mark.parametrize("name", ["shift-first", "allninf-nan"])
    def test_faults_are_found(self, name):
        """A broken case is a finding and no failure of the engine, which goes on."""
        heard = list(islice(properties.explored(planted(name), 0), 110))
        assert len(heard) == 110
        assert any(each.broken.any() for each in heard)

    def test_it_is_steered_by_the_objective(self, monkeypatch):
        """Hypothesis is told every finite score, under the name of the objective."""
        import hypothesis

        told = []
        monkeypatch.setattr(hypothesis, "target", lambda score, *, label: told.append((score, label)))
        heard = list(islice(properties.explored(arena("max-shift", objective="ulp"), 0), 50))
        scores = [float(each.score[0]) for each in heard if np.isfinite(each.score).any()]
        assert [score for score, _ in told[: len(scores)]] == scores
        assert {label for _, label in told} == {"ulp"}
