"""The structure, proved by reading the imports: data flows one way, and so do they."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import lsecheck

PACKAGE = Path(lsecheck.__file__).parent

#: reading order is import order: a place imports only from places above it
ORDER = (
    "errors", "formats", "faults", "functions", "oracle", "inputs", "subjects", "contracts", "measure",
    "expectation", "distribution", "rows", "charges", "landscape", "tally", "conduct", "workers", "run", "speeds",
    "laws", "arena", "search", "shrink", "strategies", "diagnosis", "fuzz", "gate", "prove", "selftest", "spoken",
    "explain", "specimens", "report", "reproduce", "publish", "testing", "__init__", "cli", "__main__",
    "pytest_plugin",
)  # fmt: skip

FILES = sorted(PACKAGE.rglob("*.py"))


def _imports(path: Path) -> list[str]:
    """Every module a file imports, at the top or inside a function, as dotted names."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively: write the whole name"
            found.append(node.module or "")
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def _place(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_every_file_stands_somewhere_in_the_order():
    """A new module must say where it belongs."""
    assert {_place(path) for path in FILES} == set(ORDER)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_from_files_above_it(path):
    """So that reading order is import order, and there is no cycle to untangle."""
    own = ORDER.index(_place(path))
    for name in _imports(path):
        parts = name.split(".")
        if parts[0] != "lsecheck" or len(parts) < 2 or parts[1] not in ORDER:
            continue
        assert ORDER.index(parts[1]) <= own, f"{path.name} imports {name} from below itself"


@pytest.mark.parametrize("path", [p for p in FILES if _place(p) == "subjects"], ids=lambda path: path.name)
def test_a_subject_never_imports_the_oracle_or_mpmath(path):
    """The separation is the soundness argument: what is tested must not know the answer."""
    for name in _imports(path):
        assert not name.startswith(("mpmath", "lsecheck.oracle"))


@pytest.mark.parametrize(
    "path", [p for p in FILES if _place(p) in ("oracle", "formats", "functions")], ids=lambda p: p.name
)
def test_the_oracle_never_imports_what_it_judges(path):
    """Nor may the answer come from a library that is tested; numba compiles, it has no exp of its own here."""
    compilers = {"numba", "llvmlite"} if path.name in ("compiled.py", "scalar.py") else set()
    for name in _imports(path):
        library = name.split(".")[0]
        assert library in {"lsecheck", "mpmath", "numpy", "ml_dtypes"} | compilers | sys.stdlib_module_names
        assert not name.startswith("lsecheck.subjects")


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if _place(path) not in ("cli", "pytest_plugin")],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_only_the_command_line_prints_exits_or_reads_the_environment(path):
    """Everything else takes values and returns values."""
    source = ast.parse(path.read_text("utf-8"))
    called = {ast.unparse(node.func) for node in ast.walk(source) if isinstance(node, ast.Call)}
    assert not called & {"print", "sys.exit", "exit", "os.getenv", "os.environ.get", "click.echo"}


def test_no_file_is_longer_than_400_lines():
    """A longer file is asking for a second noun."""
    for path in FILES:
        assert len(path.read_text("utf-8").splitlines()) <= 400, path.name


def test_importing_lsecheck_loads_no_optional_or_heavy_library():
    """`import lsecheck` must stay quick: mpmath and ml_dtypes are loaded when they are needed."""
    listed = subprocess.run(
        [sys.executable, "-c", "import lsecheck, sys; print(' '.join(sys.modules))"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert not {"mpmath", "ml_dtypes", "scipy", "click", "tqdm", "hypothesis"} & set(listed)


def test_np_finfo_is_used_for_float64_only():
    """It refuses bfloat16; formats are data of our own."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("finfo"):
                assert ast.unparse(node.args[0]) == "np.float64", path.name
