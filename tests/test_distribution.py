"""distribution: means, percentiles and histogram in memory that does not grow."""

import math

import numpy as np
import pytest

from lsecheck import distribution
from lsecheck.distribution import Distribution


def errors(count: int) -> "tuple[np.ndarray, ...]":
    """Errors over twenty octaves, an exact 0 among them."""
    chance = np.random.default_rng(count)
    ulp = np.ldexp(chance.random(count), chance.integers(-10, 10, count))
    ulp[0] = 0.0
    return ulp, ulp * chance.choice([-1.0, 1.0], count), ulp / 3, ulp / 7


def told(columns: "tuple[np.ndarray, ...]", parts: int) -> Distribution:
    """The same errors handed over in so many parts."""
    found = Distribution()
    for part in zip(*(np.array_split(column, parts) for column in columns), strict=True):
        found.add(*part)
    return found


def test_up_to_the_limit_every_figure_is_exact():
    """Ranks count from 0 and are rounded down."""
    columns = errors(1001)
    figures = told(columns, 5).figures()
    ordered = np.sort(columns[0])
    assert (figures["p50_ulp"], figures["p99_ulp"]) == (ordered[500], ordered[990])
    assert (figures["max_ulp"], figures["max_scaled"], figures["max_excess"]) == tuple(
        columns[place].max() for place in (0, 2, 3)
    )
    assert figures["mean_ulp"] == pytest.approx(math.fsum(columns[0]) / 1001, rel=1e-15)
    assert figures["bias_ulp"] == pytest.approx(math.fsum(columns[1]) / 1001, rel=1e-12)


def test_beyond_the_limit_percentiles_are_upper_ends_and_nothing_else_changes(monkeypatch):
    """What is said of memory: bins 2^-8 wide, and never below the exact percentile."""
    columns = errors(5000)
    exact = told(columns, 7).figures()
    monkeypatch.setattr(distribution, "KEPT", 300)
    counted = told(columns, 7)
    assert counted._kept == [], "nothing is kept one by one"
    binned = counted.figures()
    for name in ("p50_ulp", "p99_ulp"):
        assert exact[name] <= binned[name] <= exact[name] * (1 + 2.0**-8)
    assert {k: v for k, v in binned.items() if k[0] != "p"} == {k: v for k, v in exact.items() if k[0] != "p"}


def test_an_error_on_an_edge_counts_below_it():
    """The histogram says how many errors are at most that many ulps."""
    found = Distribution()
    ulp = np.array([0.0, 0.5, np.nextafter(0.5, 1), 1.0, 1e300, np.finfo(np.float64).max])
    found.add(ulp, ulp, ulp, ulp)
    counts = dict(found.figures()["histogram"])
    assert (counts[0.5], counts[1.0]) == (2, 2)
    assert sum(counts.values()) == 6
    assert math.isfinite(found.figures()["mean_ulp"])
