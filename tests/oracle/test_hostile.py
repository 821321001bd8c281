"""hostile: a spoilt floating-point environment is refused, and who spoilt it is named."""

import ctypes.util
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lsecheck.errors import EnvironmentRefused
from lsecheck.oracle import hostile

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64") or sys.platform != "linux", reason="MXCSR is x86-64, /proc is Linux"
)
compiler = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc: apt install gcc")

#: stmxcsr, or $0x8040, ldmxcsr: what crtfastmath.o does when a library is loaded
FAST_MATH = """
#include <xmmintrin.h>
void set(unsigned bits) { _mm_setcsr(_mm_getcsr() | bits); }
void unset(unsigned bits) { _mm_setcsr(_mm_getcsr() & ~bits); }
"""
#: the same, by itself
SELF_STARTING = """
#include <xmmintrin.h>
__attribute__((constructor)) static void set_fast_math(void) { _mm_setcsr(_mm_getcsr() | 0x8040); }
int nothing(void) { return 0; }
"""
ASKED = """
import ctypes, sys, lsecheck
from lsecheck.errors import EnvironmentRefused
from lsecheck.oracle import hostile
library = ctypes.CDLL(sys.argv[1])
{spoil}
try:
    print(lsecheck.truth("logsumexp", [[0.0, -740.0]]).rounded[0, 0])
except EnvironmentRefused as refused:
    print("refused:", refused)
    print("suspects:", *hostile.suspects())
"""


def built(folder: Path, name: str, source: str, *options: str) -> str:
    """A shared library."""
    (folder / "source.c").write_text(source)
    path = folder / name
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O2", *options, "-o", path, folder / "source.c"], check=True, capture_output=True
    )
    return str(path)


def asked(library: str, spoil: str = "") -> str:
    """What a process says that loads the library, spoils its environment and asks for a truth."""
    script = ASKED.format(spoil=spoil)
    done = subprocess.run([sys.executable, "-c", script, library], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def switch(tmp_path_factory) -> str:
    """A library that sets bits of the control register when it is asked to."""
    return built(tmp_path_factory.mktemp("switch"), "libswitch.so", FAST_MATH)


@compiler
class TestFlushing:
    """Subnormal numbers flushed to zero, for real, in a process of its own."""

    def test_a_library_that_is_only_loaded_does_no_harm(self, switch):
        """The refusal must be for what it did, not for what it is."""
        assert asked(switch).startswith("4.2")

    @pytest.mark.parametrize("bits", [0x8000, 0x0040, 0x8040], ids=["flush-to-zero", "denormals-are-zero", "both"])
    def test_flushed_subnormals_are_refused(self, switch, bits):
        """Either bit alone loses e^-740: an answer of 0 with a certificate."""
        said = asked(switch, f"library.set({bits})")
        assert said.startswith("refused: this process flushes subnormal numbers to zero")

    def test_what_is_put_right_again_is_accepted(self, switch):
        """A refusal is no state of its own."""
        assert asked(switch, "library.set(0x8040); library.unset(0x8040)").startswith("4.2")

    def test_a_library_with_the_start_up_code_is_named(self, tmp_path):
        """It sets the register as it is loaded, before anyone could object."""
        library = built(tmp_path, "libtoofast.so", SELF_STARTING)
        said = asked(library)
        assert "flushes subnormal numbers to zero" in said
        assert "libtoofast.so likely set it" in said
        assert "suspects: libtoofast.so" in said

    def test_a_library_linked_with_fast_math_is_named_if_that_switches(self, tmp_path):
        """gcc before 13 links the start-up code into shared libraries, later ones do not."""
        source = "double twice(double x) { return 2 * x; }"
        said = asked(built(tmp_path, "libfast.so", source, "-ffast-math"))
        if said.startswith("4.2"):
            pytest.skip("this gcc links no start-up code into shared libraries (13 and later do not)")
        assert "suspects: libfast.so" in said

    def test_the_command_line_ends_with_status_2_and_one_sentence(self, tmp_path):
        """A refusal to certify is no verdict and no crash."""
        library = built(tmp_path, "libtoofast.so", SELF_STARTING)
        script = "import ctypes, sys; ctypes.CDLL(sys.argv.pop(1)); from lsecheck.cli import main; main()"
        command = [sys.executable, "-c", script, library, "check", "max-shift", "-f", "float32", "--effort", "quick"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
        assert done.returncode == 2, done.stdout + done.stderr
        assert "flushes subnormal numbers to zero" in done.stderr
        assert "libtoofast.so" in done.stderr
        assert "Traceback" not in done.stderr


#: fenv.h on x86-64
MODES = pytest.mark.parametrize("mode", [0x400, 0x800, 0xC00], ids=["down", "up", "toward zero"])


def libm() -> str:
    """The library that has fesetround."""
    found = ctypes.util.find_library("m")
    if found is None:
        pytest.skip("no libm to change the rounding mode with")
    return found


class TestRounding:
    """A rounding mode that is not to nearest."""

    @MODES
    def test_another_rounding_mode_is_refused(self, mode):
        """Error-free transformations are none there."""
        said = asked(libm(), f"assert library.fesetround({mode}) == 0")
        assert said.startswith("refused: this process does not round to nearest")

    @MODES
    def test_a_rounding_mode_that_changes_later_is_refused_too(self, mode):
        """The engine's self-test runs once: only this check sees what happens after it."""
        said = asked(libm(), f"lsecheck.truth('softmax', [[0.0, 1.0]]); assert library.fesetround({mode}) == 0")
        assert said.startswith("refused: this process does not round to nearest")

    def test_the_mode_to_nearest_is_accepted(self):
        """The mode that every process starts with."""
        assert asked(libm(), "assert library.fesetround(0) == 0").startswith("4.2")


class TestSuspects:
    """Which loaded libraries hold the start-up code."""

    def test_an_ordinary_process_has_no_suspects_of_its_own_making(self):
        """NumPy, Python and the C library are built without it."""
        assert not [name for name in hostile.suspects() if name.startswith(("lib", "_")) and "lsecheck" in name]
        hostile.check()

    @pytest.mark.parametrize(
        ("code", "guilty"),
        [
            (b"\x00" * 20 + b"\x0f\xae\x5c\x24\xfc\x81\x4c\x24\xfc\x40\x80\x00\x00\x0f\xae\x54\x24\xfc\xc3", True),
            (
                b"\x00" * 99 + b"\x0f\xae\x5c\x24\xfc\x8b\x44\x24\xfc\x0d\x40\x80\x00\x00\x89\x44\x24\xfc\x0f\xae\x54",
                True,
            ),
            (b"\x40\x80\x00\x00" * 9 + b"\x0f\xae\x5c\x24\xfc\x0d\x40\x80\x00\x00\x0f\xae\x54", True),
            (b"\x00" * 40 + b"\x40\x80\x00\x00" + b"\x00" * 40, False),
            (b"\x0f\xae" + b"\x00" * 30 + b"\x40\x80\x00\x00\x0f\xae\x54", False),
            (b"\x00" * 20 + b"\x0f\xae\x5c\x24\xfc\x0d\x40\x80\x00\x00" + b"\x00" * 40, False),
            (b"", False),
        ],
    )
    def test_the_start_up_code_is_told_by_its_bytes(self, tmp_path, code, guilty):
        """The constant alone is any number; between stmxcsr and ldmxcsr it is the switch."""
        path = tmp_path / "library.so"
        path.write_bytes(code)
        assert hostile._sets_fast_math(str(path)) is guilty

    def test_a_library_that_cannot_be_read_is_no_suspect(self, tmp_path):
        """Deleted since it was loaded."""
        assert not hostile._sets_fast_math(str(tmp_path / "gone.so"))

    def test_a_refusal_without_a_suspect_names_none(self, monkeypatch):
        """Better no name than a wrong one."""
        monkeypatch.setattr(hostile, "_SMALLEST_NORMAL", 0.0)
        for names, wanted in (([], False), (["liba.so", "libb.so"], True)):
            monkeypatch.setattr(hostile, "suspects", lambda names=names: names)
            with pytest.raises(EnvironmentRefused) as caught:
                hostile.check()
            assert ("likely set it" in str(caught.value)) is wanted
            assert all(name in str(caught.value) for name in names)

    def test_elsewhere_nobody_is_suspected(self, monkeypatch):
        """Other processors have other instructions."""
        monkeypatch.setattr(hostile, "_sets_fast_math", lambda _: True)
        assert hostile.suspects()
        monkeypatch.setattr(hostile.platform, "machine", lambda: "arm64")
        assert hostile.suspects() == []
