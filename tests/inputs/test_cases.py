"""cases: addresses rebuild their case bit for bit, the bits are frozen, and every value is a number of its format."""

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from lsecheck import formats, functions
from lsecheck.errors import InputError, UnknownName
from lsecheck.formats import FORMATS
from lsecheck.inputs import cases, corpus
from lsecheck.inputs.batch import Batch

LOGSUMEXP = functions.named("logsumexp")
EVERY_FAMILY = pytest.mark.parametrize("family", cases.names())
EVERY_FORMAT = pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
EVERY_FUNCTION = pytest.mark.parametrize("function", functions.FUNCTIONS.values(), ids=lambda function: function.name)

#: families that may hold nan or infinities: on purpose, or because a cast of a real mask gives them
NON_FINITE = {"masked", "specials", "corpus", "minilm-masked"}

#: family -> the first 56 bits of the sha256 of its quick cases with seed 0, logsumexp, in each format in turn.
#: The promise that version and seed decide every bit. A new line here is a new version: print it with this test.
FROZEN = {
    "ordinary": "cab05e8c95cea3 a0fd795d250386 bb0843aecc0fb3 74e75ceb150bc1 10742772051b23 d427782e0f2773",
    "wide": "e567dce6ce9fef e9d3a0c40ae99f 64ce46aab854a9 61b2960d1df7d3 3f7861dfea2305 79185fd8bc76fe",
    "offset": "58283c162d5271 b1c0f63f54ab17 0654183d6e9ddc c7c1195db0dcdc 19bf4a097b096b 2f71aca985e827",
    "huge": "9e2612d1de4a93 cd08619d77f477 462407905fed47 83efeb430259e5 55f0e19053d21c 5a9008cd907ab9",
    "tiny": "ed7d743c5a2ed2 172410acf84a45 a7bbe527f42801 0022a13381a76d 8d262760e0f4e6 cb93f7fb0937f3",
    "equal": "c7fa729c8be83e 595c3a0dde9423 edfcdfa66b22a5 61120db396c278 559509f47efca0 9adc2b4ea3c036",
    "width": "45b9fb35a04ff2 d18acc6658be0b fb1cacca009797 d256fcd489decc 41b42128fe8d16 0f0e6335eee3b7",
    "near-zero": "ec214fcb73291e c4d8981f4972c7 7c668daf9ef33d c7472c6c78b52f b00faa1772390d 10d068157ae4d1",
    "half-ulp": "123d996d9bf2d4 906550749ed1ed d01bb159fc123a 6734276c8f082f 8ef6885e235494 e8e662e4cd28a4",
    "dominant": "c9f7b4985c0962 ab137c941bb41e 8aea4a3274be3a c15be85e549161 fddf90610c9171 98fe9ad49500fd",
    "gap": "1367fbae6e270c c6fe9cafffe537 07d785e4715892 a81fa99996ee50 7f16e334d75841 8bec800643d651",
    "masked": "79a83fcb480298 98807d4514b020 e603ced916776d dfbb1fbf1a39a3 e3b0c44298fc1c 74b0c0820860cf",
    "sentinel": "a3fd01252e2cb4 fd6c12a5f7b512 c120af99418b67 84c99c76ff54c5 671cfade5436bb f24d607b9c922d",
    "ordered": "c3fc1385b6f31a 2e38ec3090de4f 687a1929cae4d5 1bf8b905efc62e ae258c16b288e5 706f7b04bf6889",
    "blocks": "1490445896cbc9 183e9b86f4e5c5 039e57ac732c5c 3bf8ef08971e64 eb67306a83f9f5 50cebf7e100228",
    "subnormal": "0ed51c9b4834e7 12519e0e339856 8b8ef52aa39d55 c692949a5f5647 6a5b80de3d4741 98d6a5ba911f58",
    "extremes": "407eb9cac1601d fef58c7146ef87 1751a1372605f9 1b2eaf3cff2b1f 22ac7984589f29 96dfae545e9cd7",
    "specials": "42484e9a6e965f 6a4b5ae8e2a56d 2b172ff2de6968 3bebe91af8aeb0 53de841682292f 1b8e68fcc1a0e8",
    "conduct": "b2db7c3887a9d5 f22bff8cb04a5f d2121bb3480838 5dbb19b395d7d4 b1904076218a52 0a4526ea1d3e40",
    "long": "790842981aad74 e1fb057ea7a5d9 07793caadec8a2 888bcd74d63b22 1a98fe8a44772d 23ad10283531b6",
    "corpus": "8893649b1395c7 7fa685d8f66977 549094756f94d9 2ca7a924561777 56f50d02e586a4 2d81d8366fc1a6",
    "digits-mlp": "e781da54496de0 cb01d11f20f4e7 8fadf1945683a5 94b9aee984cdb6 302f8eac7112db 3fef272271c094",
    "minilm-attention": "369afed1bf6919 c44bb442d4719c d88c115630004a 4eb0f34303169e 0f21180a82e967 fa7450e544bcb5",
    "minilm-masked": "2ad1565be01711 78ff8fc210aa38 0605c3342ff348 53aa0098f70bdb fcb6ae24f8a022 8b00f23d359007",
    "minilm-vocab": "bba740961d053e 25e02b948e5f17 25025e5229d161 e21aa1d8447495 f24ea997726a29 01c257cbdf56f9",
}  # fmt: skip


@cache
def drawn(family: str, function: str, fmt: str, effort: str = "quick", seed: int = 0) -> tuple[Batch, ...]:
    """The batches of a family, drawn once for all tests."""
    return tuple(cases.batches(family, functions.named(function), FORMATS[fmt], effort, seed))


def by_address(batches: tuple[Batch, ...]) -> dict[str, bytes]:
    """Every case as the bits of its values and its label."""
    return {
        batch.address(row): values.tobytes() + (b"" if batch.labels is None else batch.labels[row].tobytes())
        for batch in batches
        for row, values in enumerate(batch.values)
    }


@EVERY_FAMILY
def test_the_bits_of_every_family_and_format_are_the_frozen_ones(family):
    """Version + seed decide every bit on every platform: this table was written on one, and is read on all."""
    found = []
    for fmt in FORMATS.values():
        state = hashlib.sha256()
        for batch in drawn(family, "logsumexp", fmt.name):
            state.update(batch.digest(fmt))
        found.append(state.hexdigest()[:14])
    assert f'"{family}": "{" ".join(found)}"' == f'"{family}": "{FROZEN[family]}"'


def test_the_frozen_table_has_every_family_and_no_other():
    """A family without a digest would be free to change; a digest without a family promises nothing."""
    assert tuple(FROZEN) == cases.names()


@EVERY_FUNCTION
@EVERY_FAMILY
def test_a_case_drawn_alone_is_bit_identical_to_the_same_case_in_its_batch(family, function):
    """An address in a report must rebuild its case, without the cases before it, in any format."""
    for fmt in FORMATS.values():
        for batch in drawn(family, function.name, fmt.name):
            if family == corpus.NAME and batch.indices[0] % 7 and function is not LOGSUMEXP:
                continue  # one row a batch, and slow to read
            for row in {0, len(batch.indices) // 2, len(batch.indices) - 1}:
                alone = cases.case(batch.address(row), function, fmt)
                assert alone.address(0) == batch.address(row)
                assert alone.values.shape == (1, batch.values.shape[1])
                assert alone.values.tobytes() == batch.values[row].tobytes()
                assert (alone.labels is None) == (batch.labels is None)
                if batch.labels is not None:
                    assert alone.labels.tolist() == [batch.labels[row]]


@pytest.mark.parametrize("function", ["logsumexp", "cross_entropy"])
@EVERY_FAMILY
def test_cases_of_a_lower_effort_are_cases_of_a_higher_one_with_the_same_bits(family, function):
    """A finding at quick effort must still be there at standard, and its address mean the same case."""
    for fmt in ("float16", "float32", "float8_e4m3fn"):
        quick = by_address(drawn(family, function, fmt))
        standard = by_address(drawn(family, function, fmt, "standard"))
        assert quick.items() <= standard.items()


@EVERY_FAMILY
def test_quick_cases_of_generated_families_come_first(family):
    """Indices count from 0, so that a lower effort is a prefix of the indices of a higher one."""
    if family in ("corpus", *cases.logits.REASONS):
        pytest.skip("recorded cases keep the row numbers of their file")
    quick, standard = (
        sorted(index for batch in drawn(family, "logsumexp", "float32", effort) for index in batch.indices.tolist())
        for effort in ("quick", "standard")
    )
    assert quick == list(range(len(quick)))
    assert standard == list(range(len(standard)))
    assert len(standard) >= len(quick)


@EVERY_FAMILY
def test_no_address_appears_twice(family):
    """A case asked twice would count twice in every share and histogram."""
    for effort in ("quick", "standard"):
        batches = drawn(family, "logsumexp", "float16", effort)
        assert len(by_address(batches)) == sum(len(batch.values) for batch in batches)


@EVERY_FORMAT
@EVERY_FAMILY
def test_every_value_is_a_number_of_its_format_and_none_became_special_by_accident(family, fmt):
    """A value that is no number of the format would be rounded again on its way to the subject."""
    for batch in drawn(family, "logsumexp", fmt.name, "standard"):
        held = formats.widen(formats.cast(batch.values, fmt))
        assert held.tobytes() == batch.values.tobytes() or np.isnan(batch.values).any()
        assert np.array_equal(held, batch.values, equal_nan=True)
        if family not in NON_FINITE:
            assert np.isfinite(batch.values).all()


@EVERY_FORMAT
def test_families_that_may_hold_special_values_hold_no_others_than_they_should(fmt):
    """-inf is a mask in `masked` and in narrow casts of the recorded masks; nan and +inf are for `specials`."""
    for family in ("masked", "minilm-masked"):
        for batch in drawn(family, "logsumexp", fmt.name, "standard"):
            assert not np.isnan(batch.values).any()
            assert not (batch.values == np.inf).any()
            assert np.isfinite(batch.values).any(-1).all()
    if not fmt.has_infinity:
        assert drawn("masked", "logsumexp", fmt.name) == ()
        values = np.concatenate([batch.values for batch in drawn("minilm-masked", "logsumexp", fmt.name)])
        assert values.min() == -fmt.largest  # where there is no infinity a mask saturates


@EVERY_FORMAT
@EVERY_FAMILY
def test_every_family_asks_something_in_every_format(family, fmt):
    """An empty family would pass everything (masked needs an infinity to mask with)."""
    if family == "masked" and not fmt.has_infinity:
        pytest.skip(f"{fmt} has no infinity")
    assert drawn(family, "logsumexp", fmt.name)


@EVERY_FAMILY
def test_batches_stay_within_their_size_at_standard_effort(family):
    """Memory must not grow with the effort."""
    for batch in drawn(family, "logsumexp", "float32", "standard"):
        assert len(batch.values) == 1 or batch.values.size <= cases.BATCH_ENTRIES
        assert batch.indices.shape == (len(batch.values),)


class TestLabels:
    """Labels come with the cases, for cross_entropy alone."""

    @EVERY_FAMILY
    def test_labels_are_in_range_and_only_where_they_are_taken(self, family):
        """A label outside its row is no case; an empty row has nothing to label."""
        for fmt in FORMATS.values():
            for batch in drawn(family, "cross_entropy", fmt.name, "standard" if fmt.width == 16 else "quick"):
                assert batch.labels is not None
                assert batch.labels.shape == (len(batch.values),)
                assert batch.values.shape[1] > 0
                assert batch.labels.min() >= 0
                assert batch.labels.max() < batch.values.shape[1]
            assert all(batch.labels is None for batch in drawn(family, "logsumexp", fmt.name))

    def test_labels_reach_the_maximum_and_the_others(self):
        """At the maximum the loss cancels, elsewhere it does not: both must be asked."""
        hits = [
            values[label] == values.max()
            for batch in drawn("ordinary", "cross_entropy", "float32", "standard")
            if batch.values.shape[1] > 1
            for values, label in zip(batch.values, batch.labels, strict=True)
        ]
        assert 0.05 < np.mean(hits) < 0.95

    def test_the_digits_keep_the_labels_that_belong_to_them(self):
        """The real loss of a real classifier: other labels would make it another set."""
        (batch,) = drawn("digits-mlp", "cross_entropy", "float32", "standard")
        assert np.array_equal(batch.labels, cases.logits.labels("digits-mlp"))
        assert np.mean(batch.values.argmax(-1) == batch.labels) == pytest.approx(0.9717, abs=1e-4)


class TestSeeds:
    """Another seed is another sample of the same family."""

    @pytest.mark.parametrize("family", sorted(set(cases.FAMILIES) - {"width", "gap", "extremes", "specials"}))
    def test_another_seed_gives_other_values(self, family):
        """(width, gap, extremes and specials are the same for every seed: they enumerate.)"""
        ours, theirs = (set(by_address(drawn(family, "logsumexp", "float32", seed=seed)).values()) for seed in (0, 1))
        # near -0.9 M no draw is left after rounding: a few rows of `masked` are the same
        assert len(ours & theirs) <= len(ours) // 5

    def test_frozen_and_recorded_cases_have_seed_0_whatever_is_asked(self):
        """Their address must not pretend that a seed mattered."""
        assert drawn("corpus", "logsumexp", "float32", seed=5)[0].address(0) == "corpus:0:0"
        assert drawn("digits-mlp", "logsumexp", "float32", seed=5)[0].address(0) == "digits-mlp:0:0"


class TestDigest:
    """inputs_sha256 stands for shape, bits and labels."""

    def test_it_changes_with_the_shape_a_bit_the_format_and_a_label(self):
        """Two rows may be compared only if this agrees, so nothing that matters may be left out."""
        fmt, other = FORMATS["float32"], FORMATS["float64"]
        values, labels = np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([0, 1])
        base = Batch("f", 0, np.arange(2), values, None)
        seen = {
            base.digest(fmt),
            base.digest(other),
            Batch("f", 0, np.arange(1), values.reshape(1, 4), None).digest(fmt),
            Batch("f", 0, np.arange(2), values + 2.0**-22, None).digest(fmt),
            Batch("f", 0, np.arange(2), values, labels).digest(fmt),
            Batch("f", 0, np.arange(2), values, labels[::-1]).digest(fmt),
            Batch("f", 0, np.arange(2), values * [[-1.0, 1.0], [1.0, 1.0]], None).digest(fmt),  # the sign of a zero
        }  # fmt: skip
        assert len(seen) == 7


class TestAddresses:
    """FAMILY:SEED:INDEX, or one sentence that says what is wrong."""

    @pytest.mark.parametrize(
        ("address", "sentence"),
        [
            ("ordinary", "'ordinary' is not an address: write FAMILY:SEED:INDEX, as ordinary:0:17"),
            ("ordinary:0", "'ordinary:0' is not an address: write FAMILY:SEED:INDEX, as ordinary:0:17"),
            ("ordinary:0:-1", "'ordinary:0:-1' is not an address: write FAMILY:SEED:INDEX, as ordinary:0:17"),
            ("ordinary:x:1", "'ordinary:x:1' is not an address: write FAMILY:SEED:INDEX, as ordinary:0:17"),
            ("ordinary:0:1e3", "'ordinary:0:1e3' is not an address: write FAMILY:SEED:INDEX, as ordinary:0:17"),
            ("", "'' is not an address: write FAMILY:SEED:INDEX, as ordinary:0:17"),
            (
                f"ordinary:0:{2**62}",
                f"'ordinary:0:{2**62}' is beyond the last case: seed and index must lie below 2^62",
            ),
            (
                f"ordinary:{2**62}:0",
                f"'ordinary:{2**62}:0' is beyond the last case: seed and index must lie below 2^62",
            ),
            (
                "corpus:0:100000",
                "corpus:0:100000 does not exist for logsumexp in float32: see 'lsecheck list families'",
            ),
            (
                "digits-mlp:0:600",
                "digits-mlp:0:600 does not exist for logsumexp in float32: see 'lsecheck list families'",
            ),
        ],
    )
    def test_a_bad_address_is_refused_in_one_sentence(self, address, sentence):
        """Addresses are typed by hand, from reports."""
        with pytest.raises(InputError) as caught:
            cases.case(address, LOGSUMEXP, FORMATS["float32"])
        assert str(caught.value) == sentence

    def test_an_unknown_family_names_the_nearest(self):
        """A typing mistake costs one look, not a search."""
        with pytest.raises(UnknownName, match=r"^unknown family 'ordinery': did you mean 'ordinary'\? choose from "):
            cases.case("ordinery:0:1", LOGSUMEXP, FORMATS["float32"])
        with pytest.raises(UnknownName, match=r"^unknown family 'widht': did you mean 'width'\? "):
            list(cases.batches("widht", LOGSUMEXP, FORMATS["float32"]))

    def test_an_unknown_effort_names_the_three(self):
        """Efforts are words, not numbers."""
        with pytest.raises(UnknownName) as caught:
            list(cases.batches("wide", LOGSUMEXP, FORMATS["float32"], "full"))
        assert str(caught.value) == "unknown effort 'full': choose from quick, standard, deep"

    @pytest.mark.parametrize(
        ("address", "function", "fmt"),
        [
            ("corpus:0:0", "logsumexp", "float8_e4m3fn"),
            ("corpus:0:0", "logaddexp", "float32"),
            ("specials:0:0", "cross_entropy", "float32"),
            ("specials:0:5", "logaddexp", "float32"),
            ("masked:0:0", "logsumexp", "float8_e4m3fn"),
            ("digits-mlp:0:0", "logaddexp", "float32"),
        ],
    )
    def test_a_case_that_the_format_or_the_function_cannot_have_does_not_exist(self, address, function, fmt):
        """[1000]*3 is no case of float8_e4m3fn (448), nor of logaddexp, nor is a masked one without infinity."""
        with pytest.raises(InputError) as caught:
            cases.case(address, functions.named(function), FORMATS[fmt])
        assert str(caught.value) == f"{address} does not exist for {function} in {fmt}: see 'lsecheck list families'"

    def test_an_address_far_beyond_any_effort_still_draws(self):
        """Fuzzing walks on past the deep effort; the counter has no end until 2^62."""
        far = cases.case(f"ordinary:{2**62 - 1}:{2**62 - 1}", LOGSUMEXP, FORMATS["float32"])
        assert np.isfinite(far.values).all()


class TestLogaddexp:
    """Functions of a fixed number of entries get rows of that many."""

    @EVERY_FAMILY
    def test_rows_have_two_entries(self, family):
        """logaddexp takes pairs; recorded rows have other widths and are left out."""
        for batch in drawn(family, "logaddexp", "float32", "standard"):
            assert batch.values.shape[1] == 2

    def test_every_pair_of_special_values_is_among_them(self):
        """Specials of other widths are left out, not cut to two."""
        pairs = {
            tuple(str(entry) for entry in row)
            for batch in drawn("specials", "logaddexp", "float32", "standard")
            for row in batch.values
        }
        assert len(pairs) == 81
        assert {("nan", "inf"), ("inf", "nan"), ("-inf", "-inf"), ("inf", "-inf"), ("inf", "inf")} <= pairs


class TestGiven:
    """The user's own logits become cases with addresses."""

    @staticmethod
    def saved(folder: Path, rows: list[list[float]], name: str = "mine.npy") -> str:
        """The path of a file that holds these rows."""
        np.save(folder / name, np.array(rows))
        return str(folder / name)

    def test_rows_are_rounded_to_the_format_and_addressed_by_file_and_row(self, tmp_path):
        """PATH:0:ROW must be the row of the file, also where one row was picked, and rebuild it."""
        path = self.saved(tmp_path, [[0.0, 0.0], [0.1, 2.0], [1e6, -1e6]])
        (batch,) = cases.given(path, None, None, LOGSUMEXP, FORMATS["float16"])
        assert [batch.address(row) for row in range(3)] == [f"{path}:0:{row}" for row in range(3)]
        assert batch.values[1:].tolist() == [[float(np.float16(0.1)), 2.0], [np.inf, -np.inf]]
        (picked,) = cases.given(path, 1, None, LOGSUMEXP, FORMATS["float16"])
        alone = cases.case(f"{path}:0:1", LOGSUMEXP, FORMATS["float16"])
        assert picked.address(0) == alone.address(0) == f"{path}:0:1"
        assert picked.values.tolist() == alone.values.tolist() == batch.values[1:2].tolist()

    def test_where_there_is_no_infinity_values_saturate(self, tmp_path):
        """An overflow would be nan there, which no logit meant."""
        path = self.saved(tmp_path, [[1e6, -1e6]])
        (batch,) = cases.given(path, None, None, LOGSUMEXP, FORMATS["float8_e4m3fn"])
        assert batch.values.tolist() == [[448.0, -448.0]]

    def test_labels_follow_their_rows_and_are_made_up_where_none_are_given(self, tmp_path):
        """Row r's label is labels[r], whichever rows are picked; without a file, r mod n."""
        path = self.saved(tmp_path, [[0.0, 0.0]] * 4)
        np.save(tmp_path / "labels.npy", np.array([1, 1, 0, 1]))
        labels, function, fmt = str(tmp_path / "labels.npy"), functions.named("cross_entropy"), FORMATS["float32"]
        (every,) = cases.given(path, None, labels, function, fmt)
        assert every.labels.tolist() == [1, 1, 0, 1]
        (picked,) = cases.given(path, 2, labels, function, fmt)
        assert picked.labels.tolist() == [0]
        assert cases.case(f"{path}:0:2", function, fmt, labels).labels.tolist() == [0]
        (unnamed,) = cases.given(path, None, None, function, fmt)
        assert unnamed.labels.tolist() == [0, 1, 0, 1]
        (unlabelled,) = cases.given(path, None, labels, LOGSUMEXP, fmt)
        assert unlabelled.labels is None

    def test_many_rows_come_in_several_batches(self, tmp_path):
        """Streaming: no batch over the limit, no row lost or twice, labels in step."""
        rows = 3 * cases.BATCH_ENTRIES // 100
        np.save(tmp_path / "many.npy", np.zeros((rows, 100), np.float32))
        np.save(tmp_path / "labels.npy", np.arange(rows) % 97)
        paths = str(tmp_path / "many.npy"), None, str(tmp_path / "labels.npy")
        batches = list(cases.given(*paths, functions.named("cross_entropy"), FORMATS["float32"]))
        assert len(batches) > 2
        assert all(batch.values.size <= cases.BATCH_ENTRIES for batch in batches)
        assert np.array_equal(np.concatenate([batch.indices for batch in batches]), np.arange(rows))
        assert np.array_equal(np.concatenate([batch.labels for batch in batches]), np.arange(rows) % 97)


class TestSources:
    """What `list families` shows."""

    def test_every_family_is_there_with_a_reason_and_its_counts(self):
        """A family without a reason is a family nobody can prune."""
        sources = cases.sources()
        assert tuple(source.name for source in sources) == cases.names()
        for source in sources:
            assert len(source.reason) > 15
            assert 0 < source.cases[0] <= source.cases[1] <= source.cases[2]
            if source.name != corpus.NAME:
                for effort, count in zip(("quick", "standard"), source.cases, strict=False):
                    batches = drawn(source.name, "logsumexp", "float32", effort)
                    assert sum(len(batch.values) for batch in batches) == count

    def test_synthetic_families_are_all_but_the_recorded_logits(self):
        """They are what a run without real data asks."""
        assert set(cases.names()) - set(cases.synthetic()) == set(cases.logits.REASONS)
