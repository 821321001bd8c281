"""Every case there is, by number: none twice, none left out, and the same from wherever one begins."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_cli import run

from lsecheck import formats, functions
from lsecheck.errors import InputError
from lsecheck.inputs import exhaustive
from lsecheck.inputs.exhaustive import Every, Strata, named, ranked, tuples, unranked

E4M3, E5M2 = (formats.FORMATS[name] for name in ("float8_e4m3fn", "float8_e5m2"))
F16, BF16, F32, F64 = (formats.FORMATS[name] for name in ("float16", "bfloat16", "float32", "float64"))
LSE, CE, ADD = (functions.named(name) for name in ("logsumexp", "cross_entropy", "logaddexp"))


def every(n=2, fmt=E4M3, function=LSE, **more):
    """A space of all there is."""
    return Every(function, fmt, n, **more)


def strata(n=2, fmt=E4M3, function=LSE, **more):
    """A sampled space."""
    return Strata(function, fmt, n, **more)


def whole(space):
    """All of its rows."""
    return space.batch(0, space.count).values


def written(rows):
    """Rows as text that tells -0 from 0."""
    return [tuple(float(number).hex() for number in row) for row in rows]


class TestTuples:
    """Rows of places, by rank."""

    @pytest.mark.parametrize(
        ("k", "n", "ordered"),
        [(1, 1, False), (1, 4, True), (2, 5, False), (5, 1, True), (7, 3, False), (6, 4, False), (5, 3, True)],
    )
    def test_they_are_those_of_itertools_in_its_order(self, k, n, ordered):
        """A second enumeration, by somebody else."""
        other = (
            itertools.product(range(k), repeat=n) if ordered else itertools.combinations_with_replacement(range(k), n)
        )
        expected = list(other)
        assert [tuple(row) for row in tuples(k, n, 0, len(expected), ordered).tolist()] == expected
        assert [unranked(k, n, rank, ordered) for rank in range(len(expected))] == expected
        assert [ranked(k, row, ordered) for row in expected] == list(range(len(expected)))

    @given(st.data())
    def test_any_range_is_that_slice_of_the_whole(self, data):
        """A shard is built alone: what it has must not depend on where it begins."""
        k, n, ordered = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 4)), data.draw(st.booleans())
        count = k**n if ordered else math.comb(k + n - 1, n)
        start = data.draw(st.integers(0, count))
        stop = data.draw(st.integers(start, count))
        found = tuples(k, n, start, stop, ordered)
        assert found.shape == (stop - start, n)
        assert (found == tuples(k, n, 0, count, ordered)[start:stop]).all()

    @given(st.integers(1, 65_279), st.integers(1, 3), st.booleans(), st.data())
    def test_rank_and_row_are_one_in_large_spaces(self, k, n, ordered, data):
        """Where no list can be made: ranks lie beyond 2^53, and floats would lose them."""
        count = k**n if ordered else math.comb(k + n - 1, n)
        rank = data.draw(st.integers(0, count - 1))
        row = unranked(k, n, rank, ordered)
        assert ranked(k, row, ordered) == rank
        assert ordered or list(row) == sorted(row)
        assert tuple(tuples(k, n, rank, rank + 1, ordered)[0]) == row


class TestEvery:
    """All cases of a format."""

    @pytest.mark.parametrize(
        ("space", "count"),
        [
            (every(2, F16), 2_015_331_328),
            (every(2, BF16), 2_130_706_560),
            (every(4, E4M3), 174_792_640),
            (every(1, F32), 4_278_190_079),
            (every(2, F16, ordered=True), 63_487**2),
            (every(2, F16, CE), 2 * 2_015_331_328),
            (every(2, F16, specials=True), 63_491 * 63_492 // 2),
            (every(3, E4M3, specials=True), math.comb(257, 3)),
            (every(2, E5M2), 247 * 248 // 2),
        ],
        ids=lambda each: each.name if isinstance(each, Every) else str(each),
    )
    def test_there_are_as_many_as_the_closed_form_says(self, space, count):
        """Literal numbers: the claims that are made in public."""
        assert space.count == space.of == count

    @pytest.mark.parametrize("ordered", [False, True])
    @pytest.mark.parametrize("specials", [False, True])
    @pytest.mark.parametrize("fmt", [E4M3, E5M2], ids=str)
    def test_every_pair_is_there_once(self, fmt, ordered, specials):
        """Against all bit patterns of the format, by itertools."""
        bits = formats.widen(np.arange(256, dtype=np.uint8).view(fmt.dtype))
        numbers = {float(number).hex() for number in bits if math.isfinite(number)} - {"-0x0.0p+0"}
        if specials:
            numbers |= {float(number).hex() for number in bits}  # nan is one
        assert every(1, fmt, specials=specials).entries == len(numbers)
        rows = written(whole(every(2, fmt, ordered=ordered, specials=specials)))
        pairs = itertools.product(numbers, repeat=2) if ordered else itertools.combinations_with_replacement(numbers, 2)
        shape = tuple if ordered else sorted
        assert Counter(map(tuple, map(shape, rows))) == Counter(map(tuple, map(shape, pairs)))

    def test_the_entries_of_a_row_ascend_and_rows_do_too(self):
        """The order is part of an address."""
        rows = whole(every(2, E5M2))
        assert (np.diff(rows, axis=1) >= 0).all()
        assert rows.tolist() == sorted(rows.tolist())

    @pytest.mark.parametrize("specials", [False, True])
    def test_float32_has_the_numbers_of_its_bits(self, specials):
        """It has no table: ordinals are turned into numbers as they come."""
        space = every(1, F32, specials=specials)
        for start in (0, 2**31 - 2**23 - 5, space.count - 12):
            rows = space.values(start, min(start + 12, space.count))[:, 0]
            finite = rows[np.isfinite(rows) & ~((rows == 0) & np.signbit(rows))]
            assert (np.diff(formats.ordinals(formats.cast(finite, F32))) == 1).all()
        assert written(space.values(space.count - 4, space.count))[-1][0] == (
            "nan" if specials else float(F32.largest).hex()
        )

    @pytest.mark.parametrize("at", [0, 1, 5, 1000])
    def test_a_labelled_row_is_asked_with_each_label(self, at):
        """One label after the other, from wherever one begins."""
        space, rows = every(3, E5M2, CE), every(3, E5M2)
        batch = space.batch(at, at + 20)
        assert batch.labels.tolist() == [index % 3 for index in range(at, at + 20)]
        assert (
            batch.values == np.concatenate([rows.values(index // 3, index // 3 + 1) for index in range(at, at + 20)])
        ).all()
        assert batch.indices.tolist() == list(range(at, at + 20))

    @given(st.integers(0, 2_015_331_327), st.integers(0, 300))
    def test_a_range_of_float16_pairs_is_its_cases_one_by_one(self, start, length):
        """Shards of the claim that matters."""
        space = every(2, F16)
        stop = min(start + length, space.count)
        together = space.batch(start, stop)
        assert together.values.shape == (stop - start, 2)
        for place in {0, len(together.values) - 1} if stop > start else ():
            assert (space.at(start + place).values[0] == together.values[place]).all()
            assert space.at(start + place).address(0) == together.address(place)

    @pytest.mark.parametrize(
        ("ask", "sentence"),
        [
            (lambda: every(0), "n must lie from 1 to 16, got 0"),
            (lambda: every(17), "n must lie from 1 to 16, got 17"),
            (lambda: every(3, function=ADD), "logaddexp takes rows of 2 entries: n cannot be 3"),
            (lambda: every(1, F64), "float64 has 1.8e+19 numbers, more than anybody can enumerate: add --sample DRAWS"),
            (
                lambda: every(16),
                "2.14e+25 cases of float8_e4m3fn are more than can be numbered: add --sample DRAWS",
            ),
            (lambda: strata(draws=0), "the draws from each stratum must be 1 or more, got 0"),
            (lambda: strata(seed=-1), "seed must be an integer from 0 to 2^62 - 1, got -1"),
            (lambda: every().at(32_131), "every-2:0:32131 does not exist: there are 32,131 such cases"),
        ],
    )
    def test_what_cannot_be_numbered_is_refused(self, ask, sentence):
        """One sentence with what it was and what is allowed."""
        with pytest.raises(InputError) as refused:
            ask()
        assert str(refused.value) == sentence


class TestStrata:
    """A sample of as many rows from every combination of binades and signs."""

    @pytest.mark.parametrize("ordered", [False, True])
    @pytest.mark.parametrize(("fmt", "n"), [(E4M3, 1), (E4M3, 2), (E5M2, 2), (E4M3, 3)])
    def test_every_stratum_is_hit_as_often(self, fmt, n, ordered):
        """Counted from the numbers alone: signs and exponents, as frexp sees them."""
        space = strata(n, fmt, ordered=ordered, draws=3, seed=5)
        assert space.of == every(n, fmt, ordered=ordered).count
        rows = whole(space)

        def cell(number):
            exponent = max(math.frexp(number)[1] - 1, fmt.emin - 1) if abs(number) >= 2.0**fmt.emin else fmt.emin - 1
            return math.copysign(1, number), exponent

        cells = Counter(tuple(map(cell, row) if ordered else sorted(map(cell, row))) for row in rows.tolist())
        kinds = 2 * (fmt.emax - fmt.emin + 2)
        assert len(cells) == space.strata == (kinds**n if ordered else math.comb(kinds + n - 1, n))
        assert set(cells.values()) == {3}

    @pytest.mark.parametrize("fmt", [E4M3, E5M2, F16, BF16, F32, F64], ids=str)
    def test_entries_are_finite_numbers_of_the_format_and_never_a_negative_zero(self, fmt):
        """-0 would be a case that the space does not have."""
        rows = strata(1, fmt, draws=40).batch(0, strata(1, fmt, draws=40).count).values
        assert np.isfinite(rows).all()
        assert (formats.widen(formats.cast(rows, fmt)) == rows).all()
        assert not (np.signbit(rows) & (rows == 0)).any()
        assert (np.abs(rows) <= fmt.largest).all()

    @pytest.mark.parametrize("function", [LSE, CE])
    def test_an_address_does_not_depend_on_the_number_of_draws(self, function):
        """A sample that is made larger has the smaller one in it."""
        few, many = (strata(2, E5M2, function, draws=draws, seed=3) for draws in (1, 4))
        assert (whole(few) == many.batch(0, few.count).values).all()
        assert (few.at(few.count + 7).values == many.at(few.count + 7).values).all()

    def test_another_seed_is_another_sample(self):
        """And each draw is another one."""
        assert (whole(strata(seed=0)) != whole(strata(seed=1))).any()
        twice = whole(strata(1, F16, draws=2))
        assert (twice[: len(twice) // 2] != twice[len(twice) // 2 :]).any()

    @pytest.mark.parametrize("ordered", [False, True])
    def test_a_range_across_draws_is_that_slice_of_the_whole(self, ordered):
        """Strata of one draw are consecutive; a shard begins and ends in the middle of them."""
        space = strata(2, E5M2, ordered=ordered, draws=3)
        rows, size = whole(space), space.strata
        for start, stop in ((0, 1), (size - 3, size + 3), (5, 2 * size + 5), (3 * size - 1, 3 * size), (7, 7)):
            assert (space.values(start, stop) == rows[start:stop]).all()


class TestAddresses:
    """NAME:SEED:INDEX, as explain reads it."""

    @pytest.mark.parametrize(
        "space",
        [
            every(),
            every(ordered=True),
            every(specials=True),
            every(3, ordered=True, specials=True),
            strata(seed=9),
            strata(3, ordered=True, seed=2),
            every(function=CE),
            strata(function=CE),
        ],
        ids=lambda space: f"{space.name}-{space.function.name}",
    )
    def test_a_name_leads_back_to_its_space(self, space):
        """The same case from the same address."""
        again = named(space.name, space.function, space.fmt, space.seed)
        for index in (0, 1, space.count // 2, space.count - 1):
            mine, other = space.at(index), again.at(index)
            assert written(mine.values) == written(other.values)
            assert mine.address(0) == other.address(0) == f"{space.name}:{space.seed}:{index}"
            assert (mine.labels is None and other.labels is None) or (mine.labels == other.labels).all()

    @pytest.mark.parametrize(
        "name", ["every", "every-", "every-2-", "every-2-specials-ordered", "strata-2-specials", "every-123", "wide"]
    )
    def test_what_is_no_name_of_a_space_is_none(self, name):
        """It may be a family's."""
        assert named(name, LSE, E4M3, 0) is None

    def test_explain_shows_the_case(self):
        """The same numbers, label and answer as under its values."""
        stdout, _, status = run("explain", "max-shift", "-f", "float8_e4m3fn", "--case", "every-2:0:215")
        assert status in (0, 1)
        assert "-0x1.cp8, 0x1.2p4" in stdout
        stdout, _, _ = run(
            "explain", "naive", "-F", "cross_entropy", "-f", "float8_e4m3fn", "--case", "every-2:0:32633"
        )
        assert "x = [-0x1.6p-1, 0x1.2p1]" in stdout
        assert "label 1" in stdout

    @pytest.mark.parametrize(
        ("case", "sentence"),
        [
            ("every-2:0:32131", "every-2:0:32131 does not exist: there are 32,131 such cases"),
            ("every-0:0:0", "n must lie from 1 to 16, got 0"),
            ("every-2:0:-1", ""),
            ("every-16:0:0", "more than can be numbered"),
        ],
    )
    def test_a_case_that_is_not_there_is_one_sentence(self, case, sentence):
        """And 2."""
        stdout, stderr, status = run("explain", "max-shift", "-f", "float8_e4m3fn", "--case", case)
        assert (stdout, status, stderr.count("\n")) == ("", 2, 1)
        assert sentence in stderr


def test_a_shard_of_a_large_space_is_built_from_its_own_rows_alone():
    """Indices near the end of 2 * 10^9 cost what those at the beginning do."""
    import tracemalloc

    space = Every(LSE, F16, 2)
    exhaustive._table(F16, False)
    tracemalloc.start()
    space.batch(space.count - 4096, space.count)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 << 20
