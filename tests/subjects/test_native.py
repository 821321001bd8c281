"""from_library: a C function answers here as it does when C calls it."""

import ctypes
import re

import ml_dtypes
import numpy as np
import pytest

from lsecheck import formats, functions
from lsecheck.errors import SubjectError
from lsecheck.subjects import load
from lsecheck.subjects.loading import Loading
from lsecheck.subjects.question import Question, Reply
from lsecheck.subjects.subject import ask
from subjects.compiled import PROGRAMS, library

FORMATS = {
    "float64": (np.dtype(np.float64), ctypes.c_double),
    "float32": (np.dtype(np.float32), ctypes.c_float),
    "bfloat16": (np.dtype(ml_dtypes.bfloat16), ctypes.c_uint16),
}
ROWS = np.random.default_rng(3).normal(size=(30, 7)) * 10


def asked(symbol: str, question: Question, call: "str | None" = None) -> Reply:
    """One call of a function of `signatures.c`."""
    return load(f"{library('signatures')}:{symbol}", Loading(call=call)).reply(question)


def direct(symbol: str, *types: object, answer: object = None) -> "ctypes._CFuncPtr":
    """The same function, in this process."""
    found = ctypes.CDLL(library("signatures"))[symbol]
    found.argtypes, found.restype = types, answer
    return found


def array(name: str) -> "np.ndarray":
    """The rows in a format."""
    return formats.cast(ROWS, formats.named(name))


@pytest.mark.parametrize("name", FORMATS)
class TestSignatures:
    """Row by row and in batches, in numbers and in bits: the bits of C's own answer."""

    def test_a_reduction(self, name):
        """`T f(const T *x, size_t n)`, `void f(const T *x, size_t rows, size_t n, T *out)`."""
        x, (dtype, kind) = array(name), FORMATS[name]
        function = direct(f"lse_{name}", ctypes.c_void_p, ctypes.c_size_t, answer=kind)
        wanted = np.array([function(row.ctypes.data, 7) for row in x], kind).view(dtype)
        for symbol, call in ((f"lse_{name}", None), (f"lse_{name}", "row"), (f"lse_batch_{name}", "batch")):
            got = asked(symbol, Question("logsumexp", x, name), call).array
            assert (got.dtype, got.tobytes()) == (dtype, wanted.tobytes())
        assert formats.widen(wanted) == pytest.approx(np.log(np.exp(formats.widen(x)).sum(-1)), rel=0.01)

    def test_as_many_answers_as_entries(self, name):
        """`void f(const T *x, size_t n, T *out)`, and the batch as above."""
        x, wanted = array(name), array(name) * 0
        function = direct(f"softmax_{name}", ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
        for row, out in zip(x, wanted, strict=True):
            function(row.ctypes.data, 7, out.ctypes.data)
        for symbol, call in ((f"softmax_{name}", None), (f"softmax_batch_{name}", "batch")):
            got = asked(symbol, Question("softmax", x, name), call).array
            assert (got.shape, got.tobytes()) == ((30, 7), wanted.tobytes())
        assert formats.widen(wanted).sum(-1) == pytest.approx(1, rel=0.1)

    def test_pairs(self, name):
        """`T f(T a, T b)`, `void f(const T *a, const T *b, size_t n, T *out)`."""
        x, (dtype, kind) = np.ascontiguousarray(array(name)[:, :2]), FORMATS[name]
        function = direct(f"add_{name}", kind, kind, answer=kind)
        wanted = np.array([function(a, b) for a, b in x.view(kind).tolist()], kind).view(dtype)
        for symbol, call in ((f"add_{name}", None), (f"add_batch_{name}", "batch")):
            got = asked(symbol, Question("logaddexp", x, name), call).array
            assert (got.dtype, got.tobytes()) == (dtype, wanted.tobytes())

    def test_labels(self, name):
        """`T f(const T *x, size_t n, int64_t label)`, and all of them before the answers."""
        x, (dtype, kind) = array(name), FORMATS[name]
        labels = np.arange(30) % 7
        function = direct(f"loss_{name}", ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64, answer=kind)
        each = zip(x, labels.tolist(), strict=True)
        wanted = np.array([function(row.ctypes.data, 7, label) for row, label in each], kind).view(dtype)
        for symbol, call in ((f"loss_{name}", None), (f"loss_batch_{name}", "batch")):
            got = asked(symbol, Question("cross_entropy", x, name, labels), call).array
            assert (got.dtype, got.tobytes()) == (dtype, wanted.tobytes())


class TestAnswers:
    """What comes back where C leaves something open."""

    def test_a_pair_of_formats_takes_bits_and_answers_in_float(self):
        """As fused kernels have it."""
        got = asked("from_bfloat16", Question("logsumexp", array("bfloat16"), "float32")).array
        assert got.dtype == np.float32
        exact = np.log(np.exp(formats.widen(array("bfloat16"))).sum(-1))
        assert got == pytest.approx(exact, rel=1e-6)

    @pytest.mark.parametrize("name", ["float8_e4m3fn", "float8_e5m2"])
    def test_formats_of_8_bits_travel_as_bits(self, name):
        """In uint8_t, both ways."""
        x = array(name)
        assert asked("first_bits", Question("logsumexp", x, name)).array.tobytes() == x[:, 0].tobytes()

    def test_an_answer_that_is_not_written_is_nan(self):
        """What lay in memory might look right."""
        got = asked("unwritten_float64", Question("logsumexp", ROWS, "float64"), "batch").array
        assert np.isnan(got).tolist() == [False] * 29 + [True]

    @pytest.mark.parametrize("call", ["row", "batch"])
    @pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
    def test_nothing_is_handed_over_as_a_place_and_a_zero(self, call, shape):
        """n = 0 is log 0 = -inf, which a library must be able to say."""
        infix = "_batch" if call == "batch" else ""
        for name, function in (("lse", "logsumexp"), ("softmax", "softmax")):
            reply = asked(f"{name}{infix}_float64", Question(function, np.zeros(shape), "float64"), call)
            assert reply.trouble == ""
            assert reply.array.shape == (shape if function == "softmax" else shape[:1])

    def test_a_write_to_its_input_is_noticed(self, tmp_path):
        """It is handed the array itself, not a copy that hides it."""
        subject = load(f"{library('signatures')}:softmax_batch_float64", Loading(call="batch"))
        assert subject.reply(Question("softmax", ROWS, "float64", watched=True)).notices == ()
        (tmp_path / "over.c").write_text(
            "#include <stddef.h>\ndouble over(double *x, size_t n) { x[n - 1] = 0; return 0; }\n"
        )
        import subprocess

        subprocess.run(["gcc", "-shared", "-fPIC", "-o", tmp_path / "over.so", tmp_path / "over.c"], check=True)
        reply = load(f"{tmp_path}/over.so:over").reply(Question("logsumexp", ROWS, "float64", watched=True))
        assert [tuple(notice) for notice in reply.notices] == [("input", "x was changed by the call")]

    def test_a_library_is_judged_like_any_other_subject(self):
        """Through `ask`, with its file as its version."""
        subject = load(f"{library('max_shift')}:logsumexp")
        answers = ask(subject, functions.named("logsumexp"), ROWS, formats.pair("float32"), None)
        assert (answers.trouble == "").all()
        assert answers.values[:, 0] == pytest.approx(np.log(np.exp(ROWS).sum(-1)), rel=1e-6)
        assert subject.note == "C, isolated"
        assert re.fullmatch("sha256 [0-9a-f]{12}", subject.version)
        assert subject.takes == frozenset()


class TestRefusals:
    """One sentence each."""

    @pytest.mark.parametrize(
        ("symbol", "call", "sentence"),
        [
            ("lse_float16", None, "exports no 'lse_float16'; did you mean 'lse_bfloat16'"),
            ("wholly_other", None, "exports no 'wholly_other'"),
            ("lse_float64", "axis", "a C function takes no axis; use --call row or --call batch"),
        ],
    )
    def test_a_symbol_that_is_not_there_or_not_to_be_called_so(self, symbol, call, sentence):
        """The nearest names are offered."""
        with pytest.raises(SubjectError) as refused:
            load(f"{library('signatures')}:{symbol}", Loading(call=call))
        assert sentence in str(refused.value)
        assert "\n" not in str(refused.value)

    def test_a_file_that_is_not_there(self, tmp_path):
        """Before anything is started to load it."""
        with pytest.raises(SubjectError) as refused:
            load(f"{tmp_path}/none.so:f")
        assert str(refused.value) == f"'{tmp_path}/none.so:f': there is no file {tmp_path}/none.so"

    def test_a_file_that_is_no_library(self, tmp_path):
        """In the loader's own words, on one line."""
        (tmp_path / "text.so").write_text((PROGRAMS / "max_shift.c").read_text())
        with pytest.raises(SubjectError) as refused:
            load(f"{tmp_path}/text.so:f")
        start = f"'{tmp_path}/text.so:f': {tmp_path}/text.so cannot be loaded: "
        assert str(refused.value).startswith(start)
        assert "\n" not in str(refused.value)
