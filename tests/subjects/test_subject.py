"""ask: whatever a subject does to a batch is kept as a finding of the rows concerned, and the run goes on."""

# ruff: noqa: ARG001, ARG005 - a subject takes what it is handed, wanted or not

import warnings

import numpy as np
import pytest

import lsecheck
from lsecheck import formats, functions
from lsecheck.subjects import from_callable
from lsecheck.subjects.subject import Answers, Subject, ask

LOGSUMEXP = functions.named("logsumexp")
ROWS = np.array([[0.0, 1.0], [2.0, 2.0], [3.0, 5.0]])
EXACT = np.log(np.exp(ROWS).sum(-1))


def lse(x, axis):
    """A plain one."""
    return np.log(np.exp(x).sum(axis))


def said(function, rows=ROWS, fmt="float64", defined=LOGSUMEXP, labels=None) -> Answers:
    """Ask a callable."""
    return ask(from_callable(function, "mine"), defined, rows, formats.pair(fmt), labels)


class TestRaising:
    """What a subject raises is a finding about the rows that make it raise."""

    def test_rows_that_do_not_raise_keep_their_answers(self):
        """One bad row in a batch of 300 must not hide the others."""

        def picky(x, axis):
            if (x == 2.0).any():
                raise ValueError("I do not like 2")
            return lse(x, axis)

        answers = said(picky)
        assert answers.trouble.tolist() == ["", "raised", ""]
        assert answers.values[[0, 2], 0] == pytest.approx(EXACT[[0, 2]])
        assert np.isnan(answers.values[1, 0])
        assert answers.message == "raised ValueError: I do not like 2"

    def test_a_subject_that_raises_always_troubles_every_row(self):
        """And the first sentence is kept."""

        def broken(x, axis):
            raise RuntimeError("no kernel")

        answers = said(broken)
        assert answers.trouble.tolist() == ["raised"] * 3
        assert answers.message == "raised RuntimeError: no kernel"

    def test_a_batch_that_raises_though_no_row_does_is_the_batch_s_fault(self):
        """It cannot take several rows: that is a finding, not something to work around in silence."""

        def single(x, axis):
            if len(x) > 1:
                raise ValueError("one row at a time")
            return lse(x, axis)

        assert said(single).trouble.tolist() == ["raised"] * 3

    def test_rows_are_asked_again_as_they_were_though_the_batch_was_overwritten(self):
        """It may have changed its input before it raised: that input is not ours to lose."""

        def overwriting(x, axis):
            some = (x == 2.0).any()
            x += 100
            if some:
                raise ValueError("I do not like 2")
            return lse(x, axis) - 100

        answers = said(overwriting)
        assert answers.trouble.tolist() == ["", "raised", ""]
        assert answers.values[[0, 2], 0] == pytest.approx(EXACT[[0, 2]])

    def test_an_answer_that_is_no_array_counts_as_raised(self):
        """Ragged lists cannot be an array of numbers."""
        answers = said(lambda x, axis: [[1.0], [1.0, 2.0], []])
        assert set(answers.trouble.tolist()) <= {"raised", "shape"}

    def test_warnings_of_a_subject_do_not_stop_it(self):
        """Overflow in a naive sum is what is being measured; its warning is not an error of ours."""

        def noisy(x, axis):
            warnings.warn("beware", stacklevel=1)
            return lse(x * 1000, axis)

        assert said(noisy).trouble.tolist() == ["", "", ""]

    def test_a_subject_that_exits_is_a_finding_too(self):
        """`lsecheck gate` would pass with status 0 on a subject that calls sys.exit()."""

        def exits(x, axis):
            raise SystemExit(0)

        try:
            answers = said(exits)
        except SystemExit:
            pytest.fail("the subject ended the run")
        assert answers.trouble.tolist() == ["raised"] * 3


def test_an_exception_whose_words_raise_is_a_finding_too():
    """They are the subject's, like everything else that it raises."""

    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("no words")

    def raising(x):
        raise Mute

    f32 = formats.pair("float32")
    said = ask(from_callable(raising), functions.LOGSUMEXP, np.zeros((2, 3)), f32, None)
    assert set(said.trouble) == {"raised"}
    assert said.message == "raised Mute: (its words raised RuntimeError)"


class TestArrays:
    """What comes back must be in the right dtype and shape."""

    @pytest.mark.parametrize(
        ("fmt", "dtype", "sentence"),
        [
            (
                "float32",
                np.float64,
                "mine was given float32 and answered in float64: its error in float32 is not measurable; "
                "to judge what it did, use -f float32:float64",
            ),
            (
                "bfloat16:float32",
                np.float64,
                "mine was given bfloat16 and answered in float64: its error in float32 is not measurable; "
                "to judge what it did, use -f bfloat16:float64",
            ),
            (
                "float32",
                np.int64,
                "mine was given float32 and answered in int64, which is no format lsecheck knows",
            ),
        ],
    )
    def test_another_dtype_is_a_class_error_that_names_the_f_to_use(self, fmt, dtype, sentence):
        """An answer in float64 would look 2^29 times better than float32 can be."""
        answers = said(lambda x, axis: lse(x.astype(float), axis).astype(dtype), fmt=fmt)
        assert answers.trouble.tolist() == ["dtype"] * 3
        assert np.isnan(answers.values).all()
        assert answers.message == sentence

    def test_the_output_format_of_a_pair_is_the_one_that_is_wanted(self):
        """bfloat16 logits, float32 answer, as fused kernels have it."""
        answers = said(lambda x, axis: lse(x.astype(np.float32), axis), fmt="bfloat16:float32")
        assert answers.trouble.tolist() == [""] * 3

    def test_another_byte_order_is_the_same_format(self):
        """The numbers are the same; how they lie in memory is no matter of accuracy."""
        answers = said(lambda x, axis: lse(x, axis).astype(">f4"), fmt="float32")
        assert answers.trouble.tolist() == [""] * 3
        assert np.array_equal(answers.values, said(lse, fmt="float32").values)

    @pytest.mark.parametrize(
        ("function", "shape"),
        [
            (lambda x, axis: lse(x, axis).sum(), "()"),
            (lambda x, axis: x, "(3, 2)"),
            (lambda x, axis: lse(x, axis)[None, :], "(1, 3)"),
            (lambda x, axis: lse(x, axis)[:2], "(2,)"),
        ],
    )
    def test_another_shape_is_a_class_error_that_says_what_is_right(self, function, shape):
        """Reductions of everything, nothing reduced, a leading 1, rows missing."""
        answers = said(function)
        assert answers.trouble.tolist() == ["shape"] * 3
        assert answers.message == f"answered in shape {shape} where (3,) is right"

    def test_elementwise_functions_answer_in_the_shape_of_the_batch(self):
        """softmax reduced to (rows,) is no softmax."""
        softmax = functions.named("softmax")
        answers = said(lambda x, axis: lse(x, axis), defined=softmax)
        assert answers.trouble.tolist() == ["shape"] * 3
        assert answers.message == "answered in shape (3,) where (3, 2) is right"
        assert said(lambda x, axis: x, defined=softmax).values.shape == (3, 2)

    def test_one_entry_a_row_answers_one_output_a_row_either_way(self):
        """(rows,) and (rows, 1) are both a reduction of (rows, 1)."""
        assert said(lambda x, axis: x[:, 0], ROWS[:, :1]).trouble.tolist() == [""] * 3
        assert said(lambda x, axis: x, ROWS[:, :1]).trouble.tolist() == [""] * 3

    def test_answers_are_widened_exactly(self):
        """Measuring happens in float64: no answer may change on the way."""
        tiny = np.float16(2.0**-24)
        answers = said(lambda x, axis: np.full(len(x), tiny), fmt="float16")
        assert answers.values[:, 0].tolist() == [2.0**-24] * 3


class TestIsolation:
    """A subject cannot change what others are asked, nor what it has said."""

    def test_the_subject_cannot_modify_our_batch(self):
        """x -= max in place is common; the next subject must get the same bits."""
        rows, labels = ROWS.copy(), np.array([0, 1, 0])

        def careless(x, given):
            x -= 1e6
            given += 7
            return np.zeros(len(x))

        said(careless, rows, defined=functions.named("cross_entropy"), labels=labels)
        assert np.array_equal(rows, ROWS)
        assert labels.tolist() == [0, 1, 0]

    def test_the_subject_is_handed_the_input_format(self):
        """bfloat16 arrives as bfloat16, and logaddexp's halves too."""
        seen = []

        def noting(*arrays, axis=None):
            seen.extend((array.dtype.name, array.shape, array.flags.writeable) for array in arrays)
            return arrays[0].max(-1) if arrays[0].ndim == 2 else arrays[0]

        said(noting, fmt="bfloat16")
        said(noting, fmt="float16", defined=functions.named("logaddexp"))
        assert seen == [("bfloat16", (3, 2), True), ("float16", (3,), True), ("float16", (3,), True)]

    def test_an_answer_that_is_a_view_of_something_changing_is_copied(self):
        """A reused output buffer must not rewrite what was said before."""
        buffer = np.zeros(3)

        def reusing(x, axis):
            buffer[:] = lse(x, axis)
            return buffer

        first = said(reusing)
        said(reusing, ROWS + 5)
        assert first.values[:, 0] == pytest.approx(EXACT)


class TestClaims:
    """Not claiming is not failing."""

    def test_a_subject_claims_the_functions_it_implements_in_the_formats_it_takes(self):
        """A report with a row for what nobody promised would be noise."""
        subject = Subject("mine", {"logsumexp": lse}, formats={"logsumexp": frozenset({"float32"})})
        assert subject.supports(LOGSUMEXP, formats.pair("float32"))
        assert subject.supports(LOGSUMEXP, formats.pair("float32:float64"))
        assert not subject.supports(LOGSUMEXP, formats.pair("float64"))
        assert not subject.supports(functions.named("softmax"), formats.pair("float32"))

    def test_a_callable_is_asked_for_whichever_function_is_named(self):
        """What it implements is what the caller says."""
        subject = from_callable(lse)
        assert all(subject.supports(function, formats.pair("bfloat16")) for function in functions.FUNCTIONS.values())
        result = lsecheck.check(lse, "softmax", formats="float32", families=["gap"], effort="quick")
        assert result.rows[0].class_errors == {"shape": result.rows[0].cases}
