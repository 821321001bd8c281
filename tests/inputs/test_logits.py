"""logits: the shipped files are the recorded ones, and a user's file is read safely or refused in a sentence."""

import gc
import hashlib
import io
import pickle
import re
import warnings
from importlib import resources

import ml_dtypes
import numpy as np
import pytest

from lsecheck.errors import InputError
from lsecheck.inputs import logits

#: as recorded when they were made (docs of the data): file, shape, sha256
SHIPPED = [
    ("digits_mlp_logits", (600, 10), "bbbac39803c83dca93d224ac41095ffafb6257a17212ece7febef5c0ea943041"),
    ("minilm_attention_logits", (1008, 256), "13287755c0014b467c380a9daf4cf4d3f214815655437e0b933b9d1970cc0e34"),
    ("minilm_attention_masked", (1008, 256), "669c366e3224ab22b6db616d3afd9da95140d7edfa4d29a317aa424687df7ea6"),
    ("minilm_vocab_logits", (24, 30522), "bef0492927b7e5ae1857344e23a7bad636c4cc5a703766cd80dbc4396b693931"),
    ("digits_mlp_labels", (600,), "6618100cca1b60e12414956afaa95c87f29542a99ef13a54386b506a6118ed92"),
]  # fmt: skip


class TestShipped:
    """The recorded logits."""

    @pytest.mark.parametrize(("name", "shape", "sha256"), SHIPPED, ids=lambda entry: str(entry)[:24])
    def test_the_files_are_byte_for_byte_the_recorded_ones(self, name, shape, sha256):
        """Their figures in the documentation were taken from exactly these bytes."""
        file = resources.files("lsecheck.inputs") / "logits" / f"{name}.npy"
        assert hashlib.sha256(file.read_bytes()).hexdigest() == sha256
        array = np.load(io.BytesIO(file.read_bytes()), allow_pickle=False)
        assert array.shape == shape
        assert array.dtype == ("int64" if name.endswith("labels") else "float32")
        assert np.isfinite(array).all()

    def test_each_set_reads_the_file_it_is_called_after(self):
        """minilm-masked's file is named otherwise than the rest: reading another one must not go unseen."""
        assert {name: logits.rows(name).shape for name in logits.REASONS} == {
            "digits-mlp": (600, 10),
            "minilm-attention": (1008, 256),
            "minilm-masked": (1008, 256),
            "minilm-vocab": (24, 30522),
        }
        lowest = np.finfo(np.float32).min
        assert (logits.rows("minilm-masked") == lowest).any(-1).all()
        assert not (logits.rows("minilm-attention") == lowest).any()

    def test_labels_belong_to_the_digits_alone(self):
        """They are the true digits, 0 to 9."""
        assert set(logits.labels("digits-mlp").tolist()) == set(range(10))
        assert all(logits.labels(name) is None for name in logits.REASONS if name != "digits-mlp")

    @pytest.mark.parametrize("name", logits.REASONS)
    def test_counts_are_what_an_effort_takes(self, name):
        """`list families` shows them; they must not be a guess."""
        quick, standard, deep = logits.counts(name)
        assert len(logits.chosen(name, "quick")) == quick
        assert len(logits.chosen(name, "standard")) == standard == len(logits.rows(name))
        assert len(logits.chosen(name, "deep")) == deep
        chosen = logits.chosen(name, "quick")
        assert len(set(chosen.tolist())) == quick
        assert chosen.max() < standard


class TestReading:
    """A .npy or .npz file of the user's own."""

    @pytest.mark.parametrize("dtype", ["float16", "float64"])
    def test_a_file_of_rows_is_read_as_it_is(self, tmp_path, dtype):
        """No rounding here: the format asked for decides that."""
        rows = np.array([[0.1, 2.0], [3.0, -np.inf]], dtype)
        np.save(tmp_path / "mine.npy", rows)
        array, first = logits.read_file(str(tmp_path / "mine.npy"))
        assert array.dtype == dtype
        assert np.array_equal(array, rows)
        assert first == 0

    def test_one_dimension_becomes_one_row(self, tmp_path):
        """A saved vector is one case."""
        np.save(tmp_path / "one.npy", np.arange(4.0))
        array, _ = logits.read_file(str(tmp_path / "one.npy"))
        assert array.tolist() == [[0.0, 1.0, 2.0, 3.0]]

    def test_integers_are_read_as_float64(self, tmp_path):
        """Counts and scores are often saved so; they are exact."""
        np.save(tmp_path / "counts.npy", np.array([[1, 2**53]]))
        array, _ = logits.read_file(str(tmp_path / "counts.npy"))
        assert array.dtype == np.float64

    def test_a_row_is_picked_by_its_number(self, tmp_path):
        """--row K asks about one case, and its address must say K."""
        np.save(tmp_path / "mine.npy", np.arange(6.0).reshape(3, 2))
        array, first = logits.read_file(str(tmp_path / "mine.npy"), 2)
        assert array.tolist() == [[4.0, 5.0]]
        assert first == 2

    def test_an_npz_of_one_array_is_read(self, tmp_path):
        """savez with one array leaves no doubt which is meant."""
        np.savez(tmp_path / "mine.npz", logits=np.zeros((2, 3), np.float32))
        array, _ = logits.read_file(str(tmp_path / "mine.npz"))
        assert array.shape == (2, 3)

    def test_labels_are_read_from_the_row_on(self, tmp_path):
        """The labels of picked rows are those rows' own."""
        np.save(tmp_path / "labels.npy", np.array([4, 5, 6], np.int32))
        labels = logits.read_labels(str(tmp_path / "labels.npy"), 1, 2)
        assert labels.tolist() == [5, 6]
        assert labels.dtype == np.int64


def refused(path: str, row: "int | None" = None) -> str:
    """The sentence with which a file is refused, its folder taken out."""
    with warnings.catch_warnings():
        # NumPy leaves a refused archive to the collector to close
        warnings.simplefilter("ignore", ResourceWarning)
        kind, sentence = _refusal(path, row)
        gc.collect()
    assert kind is InputError
    return sentence.replace(path, "PATH")


def _refusal(path: str, row: "int | None") -> tuple[type, str]:
    try:
        logits.read_file(path, row)
    except Exception as error:
        return type(error), str(error)
    return type(None), "nothing was refused"


PICKLED = "PATH holds pickled objects, which lsecheck refuses to load: save a plain float array"


class TestRefusing:
    """What cannot be used is refused before anything in it runs, in one whole sentence."""

    def test_a_missing_file(self, tmp_path):
        """The commonest mistake."""
        assert refused(str(tmp_path / "no.npy")) == ("PATH does not exist: give a .npy or .npz file")

    @pytest.mark.parametrize("suffix", ["npy", "npz"])
    def test_pickled_objects_are_never_loaded(self, tmp_path, suffix):
        """Loading a pickle runs its code: a file of logits must not be able to."""

        class Trap:
            def __reduce__(self):
                return (exec, ("raise SystemExit('a pickle was loaded')",))

        path = tmp_path / f"trap.{suffix}"
        if suffix == "npy":
            np.save(path, np.array([Trap()], object), allow_pickle=True)
        else:
            np.savez(path, a=np.array([Trap()], object))
        assert refused(str(path)) == PICKLED

    def test_a_bare_pickle_is_not_loaded_either(self, tmp_path):
        """np.load would, if it were allowed to."""
        path = tmp_path / "bare.npy"
        path.write_bytes(pickle.dumps([1.0, 2.0]))
        assert refused(str(path)) == PICKLED

    def test_a_text_file(self, tmp_path):
        """np.savetxt is not np.save."""
        path = tmp_path / "logits.txt"
        path.write_text("0.5 1.5\n")
        assert refused(str(path)) == "PATH is not a .npy or .npz file"

    def test_an_empty_file_and_a_folder(self, tmp_path):
        """Both are what a failed download or a wrong argument leaves."""
        (tmp_path / "empty.npy").write_bytes(b"")
        assert refused(str(tmp_path / "empty.npy")) == "PATH is not a .npy or .npz file"
        assert refused(str(tmp_path)).startswith("PATH is not a .npy or .npz file that NumPy can read: ")

    def test_a_truncated_file(self, tmp_path):
        """Half an array is no array."""
        whole = io.BytesIO()
        np.save(whole, np.zeros((50, 50)))
        (tmp_path / "half.npy").write_bytes(whole.getvalue()[:9000])
        assert refused(str(tmp_path / "half.npy")).startswith("PATH is not a .npy or .npz file that NumPy can read: ")

    def test_an_npz_of_several_arrays(self, tmp_path):
        """Which one is meant cannot be guessed."""
        np.savez(tmp_path / "two.npz", a=np.zeros((1, 2)), b=np.zeros((1, 2)))
        assert refused(str(tmp_path / "two.npz")) == "PATH holds 2 arrays (a, b): save one a file"

    @pytest.mark.parametrize(("array", "shape"), [(np.zeros((2, 3, 4)), r"\(2, 3, 4\)"), (np.float64(1.0), r"\(\)")])
    def test_other_than_one_or_two_axes(self, tmp_path, array, shape):
        """(heads, rows, n) must be flattened by who knows what a row is."""
        np.save(tmp_path / "deep.npy", array)
        sentence = refused(str(tmp_path / "deep.npy"))
        assert re.fullmatch(rf"PATH holds an array of shape {shape}: logits have shape \(rows, n\)", sentence)

    def test_bfloat16_comes_back_as_raw_bytes(self, tmp_path):
        """NumPy's file format forgets ml_dtypes: say so, and what to do."""
        np.save(tmp_path / "b.npy", np.ones((2, 3), ml_dtypes.bfloat16))
        assert refused(str(tmp_path / "b.npy")) == (
            "PATH holds raw |V2: NumPy files do not record ml_dtypes; save float32 and pass -f bfloat16"
        )

    @pytest.mark.parametrize("dtype", ["complex64", "bool", "U3"])
    def test_a_dtype_that_is_no_format(self, tmp_path, dtype):
        """The formats that can be used are named."""
        np.save(tmp_path / "other.npy", np.zeros((2, 3), dtype))
        assert refused(str(tmp_path / "other.npy")) == (
            f"dtype {np.dtype(dtype)} is not a format lsecheck knows: convert it to one of "
            "float16, bfloat16, float32, float64, float8_e4m3fn, float8_e5m2"
        )

    @pytest.mark.parametrize("row", [3, -1])
    def test_a_row_that_is_not_there(self, tmp_path, row):
        """Negative numbers do not count from the end: an address could not."""
        np.save(tmp_path / "mine.npy", np.zeros((3, 2)))
        assert refused(str(tmp_path / "mine.npy"), row) == f"PATH has rows 0 to 2, not {row}"

    def test_rows_beyond_the_longest_case(self, tmp_path):
        """What no oracle could finish is refused at once."""
        header = io.BytesIO()
        np.save(header, np.zeros((1, 2**24 + 1), np.float16))
        (tmp_path / "long.npy").write_bytes(header.getvalue())
        assert refused(str(tmp_path / "long.npy")) == (
            "PATH has rows of 16,777,217 entries: a case has at most 16,777,216"
        )

    @pytest.mark.parametrize("labels", [np.array([0.0, 1.0, 2.0]), np.array([[0, 1, 2]]), np.array([0, 1])])
    def test_labels_that_are_no_labels(self, tmp_path, labels):
        """Floats, two axes, or fewer than there are rows."""
        path = str(tmp_path / "labels.npy")
        np.save(path, labels)
        with pytest.raises(InputError) as caught:
            logits.read_labels(path, 1, 2)
        assert str(caught.value) == (
            f"{path} holds {labels.dtype} of shape {labels.shape}: labels are integers, one a row of logits"
        )

    @pytest.mark.parametrize("kind", ["zip", "size"])
    def test_a_broken_archive_and_an_absurd_header(self, tmp_path, kind):
        """Both are files that NumPy cannot read, so both get the sentence that says so."""
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (10**9, 10**4)})
        path = tmp_path / ("broken.npz" if kind == "zip" else "absurd.npy")
        path.write_bytes(b"PK\x03\x04 no archive" if kind == "zip" else header.getvalue() + b"0000")
        assert refused(str(path)).startswith("PATH is not a .npy or .npz file that NumPy can read: ")
