"""files -> rows of real logits: the four sets that are shipped, and the user's own.

The shipped ones are outputs of trained models on real input, float32, with provenance in
logits/README.md. Rounded to a narrower format, a mask of the lowest float32 becomes -inf, as it
would in any cast.
"""

import functools
import zipfile
import zlib
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from lsecheck import formats
from lsecheck.errors import InputError
from lsecheck.functions.definition import Labels, as_array
from lsecheck.inputs.corpus import MOST_ENTRIES

REASONS = {
    "digits-mlp": "real: 600 rows of 10 from a digits classifier, very confident",
    "minilm-attention": "real: 1,008 rows of 256 attention scores",
    "minilm-masked": "real: the same, padded, masked with the lowest float32",
    "minilm-vocab": "real: 24 rows of 30,522 vocabulary scores",
}
#: rows at quick effort; the other efforts take every row
_QUICK = {"digits-mlp": 30, "minilm-attention": 12, "minilm-masked": 12, "minilm-vocab": 1}


@functools.cache
def rows(name: str) -> "np.ndarray[Any, np.dtype[np.float32]]":
    """The logits of a shipped set, (rows, n) float32."""
    return np.asarray(_shipped(f"{name.replace('-', '_')}_logits.npy" if name != "minilm-masked" else
                               "minilm_attention_masked.npy"))  # fmt: skip


@functools.cache
def labels(name: str) -> "Labels | None":
    """The labels that belong to a shipped set, if it has any."""
    return _shipped("digits_mlp_labels.npy") if name == "digits-mlp" else None


def counts(name: str) -> tuple[int, int, int]:
    """Rows of a shipped set at each effort."""
    total = {"digits-mlp": 600, "minilm-vocab": 24}.get(name, 1008)
    return _QUICK[name], total, total


def chosen(name: str, effort: str) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """The rows that an effort takes: all, or a few spread evenly."""
    total = len(rows(name))
    if effort != "quick":
        return np.arange(total)
    return np.arange(_QUICK[name]) * (total // _QUICK[name])


def read_file(path: str, row: "int | None" = None) -> tuple[np.ndarray[Any, Any], int]:
    """A .npy or .npz file of logits -> (array (rows, n), index of its first row).

    `InputError` for pickled or other files, other dtypes, more than two axes, rows that are not
    there and rows too long.
    """
    array = _load(Path(path))
    if array.ndim == 1:
        array = array[None, :]
    if array.ndim != 2:
        raise InputError(f"{path} holds an array of shape {array.shape}: logits have shape (rows, n)")
    array = as_array(array)
    if array.shape[1] > MOST_ENTRIES:
        raise InputError(f"{path} has rows of {array.shape[1]:,} entries: a case has at most {MOST_ENTRIES:,}")
    if row is not None:
        if not 0 <= row < len(array):
            there = f"rows 0 to {len(array) - 1}" if len(array) else "no rows"
            raise InputError(f"{path} has {there}, not {row}")
        return array[row : row + 1], row
    return array, 0


def read_labels(path: str, first: int, count: int) -> Labels:
    """A .npy file of labels, one integer a row of the logits; those of `count` rows from `first`."""
    array = _load(Path(path))
    if array.dtype.kind not in "iu" or array.ndim != 1 or len(array) < first + count:
        raise InputError(f"{path} holds {array.dtype} of shape {array.shape}: labels are integers, one a row of logits")
    array = array[first : first + count]
    return array.astype(np.int64)


def _load(path: Path) -> np.ndarray[Any, Any]:
    """The one array of a .npy or .npz file; `InputError` for whatever else the file is."""
    pickled = f"{path} holds pickled objects, which lsecheck refuses to load: save a plain float array"
    try:
        with path.open("rb") as file:
            start = file.read(6)
        if not start.startswith((b"\x93NUMPY", b"PK")):
            raise InputError(pickled if start[:1] == b"\x80" else f"{path} is not a .npy or .npz file")
        # mapped, not read: rows are taken as they are needed (archives cannot be mapped)
        loaded = np.load(path, allow_pickle=False, mmap_mode="r")
        if isinstance(loaded, np.lib.npyio.NpzFile):
            with loaded:
                if len(loaded.files) != 1:
                    names = ", ".join(loaded.files)
                    raise InputError(f"{path} holds {len(loaded.files)} arrays ({names}): save one a file")
                loaded = loaded[loaded.files[0]]
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: give a .npy or .npz file") from None
    except (ValueError, EOFError, OSError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        if "allow_pickle" in str(error) or "Python objects" in str(error):
            raise InputError(pickled) from None
        raise InputError(f"{path} is not a .npy or .npz file that NumPy can read: {error}") from None
    if not isinstance(loaded, np.ndarray):
        raise InputError(f"{path} is an archive of something else: save one array with np.savez")
    if loaded.dtype.kind == "V" and loaded.dtype.name not in formats.FORMATS:
        raise InputError(
            f"{path} holds raw {loaded.dtype}: NumPy files do not record ml_dtypes; save float32 and pass -f bfloat16"
        )
    return np.asarray(loaded)


def _shipped(name: str) -> np.ndarray[Any, Any]:
    with resources.as_file(resources.files("lsecheck.inputs") / "logits" / name) as path:
        return np.asarray(np.load(path, allow_pickle=False))
