"""run: the truth is found once per batch, and rows are the same bytes for any number of workers."""

import numpy as np
import pytest

import lsecheck
from lsecheck import expectation, formats, functions
from lsecheck.errors import InputError, SubjectError
from lsecheck.inputs import cases
from lsecheck.run import Given, environment, execute, plan
from lsecheck.subjects import load
from lsecheck.subjects.loading import PLAIN

FAMILIES = ("gap", "specials", "equal", "digits-mlp")
LOGSUMEXP = functions.named("logsumexp")


def bytes_of(subjects, jobs: int = 1, function: str = "logsumexp", fmt: str = "float32") -> str:
    """The result file of a quick run, less what may differ between machines."""
    result = lsecheck.check(subjects, function, fmt, FAMILIES, "quick", jobs=jobs)
    assert len(result.rows) == len(FAMILIES) * len(subjects)
    return lsecheck.Result(result.rows, result.verdicts, {}).to_json()


class TestDeterminism:
    """The same question gets the same bytes."""

    def test_rows_are_byte_identical_for_one_and_for_two_workers(self):
        """Otherwise a CI runner with another core count would show differences that are none."""
        subjects = ["max-shift", "log1p-shift", "naive"]
        assert bytes_of(subjects, jobs=1) == bytes_of(subjects, jobs=2)

    def test_rows_of_cross_entropy_are_too(self):
        """Labels come with the cases, not with the worker."""
        assert bytes_of(["max-shift"], 1, "cross_entropy") == bytes_of(["max-shift"], 2, "cross_entropy")

    def test_a_second_run_gives_the_same_bytes(self):
        """Nothing is kept from one run that changes the next."""
        assert bytes_of(["online"]) == bytes_of(["online"])

    def test_a_subject_s_rows_do_not_depend_on_the_subjects_beside_it(self):
        """In any order, alone or with others: each row is about its own subject."""
        names = ["max-shift", "online", "naive"]
        several = lsecheck.check(names, "logsumexp", "float32", FAMILIES, "quick").rows
        turned = lsecheck.check(names[::-1], "logsumexp", "float32", FAMILIES, "quick").rows
        alone = [row for name in names for row in lsecheck.check(name, "logsumexp", "float32", FAMILIES, "quick").rows]
        key = lambda row: (row.subject, row.family)  # noqa: E731 - a key in two words
        assert sorted(several, key=key) == sorted(turned, key=key) == sorted(alone, key=key)

    def test_another_seed_asks_other_cases_and_says_so(self):
        """The address carries the seed, and the hash of the inputs differs."""
        rows = [
            lsecheck.check("naive", formats="float32", families="huge", effort="quick", seed=s).rows[0] for s in (0, 9)
        ]
        assert rows[0].inputs_sha256 != rows[1].inputs_sha256
        assert rows[1].witness.case.startswith("huge:9:")

    def test_rows_come_in_the_order_of_formats_families_and_subjects(self):
        """Not in the order in which workers finish."""
        result = lsecheck.check(
            ["naive", "online"], "logsumexp", ["float32", "float16"], ["gap", "equal"], "quick", jobs=2
        )
        assert [(row.format, row.family, row.subject) for row in result.rows] == [
            (fmt, family, subject)
            for fmt in ("float32", "float16")
            for family in ("gap", "equal")
            for subject in ("naive", "online")
        ]


class TestTruth:
    """The expensive half is done once."""

    @pytest.mark.parametrize("count", [1, 4])
    def test_the_truth_is_found_once_per_batch_whatever_the_number_of_subjects(self, monkeypatch, count):
        """A fifth subject must cost what it costs itself, not the oracle again."""
        calls = []
        certify = expectation.certify
        monkeypatch.setattr(expectation, "certify", lambda *given: calls.append(len(given[1])) or certify(*given))
        subjects = ["max-shift", "online", "naive", "pairwise"][:count]
        lsecheck.check(subjects, "logsumexp", "float32", ["gap", "ordinary"], "quick")
        batches = [
            batch
            for family in ("gap", "ordinary")
            for batch in cases.batches(family, LOGSUMEXP, formats.named("float32"), "quick")
        ]
        assert calls == [len(batch.values) for batch in batches]

    def test_every_subject_is_asked_the_same_cases(self):
        """The hash of the inputs says so, row by row."""
        rows = lsecheck.check(["naive", "online"], "logsumexp", "float16", "wide", "quick").rows
        assert rows[0].inputs_sha256 == rows[1].inputs_sha256
        assert rows[0].tiers == rows[1].tiers
        assert rows[0].cases == rows[1].cases == 20


class TestPlan:
    """What is asked of whom."""

    def tasks(self, subjects, pairs=("float32",), function="logsumexp"):
        """The tasks of a run."""
        loaded = [load(subject) for subject in subjects]
        return plan(loaded, [functions.named(function)], [formats.pair(pair) for pair in pairs], ["gap", "wide"])

    def test_a_task_has_the_subjects_that_claim_its_function_and_format(self):
        """Not claiming is not failing: via-lse has no logsumexp."""
        assert len(self.tasks(["naive", "via-lse"])) == 2
        assert [task.subjects for task in self.tasks(["naive", "via-lse"])] == [(("naive", PLAIN),)] * 2
        assert [len(task.subjects) for task in self.tasks(["naive", "via-lse"], function="softmax")] == [2, 2]

    def test_nobody_to_ask_is_no_task(self):
        """The truth of a batch that no subject claims would be found for nothing."""
        assert self.tasks(["via-lse"]) == []

    def test_a_callable_travels_as_itself_and_a_name_as_its_name(self):
        """Names can be loaded in another process, functions defined in a test cannot."""
        (task, _) = self.tasks(["naive", np.logaddexp.reduce])
        assert task.subjects[0] == ("naive", PLAIN)
        assert task.subjects[1].name == "reduce"


class TestWorkers:
    """Several processes."""

    def test_a_callable_with_two_jobs_is_refused_in_one_sentence(self):
        """Before any work is done, and with the two ways out."""
        with pytest.raises(SubjectError) as caught:
            lsecheck.check(lambda x: x, formats="float32", families=["gap", "wide"], effort="quick", jobs=2)
        assert str(caught.value) == (
            "several jobs need subjects that other processes can load: give 'module:function', or jobs=1"
        )

    @pytest.mark.parametrize("jobs", [0, -1])
    def test_no_workers_are_refused_in_one_sentence(self, jobs):
        """Zero jobs would be an empty run."""
        with pytest.raises(InputError) as caught:
            lsecheck.check("naive", formats="float32", families="gap", effort="quick", jobs=jobs)
        assert str(caught.value) == f"jobs must be 1 or more, got {jobs}"

    def test_a_function_of_a_file_is_loaded_by_the_workers(self, tmp_path):
        """module:function and file.py:function are what the sentence above offers."""
        path = tmp_path / "mine.py"
        path.write_text("import numpy as np\ndef lse(x, axis):\n    return np.log(np.exp(x).sum(axis))\n")
        assert bytes_of([f"{path}:lse"], jobs=1) == bytes_of([f"{path}:lse"], jobs=2)

    def test_a_worker_that_dies_is_said_in_one_sentence(self, tmp_path):
        """A crash is not a traceback of the pool's."""
        path = tmp_path / "dies.py"
        path.write_text("import os\ndef lse(x, axis):\n    os._exit(3)\n")
        with pytest.raises(SubjectError) as caught:
            lsecheck.check(f"{path}:lse", formats="float32", families=["gap", "wide"], effort="quick", jobs=2)
        assert str(caught.value) == (
            "a worker process died while subjects ran in it: --isolate (in a gate, isolate = true) shows which one"
        )

    @pytest.mark.parametrize("jobs", [1, 2])
    def test_progress_is_told_once_a_task(self, jobs):
        """So that a bar ends at 100 %."""
        told = []
        tasks = plan([load("naive")], [LOGSUMEXP], [formats.pair("float32")], ["gap", "wide", "tiny"], effort="quick")
        rows = execute(tasks, jobs, lambda: told.append(1))
        assert len(told) == len(tasks) == len(rows) == 3


class TestGiven:
    """A file in place of families."""

    def test_a_file_is_measured_row_by_row_with_addresses_that_rebuild_its_cases(self, tmp_path):
        """The witness's address is PATH:0:ROW."""
        path = tmp_path / "mine.npy"
        np.save(path, np.array([[0.0, 1.0], [1000.0, 1000.0], [0.0, 0.5]], np.float32))
        result = lsecheck.check("naive", formats="float32", inputs=Given(str(path)))
        (row,) = result.rows
        assert row.cases == 3
        assert row.witness.case == f"{path}:0:1"
        assert cases.case(row.witness.case, LOGSUMEXP, formats.named("float32")).values.tolist() == [[1000.0, 1000.0]]
        assert result.status == 1

    def test_one_row_with_its_own_label(self, tmp_path):
        """Labels are those of the whole file; picking row 2 takes label 2."""
        np.save(tmp_path / "mine.npy", np.zeros((5, 3), np.float32))
        np.save(tmp_path / "labels.npy", np.array([0, 1, 2, 0, 1]))
        given = Given(str(tmp_path / "mine.npy"), 2, str(tmp_path / "labels.npy"))
        (row,) = lsecheck.check("max-shift", "cross_entropy", "float32", inputs=given).rows
        assert row.witness.case.endswith("mine.npy:0:2")
        assert row.witness.label == 2

    def test_an_empty_file_measures_nothing(self, tmp_path):
        """And nothing measured is not a pass."""
        np.save(tmp_path / "none.npy", np.zeros((0, 3), np.float32))
        assert lsecheck.check("naive", formats="float32", inputs=Given(str(tmp_path / "none.npy"))).status == 5


class TestEnvironment:
    """What could change an answer is written beside it."""

    def test_it_names_versions_processor_and_the_versions_of_the_subjects(self):
        """Two results with different numbers can then be told apart by cause."""
        found = environment([load("max-shift"), load(np.logaddexp)])
        assert set(found) == {
            "lsecheck", "numpy", "mpmath", "ml_dtypes", "python", "platform", "processor", "numpy_simd", "engine",
            "subject max-shift",
        }  # fmt: skip
        assert found["numpy"] == np.__version__
        assert found["subject max-shift"] == f"numpy {np.__version__}"
        assert all(isinstance(value, str) for value in found.values())

    def test_a_result_carries_it(self):
        """It is written into the file."""
        result = lsecheck.check("naive", formats="float32", families="gap", effort="quick")
        assert result.environment == environment([load("naive")])


def test_the_required_contract_reaches_the_rows():
    """excess is over the contract that was asked for, not over a default."""
    loose, tight = (
        lsecheck.check("max-shift", formats="float32", families="ordinary", effort="quick", require=name).rows[0]
        for name in ("shifted", "correctly-rounded")
    )
    assert loose.max_excess < 1 < tight.max_excess
