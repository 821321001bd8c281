"""terms: the line is run by a shell, without lsecheck, and prints what the adapter answered."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lsecheck import formats, functions
from lsecheck.inputs.corpus import format_values
from lsecheck.report.terms import LONGEST, own_program, own_terms
from lsecheck.rows import Witness
from lsecheck.subjects import load
from lsecheck.subjects.adapters import ADAPTERS, install_line, installed

#: compiling takes a quarter of a minute each
SLOW = {"torch.compile": ("logsumexp", "float32")}
EACH = [
    pytest.param(
        name,
        function,
        fmt,
        marks=pytest.mark.skipif(not installed(name), reason=install_line(name)),
        id=f"{name}-{function}-{fmt}",
    )
    for name, line in ADAPTERS.items()
    for function, asked in line.functions.items()
    for fmt in sorted(asked.formats)
    if name not in SLOW or SLOW[name] == (function, fmt)
]
#: one function of each library is enough to see the words that its line is made of
RUN = [each for each in EACH if each.values[1] == next(iter(ADAPTERS[each.values[0]].functions))]
RUN = [each for each in RUN if each.values[2] == "float32" and each.values[0] not in SLOW]


def _witness(values: "list[float]", fmt: str, label: "int | None" = None, output: int = 0) -> Witness:
    x = formats.widen(formats.cast(np.array(values), formats.named(fmt))).tolist()
    named = {} if label is None else {"label": label}
    return Witness(case="given:0:0", x=format_values(x), n=len(x), output=output, answer="nan", truth="nan", **named)


def _printed(line: str) -> float:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=os.environ | {"PATH": path})
    assert ran.returncode == 0, ran.stderr[-600:]
    return float(ran.stdout)


def _answered(name: str, function: str, fmt: str, seen: Witness) -> float:
    """By the adapter, of the same row alone."""
    words = [word.partition("*") for word in seen.x.split()]
    row = [float.fromhex(value) for value, _, count in words for _ in range(int(count or 1))]
    x = formats.cast(np.array([row]), formats.named(fmt))
    arrays = [x[:, 0], x[:, 1]] if function == "logaddexp" else [x]
    if isinstance(seen.label, int):
        arrays.append(np.array([seen.label]))
    answer = formats.widen(np.asarray(load(name).implementations[function](*arrays)))
    return float(answer[0, seen.output] if answer.ndim == 2 else answer[0])


def _compare(name: str, function: str, fmt: str, values: "list[float]", output: int = 0) -> None:
    values = values[:2] if function == "logaddexp" else values
    label = len(values) - 1 if function == "cross_entropy" else None
    seen = _witness(values, fmt, label, output if functions.named(function).elementwise else 0)
    with np.errstate(all="ignore"):
        known = _answered(name, function, fmt, seen)
    printed = _printed(own_terms(name, function, fmt, seen))
    assert printed == known or (np.isnan(printed) and np.isnan(known))


@pytest.mark.parametrize(("name", "function", "fmt"), EACH)
def test_the_line_prints_what_the_adapter_answered(name, function, fmt):
    """Numbers that need all their digits, a zero with a sign, the smallest subnormal, repeats."""
    smallest = formats.named(fmt).tiny
    _compare(name, function, fmt, [1 / 3, -0.0, smallest, -smallest, 2.7, 2.7, 2.7, -7.1], output=4)


@pytest.mark.parametrize("specials", [(np.nan,), (np.inf, -np.inf), (-np.inf, -np.inf)])
@pytest.mark.parametrize(("name", "function", "fmt"), RUN)
def test_special_values_survive_the_quoting(name, function, fmt, specials):
    """nan, inf and -inf are names that must be imported."""
    _compare(name, function, fmt, [*specials, -1.5, 0.25][:3])


@pytest.mark.skipif(not installed("onnxruntime"), reason=install_line("onnxruntime"))
def test_an_infinity_is_seen():
    """What the tool is for, as one would report it to ONNX Runtime. A release that has it mended answers 1001."""
    seen = _witness([1000.0] * 3, "float16")
    assert _printed(own_terms("onnxruntime", "logsumexp", "float16", seen)) in (np.inf, 1001.0)
    assert _printed(own_terms("onnxruntime.opset13", "logsumexp", "float16", seen)) == 1001.0


@pytest.mark.skipif(not installed("scipy"), reason=install_line("scipy"))
def test_a_sum_that_sticks_along_axis_0_is_seen_in_the_librarys_own_terms():
    """4,096 ones in float16, added row by row, stay 2048; along the last axis they do not."""
    seen = _witness([0.0] * 4096, "float16")
    line = own_terms("scipy", "logsumexp", "float16", seen, axis=0)
    assert 'np.array([[0.0]*4096, [0.0]*4096], "float16").T.copy(), axis=0)[0]' in line
    assert _printed(line) == 7.625
    assert _printed(own_terms("scipy", "logsumexp", "float16", seen)) == 8.3203125
    assert _printed(own_terms("scipy", "softmax", "float16", seen, axis=0)) > 4e-4


@pytest.mark.skipif(not installed("scipy"), reason=install_line("scipy"))
def test_a_row_without_entries_is_asked_as_one():
    """Shape (1, 0): SciPy says log 0."""
    line = own_terms("scipy", "logsumexp", "float64", _witness([], "float64"))
    assert "np.array([[]]" in line
    assert _printed(line) == -np.inf


class TestWritten:
    """The words, without a library."""

    def test_scipy(self):
        """As one would type it."""
        line = own_terms("scipy", "logsumexp", "float16", _witness([0.0] * 65520 + [1.0, np.inf], "float16"))
        assert line == (
            "python -c 'import numpy as np, scipy.special; from math import inf; "
            'print(scipy.special.logsumexp(np.array([[0.0]*65520 + [1.0, inf]], "float16"), axis=-1)[0].tolist())\''
        )

    def test_torch(self):
        """Its own word for the axis, its own type."""
        line = own_terms("torch", "logsumexp", "bfloat16", _witness([4.0, 4.0], "bfloat16"))
        assert line == (
            "python -c 'import torch; "
            "print(torch.logsumexp(torch.tensor([[4.0]*2], dtype=torch.bfloat16), dim=-1)[0].tolist())'"
        )

    def test_one_output_of_many(self):
        """A softmax of 65,520 entries is not printed whole."""
        line = own_terms("torch", "softmax", "float32", _witness([1.0, 2.0], "float32", output=1))
        assert line.endswith("dim=-1)[0, 1].tolist())'")

    def test_what_cannot_be_written_is_empty(self):
        """No adapter, no such function, no such format, values that were left out, or too many to paste."""
        seen = _witness([1.0], "float32")
        assert own_terms("max-shift", "logsumexp", "float32", seen) == ""
        assert own_terms("mine.py:logsumexp", "logsumexp", "float32", seen) == ""
        assert own_terms("sklearn", "logsumexp", "float32", seen) == ""
        assert own_terms("scipy", "logsumexp", "bfloat16", seen) == ""
        absent = Witness(case="long:0:0", n=10**6, output=0, answer="nan", truth="nan")
        assert own_terms("scipy", "logsumexp", "float32", absent) == ""
        assert own_terms("scipy", "logsumexp", "float32", _witness([1 / k for k in range(1, LONGEST)], "float32")) == ""

    def test_the_answers_format_is_the_librarys_choice(self):
        """float16:float32 asks in float16."""
        seen = _witness([1.0], "float16")
        assert own_terms("scipy", "logsumexp", "float16:float32", seen) == own_terms(
            "scipy", "logsumexp", "float16", seen
        )


class TestProgram:
    """The same in lines, for a tracker."""

    def test_scipy(self):
        """Imports, the array, the call."""
        said = own_program("scipy", "logsumexp", "float16", _witness([0.0] * 65520 + [1.0, np.inf], "float16"))
        assert said == (
            "import numpy as np\nimport scipy.special\nfrom math import inf\n\n"
            'x = np.array([[0.0] * 65520 + [1.0, inf]], "float16")\n'
            "print(scipy.special.logsumexp(x, axis=-1)[0].tolist())\n"
        )

    def test_labels_have_a_name(self):
        """Of the row, in the library's own type."""
        said = own_program("torch", "cross_entropy", "float32", _witness([1.0, 2.0], "float32", label=1))
        assert said.endswith(
            "x = torch.tensor([[1.0, 2.0]], dtype=torch.float32)\nlabels = torch.tensor([1])\n"
            'print(torch.nn.functional.cross_entropy(x, labels, reduction="none")[0].tolist())\n'
        )

    def test_two_vectors_have_one_each(self):
        """logaddexp."""
        said = own_program("numpy.logaddexp", "logaddexp", "float32", _witness([1.0, 2.0], "float32"))
        assert 'a = numpy.array([1.0], "float32")\nb = numpy.array([2.0], "float32")\n' in said
        assert "numpy.logaddexp(a, b)[0]" in said

    def test_a_setting_that_arrays_feel_comes_before_them(self):
        """float64 of JAX would be float32."""
        said = own_program("jax", "logsumexp", "float64", _witness([1.0], "float64"))
        assert said.index("jax_enable_x64") < said.index("x = ")

    def test_a_model_has_lines_of_its_own(self):
        """And is written once."""
        said = own_program("openvino", "softmax", "bfloat16", _witness([1.0], "bfloat16"))
        assert said.count("parse_model") == 1
        assert "\n{ y = Softmax <axis = -1> (x) }" in said
        assert "x = x" not in said

    def test_equal_rows_print_a_list(self):
        """What shows only in company."""
        said = own_program("torch", "softmax", "float32", _witness([1.0, 2.0], "float32", output=1), copies=2)
        assert "[[1.0, 2.0], [1.0, 2.0]]" in said
        assert said.endswith("dim=-1)[:, 1].tolist())\n")

    def test_what_cannot_be_written_is_empty(self):
        """As for a line."""
        assert own_program("max-shift", "logsumexp", "float32", _witness([1.0], "float32")) == ""
        assert own_program("sklearn", "softmax", "float32", _witness([1.0], "float32"), axis=0) == ""

    @pytest.mark.parametrize(("name", "function", "fmt"), RUN)
    def test_it_prints_what_the_line_prints(self, name, function, fmt):
        """Two ways to write one question."""
        from lsecheck.reproduce import printed

        label = 2 if function == "cross_entropy" else None
        seen = _witness([1 / 3, -0.0, -np.inf][: 2 if function == "logaddexp" else 3], fmt, label)
        assert float(printed(own_program(name, function, fmt, seen))) == _printed(own_terms(name, function, fmt, seen))
