"""rows: evidence that can be compared: strict JSON, numbers only where something was scored, readable witnesses."""

# ruff: noqa: ARG001, ARG005 - a subject takes what it is handed, wanted or not

import json
import math

import msgspec
import numpy as np
import pytest

import lsecheck
from lsecheck import formats, functions
from lsecheck.errors import InputError
from lsecheck.inputs import cases
from lsecheck.rows import ABSENT, SCHEMA, Document, Row, from_json, to_json
from lsecheck.run import Given

#: what the design promises of each record
ROW_KEYS = """
    function subject format family n cases exhaustive class_errors max_ulp max_scaled max_excess mean_ulp bias_ulp
    p50_ulp p99_ulp correctly_rounded histogram contract tiers witness inputs_sha256
"""
WITNESS_KEYS = "case x answer truth ulp scaled condition"
VERDICT_KEYS = """
    function subject format contract required status specials range conduct max_ulp max_scaled worst reason
"""
NUMBERS = {"max_ulp", "max_scaled", "max_excess", "mean_ulp", "bias_ulp", "p50_ulp", "p99_ulp", "correctly_rounded"}


def refuse(token: str) -> float:
    """NaN, Infinity and -Infinity are no JSON."""
    raise AssertionError(f"the file holds {token}")


def read(text: str) -> dict:
    """A result file as any strict reader sees it."""
    return json.loads(text, parse_constant=refuse)


def run(subject: object, family: str, fmt: str = "float32", function: str = "logsumexp") -> lsecheck.Result:
    """One family, quickly."""
    return lsecheck.check(subject, function, fmt, family, "quick")


def stepped(places: int):
    """A subject whose answers are a number of places above the correct rounding."""

    def lse(x, axis):
        right = lsecheck.logsumexp(x, axis)
        return formats.from_ordinals(formats.ordinals(right) + places, formats.of_array(right))

    return lse


def zeros64(x, axis):
    """The wrong dtype, always."""
    return np.zeros(len(x))


class TestJson:
    """The file is read by strict readers, in other languages and by us."""

    @pytest.mark.parametrize("subject", ["naive", "max-shift", "log1p-shift"])
    def test_no_nan_or_infinity_token_is_ever_written(self, subject):
        """Special values are everywhere in these families; as tokens they would break every strict reader."""
        result = lsecheck.check(
            subject, formats=["float16", "float32"], families=["specials", "huge", "corpus"], effort="quick"
        )
        document = read(result.to_json())
        assert len(document["rows"]) == 6
        assert "null" not in result.to_json()

    def test_a_number_that_does_not_exist_is_refused_and_never_null(self):
        """msgspec writes nan as null, which a reader would take for 'absent'."""
        (row,) = run("naive", "gap").rows
        broken = msgspec.structs.replace(row, max_ulp=math.nan)
        with pytest.raises(InputError, match="what was measured is not an lsecheck result"):
            to_json(Document(schema=SCHEMA, environment={}, rows=[broken], verdicts=[]))

    @pytest.mark.parametrize("function", functions.FUNCTIONS)
    def test_a_result_reads_back_to_the_same_records(self, function):
        """compare must see what was written, bit for bit."""
        result = lsecheck.check("max-shift", function, ["float16", "float64"], ["ordinary", "specials"], "quick")
        document = from_json(result.to_json())
        assert document == Document(
            schema=SCHEMA, environment=result.environment, rows=result.rows, verdicts=result.verdicts
        )
        assert to_json(document) == result.to_json()

    def test_an_empty_result_is_a_file_too(self):
        """A run that measured nothing is written as such."""
        result = lsecheck.check("via-lse", formats="float32", families="gap", effort="quick")
        assert read(result.to_json())["rows"] == []
        assert [verdict.status for verdict in from_json(result.to_json()).verdicts] == ["unmeasured"]

    def test_each_row_is_a_line(self):
        """So that results can be read in a diff."""
        result = lsecheck.check(["naive", "online"], formats="float32", families=["gap", "wide"], effort="quick")
        lines = [line for line in result.to_json().splitlines() if line.startswith('{"function"')]
        assert len(lines) == len(result.rows) + len(result.verdicts)

    def test_every_key_of_the_design_is_there_in_a_full_row_and_verdict(self):
        """Readers elsewhere rely on these names."""
        document = read(run("max-shift", "gap").to_json())
        assert set(document) == {"schema", "environment", "rows", "verdicts"}
        assert document["schema"] == 1
        row, verdict = document["rows"][0], document["verdicts"][0]
        assert set(ROW_KEYS.split()) <= set(row)
        assert set(WITNESS_KEYS.split()) <= set(row["witness"])
        assert set(VERDICT_KEYS.split()) <= set(verdict)
        assert all(type(row[name]) in (int, float) for name in NUMBERS)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{",
            "[]",
            "not json",
            '{"schema": 1}',
            '{"schema": "one", "environment": {}, "rows": [], "verdicts": []}',
            '{"schema": 1, "environment": {}, "rows": [{"max_ulp": NaN}], "verdicts": []}',
            b"\xff\xfe\x00",
        ],
    )
    def test_anything_else_is_refused_in_one_sentence(self, text):
        """`lsecheck compare` is handed files by people."""
        with pytest.raises(InputError, match=r"^old\.json is not an lsecheck result: "):
            from_json(text, "old.json")

    def test_another_schema_is_refused_and_says_which(self):
        """A newer file must not be half read."""
        with pytest.raises(InputError) as caught:
            from_json('{"schema": 2, "environment": {}, "rows": [], "verdicts": []}', "new.json")
        assert str(caught.value) == "new.json has schema 2; this lsecheck reads 1: make it again"

    def test_another_schema_with_other_fields_is_told_by_its_schema(self):
        """That is what a new schema is: other fields."""
        with pytest.raises(InputError, match=r"^new\.json has schema 2; this lsecheck reads 1"):
            from_json('{"schema": 2, "host": {}, "results": []}', "new.json")


@pytest.fixture(scope="module")
def measured():
    """One family, case by case, and the row that sums it up."""
    (row,) = run("max-shift", "ordinary").rows
    function, fmt = functions.named("logsumexp"), formats.named("float32")
    errors = []
    for batch in cases.batches("ordinary", function, fmt, "quick"):
        x = formats.cast(batch.values, fmt)
        m = x.max(-1)
        answers = m + np.log(np.exp(x - m[:, None]).sum(-1))
        errors.append(lsecheck.measure("logsumexp", x, answers))
    return row, errors


class TestNumbers:
    """Row figures against the same figures computed again from `measure`."""

    def test_maxima_means_and_shares_are_those_of_the_cases(self, measured):
        """A row is a summary, not another measurement."""
        row, errors = measured
        ulp = np.concatenate([e.ulp.ravel() for e in errors])
        assert row.max_ulp == ulp.max()
        assert row.max_scaled == max(e.scaled.max() for e in errors)
        assert row.max_excess == max(e.excess.max() for e in errors)
        assert row.mean_ulp == pytest.approx(ulp.mean())
        assert row.bias_ulp == pytest.approx(np.concatenate([e.signed.ravel() for e in errors]).mean())
        assert row.correctly_rounded == np.concatenate([e.correct.ravel() for e in errors]).mean()

    def test_percentiles_are_errors_that_occurred(self, measured):
        """Half of the outputs are no worse than p50, 99 in 100 no worse than p99."""
        row, errors = measured
        ulp = np.sort(np.concatenate([e.ulp.ravel() for e in errors]))
        assert row.p50_ulp in ulp.tolist()
        assert row.p50_ulp == np.percentile(ulp, 50, method="lower")
        assert row.p99_ulp == np.percentile(ulp, 99, method="lower")
        assert row.p50_ulp <= row.p99_ulp <= row.max_ulp

    def test_the_histogram_counts_each_scored_output_once_under_its_upper_end(self, measured):
        """Edges double from 0.5; a bin that nothing falls in is left out."""
        row, errors = measured
        ulp = np.concatenate([e.ulp.ravel() for e in errors])
        assert sum(count for _, count in row.histogram) == len(ulp) == row.cases
        lower = 0.0
        for upper, count in row.histogram:
            assert math.frexp(upper)[0] == 0.5
            below = 0.0 if upper == 0.5 else upper / 2
            assert count == ((ulp <= upper) & ((ulp > below) | (upper == 0.5))).sum() > 0
            assert upper > lower
            lower = upper

    def test_an_error_on_an_edge_of_the_histogram_counts_below_it(self, tmp_path):
        """The upper end belongs to the bin: exactly 1 ulp is no worse than 1 ulp."""
        np.save(tmp_path / "ones.npy", np.array([[1.0], [-3.5], [0.25]]))
        (row,) = lsecheck.check(stepped(1), formats="float64", inputs=Given(str(tmp_path / "ones.npy"))).rows
        assert row.histogram == [(1.0, 3)]

    def test_n_and_cases_are_what_was_asked(self, measured):
        """'Max' over how many."""
        row, errors = measured
        assert row.n == (1, 1000)
        assert row.cases == sum(len(e.ulp) for e in errors) == 34
        assert sum(row.tiers.values()) == row.cases
        assert not row.exhaustive

    @pytest.mark.parametrize(("places", "sign"), [(1, 1), (-1, -1)])
    def test_bias_is_positive_where_answers_are_too_large(self, places, sign):
        """Its sign is the sign of answer - truth, on negative answers too."""
        (row,) = run(stepped(places), "equal").rows
        assert sign * row.bias_ulp > 0.5
        assert row.mean_ulp == pytest.approx(abs(row.bias_ulp))
        assert row.correctly_rounded == 0.0

    def test_the_correct_rounding_is_correct_and_at_most_half_an_ulp_off(self):
        """The ends of the scale."""
        (row,) = run(stepped(0), "ordinary").rows
        assert row.correctly_rounded == 1.0
        assert row.max_ulp <= 0.5
        assert row.contract == "correctly-rounded"
        assert row.histogram == [(0.5, row.cases)]

    def test_enormous_errors_are_written_as_finite_numbers(self):
        """An answer can be 2^2098 ulps away; JSON has no infinity."""

        def lowest(x, axis):
            return np.full(len(x), -np.finfo(np.float64).max)

        (row,) = run(lowest, "subnormal", "float64").rows
        assert row.max_ulp == np.finfo(np.float64).max
        assert math.isfinite(row.bias_ulp)
        assert row.bias_ulp < 0
        assert read(run(lowest, "subnormal", "float64").to_json())

    def test_numbers_are_absent_where_nothing_was_scored(self):
        """A 0 would be a perfect score, a null a riddle."""
        (row,) = run(zeros64, "gap").rows
        assert row.contract is ABSENT
        assert row.witness is ABSENT
        written = read(run(zeros64, "gap").to_json())["rows"][0]
        assert set(written).isdisjoint(NUMBERS | {"contract", "witness", "histogram"})
        assert written["class_errors"] == {"dtype": 48}
        assert [(one["domain"], one["count"]) for one in written["findings"]] == [("conduct", 48)]


class TestClassErrors:
    """A wrong kind of answer is counted by kind and never becomes a number."""

    def test_each_kind_is_counted_over_outputs(self):
        """nan for the two specials of the textbook, and nothing else."""
        (row,) = run("max-shift", "specials").rows
        expected = 0
        for batch in cases.batches("specials", functions.named("logsumexp"), formats.named("float32"), "quick"):
            for values in batch.values:
                masked = len(values) and np.isneginf(values).all()
                expected += bool((masked or (values == np.inf).any()) and not np.isnan(values).any())
        assert row.class_errors == {"nan": expected, "raised": 1}  # the empty row
        assert sum(finding.count for finding in row.findings) == expected + 1

    def test_what_is_found_is_told_apart_by_what_was_expected_and_shown_by_the_first(self):
        """A subject that knows no specials: nan for numbers and for infinities, -inf for nan."""

        def lost(x, axis):
            right = lsecheck.logsumexp(x, axis)
            return np.where(np.isnan(right), -np.inf, np.where(np.isfinite(right), right, np.nan)).astype(x.dtype)

        (row,) = run(lost, "specials").rows
        seen = {}
        for batch in cases.batches("specials", functions.named("logsumexp"), formats.named("float32"), "quick"):
            for place, right in enumerate(lsecheck.logsumexp(batch.values.astype(np.float32), -1)):
                kind = "infinite" if np.isnan(right) else "nan"
                if np.isfinite(right):
                    continue
                about = "nan" if np.isnan(right) else "+inf" if right > 0 else "-inf"
                seen.setdefault((kind, about), []).append(batch.address(place))
        told = {(one.kind, one.expected): (one.count, one.witness.case) for one in row.findings}
        assert told == {about: (len(places), places[0]) for about, places in seen.items()}

    @pytest.mark.parametrize(
        ("said", "kind"), [(np.nan, "nan"), (np.inf, "infinite"), (-np.inf, "infinite"), (0.0, "finite")]
    )
    def test_the_kind_is_that_of_the_answer(self, said, kind):
        """nan where a number is right, infinity where one is, a number where an infinity is."""
        (row,) = run(lambda x, axis: np.full(len(x), said, np.float32), "specials").rows
        assert set(row.class_errors) == {kind}

    def test_trouble_is_counted_once_a_row_however_many_outputs_it_has(self):
        """100 missing outputs are one exception."""

        def raises(x, axis):
            raise ValueError("no")

        (row,) = run(raises, "ordinary", function="softmax").rows
        assert row.class_errors == {"raised": row.cases}
        assert row.contract == "broken"

    def test_conventions_are_named_and_not_counted_as_errors(self):
        """softmax of all -inf: nan, zeros and uniform are all in use."""
        (row,) = run("max-shift", "specials", function="softmax").rows
        assert row.conventions.keys() == {"a +inf: nan", "all -inf: nan"}
        assert "nan" not in row.class_errors

    def test_raising_on_an_empty_row_counts_for_softmax_too(self):
        """logsumexp counts it; textbook softmax raises on n = 0 as well."""
        (row,) = run("max-shift", "specials", function="softmax").rows
        assert row.class_errors == {"raised": 1}


class TestWitness:
    """One case, as evidence that anyone can check."""

    @pytest.mark.parametrize("function", functions.FUNCTIONS)
    @pytest.mark.parametrize("fmt", ["float16", "float64"])
    def test_its_strings_are_read_by_float_fromhex_and_rebuild_the_case(self, function, fmt):
        """x word by word, answer and truth; and the address gives the same values."""
        defined = functions.named(function)
        result = lsecheck.check("naive", function, fmt, ["huge", "gap", "equal", "specials"], "quick")
        seen = 0
        for row in result.rows:
            for witness in [row.witness, *(finding.witness for finding in row.findings)]:
                if witness is ABSENT or witness.x is ABSENT:
                    continue
                entries = []
                for word in witness.x.split():
                    number, _, count = word.partition("*")
                    entries += [float.fromhex(number)] * int(count or 1)
                alone = cases.case(witness.case, defined, formats.named(fmt))
                assert np.array_equal(entries, alone.values[0], equal_nan=True)
                assert len(entries) == witness.n
                known = lsecheck.truth(function, formats.cast(alone.values, formats.named(fmt)), labels=alone.labels)
                right = formats.widen(known.rounded)[0, witness.output]
                assert float.fromhex(witness.truth) == right or math.isnan(right)
                float.fromhex(witness.answer)
                assert (witness.label is ABSENT) == (alone.labels is None)
                seen += 1
        assert seen >= 2

    def test_the_witness_is_the_worst_case_by_scaled_error(self):
        """The one that `explain` should be typed for."""
        (row,) = run("max-shift", "gap").rows
        assert row.witness.scaled == row.max_scaled
        assert row.witness.condition > 0

    def test_a_wrong_kind_of_answer_outranks_every_number(self):
        """nan for a number is worse than any distance, and has none."""

        def sometimes(x, axis):
            y = lsecheck.logsumexp(x, axis) + np.float32(5)
            y[3] = np.nan
            return y

        (row,) = run(sometimes, "gap").rows
        assert row.witness.answer == "nan"
        assert row.witness.ulp is ABSENT
        assert row.contract == "broken"

    def test_a_very_long_case_is_known_by_its_address_alone(self):
        """4096 hex floats are no evidence that anyone reads."""
        (row,) = run("max-shift", "long").rows
        assert row.witness.x is ABSENT
        assert row.witness.case == "long:0:0"
        assert row.witness.n == 4096
        assert "x" not in read(run("max-shift", "long").to_json())["rows"][0]["witness"]


def test_a_row_says_which_of_its_cases_count_towards_which_verdict():
    """domains: ordinary, specials, range."""
    rows = lsecheck.check("log1p-shift", formats="float16", families=["specials", "corpus"], effort="quick").rows
    for row in rows:
        assert isinstance(row, Row)
        assert sum(row.domains.values()) == row.cases
    assert rows[1].domains["range"] == 1  # 65,520 zeros
