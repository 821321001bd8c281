"""loaders: whatever can be called can be judged, the way it wants to be called; what cannot gets one sentence."""

import math

import numpy as np
import pytest

import lsecheck
from lsecheck import formats, functions
from lsecheck.errors import SubjectError, UnknownName
from lsecheck.subjects import from_callable, from_spec, load
from lsecheck.subjects.loading import Loading
from lsecheck.subjects.subject import Answers, ask

ROWS = np.array([[0.0, 1.0, 2.0], [3.0, 3.0, 3.0]])


def said(subject: object, function: str = "logsumexp", rows: np.ndarray = ROWS, call: "str | None" = None) -> Answers:
    """Ask a callable in float64."""
    labels = np.arange(len(rows)) if function == "cross_entropy" else None
    return ask(load(subject, Loading(call=call)), functions.named(function), rows, formats.pair("float64"), labels)


def right(answers: Answers, function: str = "logsumexp", rows: np.ndarray = ROWS) -> bool:
    """Whether it answered, and what is right."""
    labels = np.arange(len(rows)) if function == "cross_entropy" else None
    known = lsecheck.truth(function, rows, labels=labels).rounded
    return not answers.trouble.any() and np.allclose(answers.values, known, rtol=1e-14)


class TestCalling:
    """A callable is handed the batch with axis or dim if it takes them; else the batch or rows, found by one probe."""

    def test_a_function_with_axis_is_handed_the_batch_and_axis_minus_1(self):
        """NumPy's and SciPy's way."""
        seen = []

        def lse(x, axis=None):
            seen.append((x.shape, axis))
            return np.log(np.exp(x).sum(axis))

        assert right(said(lse))
        assert seen == [((2, 3), -1)]

    def test_a_function_with_dim_is_handed_dim(self):
        """Torch's way."""
        seen = []

        def lse(x, *, dim):
            seen.append(dim)
            return np.log(np.exp(x).sum(dim))

        assert right(said(lse))
        assert seen == [-1]

    def test_a_function_of_a_batch_is_found_by_a_probe_whose_rows_and_entries_differ(self):
        """3 rows of 2: on a square probe a function along the wrong axis would pass for one along the right one."""
        seen = []

        def lse(x):
            seen.append(x.shape)
            return np.log(np.exp(x).sum(-1))

        assert right(said(lse))
        assert seen == [(3, 2), (2, 3)]

    def test_a_function_of_one_row_is_called_row_by_row(self):
        """It answers a number whatever it is handed: the probe's shape says so."""
        seen = []

        def lse(x):
            seen.append(x.shape)
            return np.log(np.exp(x).sum())

        assert right(said(lse))
        assert seen == [(3, 2), (3,), (3,)]

    def test_a_function_that_refuses_two_axes_is_called_row_by_row(self):
        """Plain Python over a list of numbers is a subject too."""

        def lse(x):
            top = max(float(entry) for entry in x)
            return top + math.log(sum(math.exp(entry - top) for entry in x))

        assert right(said(lse))

    def test_a_function_down_the_columns_is_not_taken_for_one_along_the_rows(self):
        """Its answer to the probe has 2 numbers where 3 are right, so it is handed rows, and each is one row."""
        assert right(said(lambda x: np.log(np.exp(x).sum(0))))

    def test_a_batch_function_that_keeps_the_axis_is_accepted(self):
        """(rows, 1) is keepdims, not a wrong shape."""
        assert right(said(lambda x: np.log(np.exp(x).sum(-1, keepdims=True))))

    def test_the_probe_is_made_once(self):
        """Its answer is remembered, so that a run costs one call more and not twice as many."""
        seen = []
        subject = from_callable(lambda x: seen.append(x.shape) or np.log(np.exp(x).sum(-1)))
        for _ in range(3):
            ask(subject, functions.named("logsumexp"), ROWS, formats.pair("float64"), None)
        assert seen.count((3, 2)) == 1

    def test_elementwise_functions_are_probed_for_as_many_outputs_as_entries(self):
        """softmax of a batch and of a row both answer in the shape they got: the batch is handed over whole."""
        seen = []

        def softmax(x):
            seen.append(x.shape)
            e = np.exp(x - x.max(-1, keepdims=True))
            return e / e.sum(-1, keepdims=True)

        assert right(said(softmax, "softmax"), "softmax")
        assert seen == [(3, 2), (2, 3)]

    def test_logaddexp_is_handed_two_arrays(self):
        """f(a, b) of (rows,) arrays, as numpy.logaddexp."""
        pairs = np.array([[0.0, 1.0], [5.0, 5.0], [-3.0, 2.0]])
        seen = []

        def add(a, b):
            seen.append((a.shape, b.shape))
            return np.logaddexp(a, b)

        assert right(said(add, "logaddexp", pairs), "logaddexp", pairs)
        assert seen == [((3,), (3,))]

    def test_cross_entropy_is_handed_the_batch_and_int64_labels(self):
        """f(x, labels), unreduced."""
        seen = []

        def loss(x, labels):
            seen.append((x.shape, labels.dtype))
            return np.log(np.exp(x).sum(-1)) - x[np.arange(len(x)), labels]

        assert right(said(loss, "cross_entropy"), "cross_entropy")
        assert seen == [((2, 3), np.int64)]

    def test_a_python_float_counts_as_float64(self):
        """It is one: asked in float32 it is a class error that names the -f to use."""
        answers = ask(
            load(lambda x: float(np.log(np.exp(np.asarray(x, float)).sum()))),
            functions.named("logsumexp"),
            ROWS,
            formats.pair("float32"),
            None,
        )
        assert answers.trouble.tolist() == ["dtype", "dtype"]
        assert answers.message.endswith(
            "was given float32 and answered in float64: its error in float32 is not measurable; "
            "to judge what it did, use -f float32:float64"
        )

    def test_an_object_with_call_and_a_ufunc_are_subjects(self):
        """Anything callable: classes, builtins without a signature, partials."""

        class Lse:
            def __call__(self, x, axis):
                return np.log(np.exp(x).sum(axis))

        assert right(said(Lse()))
        assert load(Lse()).name == "Lse"
        pairs = np.array([[0.0, 1.0]])
        assert right(said(np.logaddexp, "logaddexp", pairs), "logaddexp", pairs)


class TestForcing:
    """--call axis|batch|row fixes what the probe would guess."""

    def test_row_forces_rows_on_a_function_that_takes_a_batch(self):
        """To judge the vector path of a library that has both."""
        seen = []

        def lse(x):
            seen.append(x.shape)
            return np.log(np.exp(x).sum(-1))

        assert right(said(lse, call="row"))
        assert seen == [(3,), (3,)]

    def test_batch_forces_the_batch_without_a_probe_or_an_axis(self):
        """For a function whose axis means something else."""
        seen = []

        def lse(x, axis="unset"):
            seen.append((x.shape, axis))
            return np.log(np.exp(x).sum(-1))

        assert right(said(lse, call="batch"))
        assert seen == [((2, 3), "unset")]

    def test_axis_needs_a_function_that_takes_one(self):
        """A wrong option is the caller's mistake, not the subject's."""

        def lse(x):
            return x

        with pytest.raises(
            SubjectError, match=r"^--call axis needs a function that takes axis or dim; .* takes neither$"
        ):
            load(lse, Loading(call="axis"))

    def test_row_hands_logaddexp_two_numbers_and_cross_entropy_a_row_and_its_label(self):
        """The scalar forms."""
        pairs = np.array([[0.0, 1.0], [2.0, 2.0]])
        assert right(said(lambda a, b: np.logaddexp(a, b), "logaddexp", pairs, "row"), "logaddexp", pairs)
        assert right(
            said(lambda x, label: np.log(np.exp(x).sum()) - x[label], "cross_entropy", call="row"), "cross_entropy"
        )

    def test_an_unknown_way_names_the_three(self):
        """As every name."""
        with pytest.raises(UnknownName) as caught:
            load(np.logaddexp, Loading(call="rows"))
        assert str(caught.value) == "unknown call 'rows': did you mean 'row'? choose from axis, batch, row"


class TestSpecs:
    """package.module:function and path/file.py:function."""

    def test_a_function_of_an_installed_module(self):
        """The commonest subject of all; dotted attributes reach into classes."""
        subject = load("numpy:logaddexp")
        assert subject.name == subject.spec == "numpy:logaddexp"
        pairs = np.array([[0.0, 1.0]])
        assert right(said(subject, "logaddexp", pairs), "logaddexp", pairs)
        assert load("numpy:logaddexp.reduce").name == "numpy:logaddexp.reduce"

    def test_logaddexp_reduce_folds_along_the_axis(self):
        """A ufunc method shows its axis in no signature that Python has always had; it must still be called right."""
        assert right(said("numpy:logaddexp.reduce", call="row"))

    def test_a_function_of_a_file(self, tmp_path):
        """A kernel's wrapper lies beside it, in no package."""
        path = tmp_path / "mine.py"
        path.write_text("import numpy as np\ndef lse(x, axis):\n    return np.log(np.exp(x).sum(axis))\n")
        assert right(said(f"{path}:lse"))
        assert load(f"{path}:lse").spec == f"{path}:lse"

    def test_a_module_of_the_working_folder(self, tmp_path, monkeypatch):
        """As `python -m` would find it."""
        (tmp_path / "lsecheck_own_module.py").write_text("import numpy as np\nlse = np.logaddexp\n")
        monkeypatch.chdir(tmp_path)
        assert load("lsecheck_own_module:lse").name == "lsecheck_own_module:lse"

    @pytest.mark.parametrize(
        ("text", "spec", "sentence"),
        [
            (None, "{file}:lse", "'{file}:lse': there is no file {file}"),
            ("x = 1\n", "{file}:lse", "'{file}:lse': {file} has no 'lse'"),
            ("lse = 3\n", "{file}:lse", "'{file}:lse' is int, not something that can be called"),
            ("1 / 0\n", "{file}:lse", "'{file}:lse': importing {file} raised ZeroDivisionError: division by zero"),
            (
                "import no_such_module\n",
                "{file}:lse",
                "'{file}:lse': importing {file} raised ModuleNotFoundError: No module named 'no_such_module'",
            ),
        ],
    )
    def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(self, tmp_path, text, spec, sentence):
        """What was wrong, and with which part of what was typed."""
        path = tmp_path / "mine.py"
        if text is not None:
            path.write_text(text)
        with pytest.raises(SubjectError) as caught:
            load(spec.format(file=path))
        assert str(caught.value) == sentence.format(file=path)

    @pytest.mark.parametrize(
        ("spec", "sentence"),
        [
            ("numpy:no_such", "'numpy:no_such': numpy has no 'no_such'"),
            ("numpy:pi", "'numpy:pi' is float, not something that can be called"),
            (
                "no_such_module:f",
                "'no_such_module:f': importing no_such_module raised ModuleNotFoundError: "
                "No module named 'no_such_module'",
            ),
        ],
    )
    def test_a_spec_that_cannot_be_used_is_refused_in_one_sentence(self, spec, sentence):
        """Modules as files."""
        with pytest.raises(SubjectError) as caught:
            from_spec(spec)
        assert str(caught.value) == sentence

    def test_an_unknown_name_names_the_nearest_and_the_other_ways(self):
        """A name without a colon is a method or an adapter."""
        with pytest.raises(UnknownName) as caught:
            load("max-shfit")
        assert str(caught.value).startswith(
            "unknown subject 'max-shfit': did you mean 'max-shift'? choose from naive, "
        )
        assert ", scipy, " in str(caught.value)
        assert str(caught.value).endswith(", path/file.py:function, path/lib.so:symbol, exec:command")

    def test_a_subject_is_returned_as_it_is(self):
        """check() takes both."""
        subject = load("naive")
        assert load(subject) is subject

    def test_a_module_that_exits_on_import_is_refused_too(self, tmp_path):
        """A script without its main guard must not end the run, least of all with status 0."""
        path = tmp_path / "script.py"
        path.write_text("import sys\nsys.exit(0)\n")
        try:
            load(f"{path}:lse")
        except SubjectError:
            return
        except SystemExit:
            pytest.fail("the module ended the run")
