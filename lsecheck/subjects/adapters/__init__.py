"""name -> library adapter: one file each, imported only when asked for.

What a library can be asked, in its own terms, is data: the table at the foot of this file. The
adapters call by it, `list subjects` shows it, and reproducers are written from it.
"""

import importlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import util
from pkgutil import resolve_name
from string import Template
from types import MappingProxyType
from typing import Any, NamedTuple

from lsecheck.errors import SubjectError
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Declared, Subject

_NONE: "Mapping[str, Any]" = MappingProxyType({})


class Asked(NamedTuple):
    """How a library is asked for one function."""

    name: str  #: dotted, from the top; of an ONNX operator its own
    formats: "frozenset[str]"  #: it computes in these; others are not supported, which is not failing
    axis: str = ""  #: its word for the axis; empty where it takes none
    keepdims: str = ""  #: likewise
    fixed: "Mapping[str, str]" = _NONE  #: keywords that it is always given
    then: str = ""  #: what is taken of its answer: [..., -1] of a running reduction
    model: str = ""  #: of an ONNX operator, the model of one node: ONNX's text with $format, $axis, $keepdims
    call: str = ""  #: how it is called with $x and $labels, where not as the library's other functions are
    least: int = 0  #: see `Declared`: a running reduction of no entries has no last partial result to take

    def keywords(self, axis: int = -1, keepdims: bool = False) -> "dict[str, Any]":
        """What it is told beside the arrays."""
        told: dict[str, Any] = dict(self.fixed)
        if self.axis:
            told[self.axis] = axis
        if keepdims:
            told[self.keepdims] = True
        return told


class Terms(NamedTuple):
    """How the library is asked in a line of Python: templates that `report.terms` fills in."""

    imports: str
    row: str  #: an array of one row, of $values in $format
    label: str = ""  #: the $label of that row
    columns: str = "$rows.T.copy()"  #: an array of rows as one of columns, in its own memory
    call: str = "$name($arrays$keywords)"  #: or of the $model
    first: str = ""  #: statements before it
    names: "Mapping[str, str]" = _NONE  #: its names of formats, where they are not ours
    instead: "Mapping[str, Terms]" = _NONE  #: in one format: other terms


class Adapter(NamedTuple):
    """A line of the table below."""

    module: str  #: file in this folder, and extra
    libraries: tuple[str, ...]  #: what must be importable
    functions: "Mapping[str, Asked]"
    mode: str  #: eager, compiled, ...
    devices: tuple[str, ...]  #: it can use, where they are there
    terms: Terms

    def model(self, asked: Asked, fmt: str, axis: int = -1, keepdims: bool = False) -> str:
        """The model of an operator, in a format."""
        named = self.terms.names.get(fmt, fmt)
        return Template(asked.model).safe_substitute(format=named, axis=axis, keepdims=int(keepdims))

    @property
    def takes(self) -> "frozenset[str]":
        """What conduct may vary: see `Subject.takes`."""
        whole = [asked for function, asked in self.functions.items() if function in ALONG_AN_AXIS]
        varied = {"layouts"}
        varied |= {"axis"} if whole and all(asked.axis for asked in whole) else set()
        reduction = self.functions.get("logsumexp")
        varied |= {"keepdims"} if reduction is not None and reduction.keepdims else set()
        return frozenset(varied)


#: functions of an array and an axis; the others are of two vectors, or of rows and labels
ALONG_AN_AXIS = ("logsumexp", "softmax", "log_softmax")


def adapter(name: str, loading: Loading = PLAIN) -> Subject:
    """The subject behind an adapter's name; `SubjectError` where its library or the device is missing."""
    line = ADAPTERS[name]
    if line.devices == ("cpu",) and loading.device not in ("", "cpu"):  # others look for themselves what is there
        raise no_device(name, loading.device, line.devices)
    with _as_it_loads(install_line(name)):
        subject: Subject = module(name, install_line(name)).load(name, loading)
    return subject


def module(name: str, otherwise: str) -> Any:
    """The file behind an adapter's name; a `SubjectError` that begins with `otherwise` where it cannot be imported."""
    if not installed(name):
        raise SubjectError(otherwise)
    with _as_it_loads(otherwise):
        return importlib.import_module(f"lsecheck.subjects.adapters.{ADAPTERS[name].module}")


@contextmanager
def _as_it_loads(otherwise: str) -> "Iterator[None]":
    """What a library says of itself meanwhile is not shown; that it cannot be imported is one sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ImportError as error:
        said = " ".join(str(error).split())
        raise SubjectError(f"{otherwise} (importing it raised {type(error).__name__}: {said})") from error


def described(
    name: str,
    ask: "Callable[[Asked], Callable[..., Any]]",
    version: str,
    device: str = "cpu",
    threads: str = "1 thread",
) -> Subject:
    """The subject that the table's line describes, each function made by `ask`."""
    line = ADAPTERS[name]
    return Subject(
        name=name,
        implementations={function: ask(asked) for function, asked in line.functions.items()},
        note=f"{line.mode}, {device}",
        version=f"{version}, {line.mode}, {device}, {threads}",
        formats={function: asked.formats for function, asked in line.functions.items()},
        spec=name,
        takes=line.takes,
        declared=Declared(least=max(asked.least for asked in line.functions.values())),
    )


def called(asked: Asked, wrapped: "Callable[[Any], Any]" = lambda function: function) -> "Callable[..., Any]":
    """The library's function, `wrapped`, as a function of arrays, `axis` and `keepdims`."""
    function = wrapped(resolve_name(asked.name))

    def call(*arrays: Any, axis: int = -1, keepdims: bool = False) -> Any:
        return function(*arrays, **asked.keywords(axis, keepdims))

    return call


def install_line(name: str) -> str:
    """What to do where the library is missing."""
    line = ADAPTERS[name]
    needed = " and ".join(line.libraries)
    return f"the {name} adapter needs {needed}: pip install 'lsecheck[{line.module}]'"


def installed(name: str) -> bool:
    """Whether the adapter's libraries are there (without importing them)."""
    return all(util.find_spec(library) is not None for library in ADAPTERS[name].libraries)


def no_device(name: str, device: str, there: "tuple[str, ...] | list[str]") -> SubjectError:
    """The sentence for a device that is not there."""
    return SubjectError(f"{name} has no device {device!r} here: it has {', '.join(there)}")


def _asked(
    within: str, functions: "tuple[str, ...]", formats: "frozenset[str]", axis: str = "axis", keepdims: str = "keepdims"
) -> "dict[str, Asked]":
    """Functions that a library has under our names, in one place."""
    return {
        function: Asked(
            f"{within}.{function}",
            formats,
            axis if function in ALONG_AN_AXIS else "",
            keepdims if function == "logsumexp" else "",
        )
        for function in functions
    }


def _operators(opset: int, reduction: str, reduced: "frozenset[str]", mapped: "frozenset[str]") -> "dict[str, Asked]":
    """The three operators as models of one node; how a reduction is told its axis has changed over the opsets."""
    head = f'<ir_version: 9, opset_import: ["": {opset}]> one ($format[] x) => ($format[] y)'
    softmax = "{ y = %s <axis = $axis> (x) }"
    return {
        "logsumexp": Asked("ReduceLogSumExp", reduced, "axes", "keepdims", model=f"{head} {reduction}"),
        "softmax": Asked("Softmax", mapped, "axis", model=f"{head} {softmax % 'Softmax'}"),
        "log_softmax": Asked("LogSoftmax", mapped, "axis", model=f"{head} {softmax % 'LogSoftmax'}"),
    }


_IEEE = frozenset({"float16", "float32", "float64"})
_ALL = _IEEE | {"bfloat16"}

_NUMPY = Terms("numpy", 'numpy.array([$values], "$format")')
_SCIPY = Terms("numpy as np, scipy.special", 'np.array([$values], "$format")')
_SKLEARN = _SCIPY._replace(imports="numpy as np, sklearn.utils.extmath")

_TORCH = Terms(
    "torch", "torch.tensor([$values], dtype=torch.$format)", "torch.tensor([$label])", "$rows.T.contiguous()"
)
_COMPILED = _TORCH._replace(call="torch.compile($name, dynamic=True)($arrays$keywords)")
_TORCH_DEVICES = ("cpu", "cuda", "mps", "xpu")
_TORCH_FUNCTIONS = _asked("torch", ("logsumexp", "logaddexp", "softmax", "log_softmax"), _ALL, "dim", "keepdim") | {
    "cross_entropy": Asked("torch.nn.functional.cross_entropy", _ALL, fixed={"reduction": "none"})
}

_JAX = Terms(
    "jax, jax.numpy as jnp",
    "jnp.array([$values], jnp.$format)",
    call="jax.jit(lambda *x: $name(*x$keywords))($arrays)",
)
_JAX_X64 = _JAX._replace(first='jax.config.update("jax_enable_x64", True)')

_TENSORFLOW = Terms(
    "tensorflow",
    "tensorflow.constant([$values], tensorflow.$format)",
    "tensorflow.constant([$label])",
    "tensorflow.transpose($rows)",
    "$name($arrays$keywords).numpy()",
)
_TENSORFLOW_FUNCTIONS = _asked("tensorflow.nn", ("softmax", "log_softmax"), _ALL) | {
    "logsumexp": Asked("tensorflow.reduce_logsumexp", _ALL, "axis", "keepdims"),
    "cross_entropy": Asked(
        "tensorflow.nn.sparse_softmax_cross_entropy_with_logits",
        _ALL,
        call="$name(labels=$labels, logits=$x).numpy()",
    ),
}

_REDUCED_13 = "{ y = ReduceLogSumExp <axes = [$axis], keepdims = $keepdims> (x) }"
_REDUCED_18 = "<int64[1] axes = {$axis}> { y = ReduceLogSumExp <keepdims = $keepdims> (x, axes) }"
_WRITTEN = 'onnx.parser.parse_model("""$model""").SerializeToString()'
_ONNX_NAMES = {"float32": "float", "float64": "double"}

_ONNX = Terms(
    "numpy as np, onnx.parser, onnxruntime",
    'np.array([$values], "$format")',
    call=f'onnxruntime.InferenceSession({_WRITTEN}).run(None, {{"x": $arrays}})[0]',
    names=_ONNX_NAMES,
)
#: its arrays of bfloat16 are NumPy's only as bits: type 16 of ONNX
_ONNX_BITS = _ONNX._replace(
    imports="ml_dtypes, numpy as np, onnx.parser, onnxruntime",
    row="np.array([$values], ml_dtypes.bfloat16)",
    first='v = lambda a: onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(a.view("u2"), 16); '
    f"s = onnxruntime.InferenceSession({_WRITTEN}); x = $arrays; y = np.zeros(1, x.dtype); "
    'b = s.io_binding(); b.bind_ortvalue_input("x", v(x)); b.bind_ortvalue_output("y", v(y)); '
    "s.run_with_iobinding(b)",
    call="y",
)

_OPENVINO = Terms(
    "numpy as np, onnx.parser, openvino",
    'np.array([$values], "$format")',
    first=f"m = openvino.Core().read_model({_WRITTEN}); m.reshape([-1, -1])",
    call='openvino.compile_model(m, "CPU")($arrays)[0]',
    names=_ONNX_NAMES,
)
#: likewise
_OPENVINO_BITS = _OPENVINO._replace(
    imports="ml_dtypes, numpy as np, onnx.parser, openvino",
    row="np.array([$values], ml_dtypes.bfloat16)",
    first=f"{_OPENVINO.first}; x = $arrays",
    call='openvino.compile_model(m, "CPU")([openvino.Tensor(x.view("u2"), x.shape, openvino.Type.bf16)])[0]'
    ".view(x.dtype)",
)

ADAPTERS = {
    "numpy.logaddexp": Adapter(
        "numpy", ("numpy",), {"logaddexp": Asked("numpy.logaddexp", _IEEE)}, "ufunc", ("cpu",), _NUMPY
    ),
    "numpy.logaddexp.reduce": Adapter(
        "numpy",
        ("numpy",),
        {"logsumexp": Asked("numpy.logaddexp.reduce", _IEEE, "axis", "keepdims")},
        "ufunc.reduce",
        ("cpu",),
        _NUMPY,
    ),
    "scipy": Adapter("scipy", ("scipy",), _asked("scipy.special", ALONG_AN_AXIS, _IEEE), "eager", ("cpu",), _SCIPY),
    "sklearn": Adapter(
        "sklearn", ("sklearn",), {"softmax": Asked("sklearn.utils.extmath.softmax", _IEEE)}, "eager", ("cpu",), _SKLEARN
    ),
    "torch": Adapter("torch", ("torch",), _TORCH_FUNCTIONS, "eager", _TORCH_DEVICES, _TORCH),
    "torch.compile": Adapter("torch", ("torch",), _TORCH_FUNCTIONS, "compiled", _TORCH_DEVICES, _COMPILED),
    "torch.logcumsumexp": Adapter(
        "torch",
        ("torch",),
        {"logsumexp": Asked("torch.logcumsumexp", _ALL, "dim", then="[..., -1]", least=1)},
        "eager",
        _TORCH_DEVICES,
        _TORCH,
    ),
    "jax": Adapter(
        "jax",
        ("jax",),
        _asked("jax.nn", ALONG_AN_AXIS, _ALL) | _asked("jax.numpy", ("logaddexp",), _ALL),
        "jit",
        ("cpu", "gpu", "cuda", "tpu"),
        _JAX._replace(instead={"float64": _JAX_X64}),
    ),
    "tensorflow": Adapter(
        "tensorflow", ("tensorflow",), _TENSORFLOW_FUNCTIONS, "eager", ("cpu", "gpu", "tpu"), _TENSORFLOW
    ),
    "onnxruntime": Adapter(
        "onnxruntime",
        ("onnxruntime", "onnx"),
        _operators(18, _REDUCED_18, _ALL, _IEEE),
        "opset 18",
        ("cpu", "cuda"),
        _ONNX._replace(instead={"bfloat16": _ONNX_BITS}),
    ),
    "onnxruntime.opset13": Adapter(
        "onnxruntime",
        ("onnxruntime", "onnx"),
        _operators(13, _REDUCED_13, _IEEE, _IEEE),
        "opset 13",
        ("cpu", "cuda"),
        _ONNX,
    ),
    "openvino": Adapter(
        "openvino",
        ("openvino", "onnx"),
        _operators(18, _REDUCED_18, _ALL, _ALL),
        "opset 18",
        ("cpu", "gpu", "npu"),
        _OPENVINO._replace(instead={"bfloat16": _OPENVINO_BITS}),
    ),
}
