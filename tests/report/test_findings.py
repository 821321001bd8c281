"""findings: drafts that stand alone, wrong answers told from what is worth knowing."""

import msgspec
import pytest

from lsecheck.report import findings, sorts
from lsecheck.report.sorts import KNOW, WRONG
from tests.report.boards import board, specimen


@pytest.fixture(scope="module")
def document():
    """Made up."""
    return board()


def drafted(document, *specimens):
    """The drafts of these."""
    return findings.drafts(msgspec.structs.replace(document, specimens=list(specimens)))


def test_a_draft_can_be_pasted_into_a_tracker_and_into_python(document):
    """The page, whole but for its environment."""
    page = findings.pages(document)["onnxruntime-logsumexp-masked.md"]
    assert (
        page.partition("\n## Environment")[0]
        == '''\
# ReduceLogSumExp: wrong result when an entry is -inf

*A wrong answer. A draft: nothing of it has been filed.*

With an entry of -inf in the row, as masks have it, `ReduceLogSumExp` answers another number than without it, up to an \
infinity, although every other entry is finite. Seen with onnxruntime 1.32.0, onnxruntime.opset13 (onnxruntime, \
onnxruntime.opset13) in float32, float16; since when is not known.

In a plain Python:

```python
import numpy as np
import onnx.parser
import onnxruntime
from math import inf

model = onnx.parser.parse_model("""<ir_version: 9, opset_import: ["": 18]>
one (float[] x) => (float[] y)
<int64[1] axes = {-1}>
{ y = ReduceLogSumExp <keepdims = 0> (x, axes) }""")
x = np.array([[-inf, -1000.0]], "float32")
print(onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0][0].tolist())
```

prints

```text
-inf
```

**Expected:** -1000.0 (`-0x1.f4p9`), correctly rounded to float32; the exact value is -1000. Why: an entry of -inf \
takes no part: exp(-inf) = 0 adds exactly nothing.

**Impact:** Masked rows (padding, causal attention) are where -inf entries are common.

**Likely cause:** exp is taken of the entries as they are, without subtracting the maximum first (the answer has the \
bits of the unshifted formula).

## The same in other formats and modes (1)

| asked | format | x | answers | should be | ulp |
| --- | --- | --- | --- | --- | --- |
| `onnxruntime.opset13` | float16 | `-inf, -0x1.f4p9` | -inf | -1000.0 | - |

`onnxruntime.opset13`, float16:

```python
import numpy as np
import onnx.parser
import onnxruntime
from math import inf

model = onnx.parser.parse_model("""<ir_version: 9, opset_import: ["": 13]>
one (float16[] x) => (float16[] y)
{ y = ReduceLogSumExp <axes = [-1], keepdims = 0> (x) }""")
x = np.array([[-inf, -1000.0]], "float16")
print(onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0][0].tolist())
```

prints

```text
-inf
```
'''
    )


def test_the_page_says_how_it_was_found(document):
    """With the tool, which nobody else needs."""
    page = findings.pages(document)["onnxruntime-logsumexp-masked.md"]
    assert page.endswith("```sh\nlsecheck check onnxruntime -f float32 --family masked\n```\n")


def test_what_a_format_leads_to_is_no_wrong_answer(document):
    """65,520 ones cannot be added up in float16."""
    page = findings.pages(document)["scipy-logsumexp-long.md"]
    assert "*Worth knowing. A draft" in page
    assert "**Why it is no bug to file:** a sum held in float16" in page


def test_the_index_has_wrong_answers_first(document):
    """And an example of each."""
    index = findings.pages(document)["README.md"]
    wrong, know = index.split("## A wrong answer")[1].split("## Worth knowing")
    assert "](onnxruntime-logsumexp-masked.md) | onnxruntime | float32, float16 | x = `[-inf, -1000]`: -inf" in wrong
    assert "](scipy-logsumexp-long.md)" in know


def test_our_own_methods_are_not_drafted(document):
    """They fail on purpose."""
    assert drafted(document, specimen("naive", "0x1.f4p9", "inf", "0x1.f4p9", "")) == []


def test_what_is_asked_of_an_empty_row_by_the_adapter_alone_is_not_the_librarys(document):
    """No entries have no last one."""
    raised = specimen("torch.logcumsumexp", "", "nan", "nan", "", kind="raised", message="raised IndexError")
    assert drafted(document, raised) == []


@pytest.mark.parametrize(
    ("slug", "standing", "given"),
    [
        ("masked", WRONG, {"x": "-inf -0x1.9p6", "kind": "inaccurate", "domain": "contract"}),
        ("overflow", WRONG, {"x": "0x1.f4p9", "domain": "contract"}),
        ("nan", WRONG, {"x": "nan 0x0p0", "expected": "nan", "truth": "nan"}),
        ("infinity", WRONG, {"x": "inf", "expected": "+inf", "truth": "inf", "answer": "0x1p0"}),
        ("inaccurate", WRONG, {"x": "0x1p0", "kind": "inaccurate", "kept": "broken", "answer": "0x1p0"}),
        ("inaccurate", WRONG, {"x": "0x1p0", "kind": "inaccurate", "answer": "0x0p0", "truth": "0x1p-126"}),
        ("accumulation", KNOW, {"x": "0x0p0*60", "kind": "inaccurate", "kept": "sequential", "answer": "0x1p0"}),
        ("long", KNOW, {"x": "0x0p0*65520", "domain": "range"}),
        ("accumulation", KNOW, {"x": "0x0p0*65520", "domain": "range", "kind": "inaccurate"}),
        ("subnormal", KNOW, {"x": "0x1p0", "kind": "inaccurate", "answer": "0x0p0", "truth": "0x1p-140"}),
        ("empty", KNOW, {"x": "", "kind": "raised", "message": "raised ValueError: no"}),
        ("raises", WRONG, {"x": "0x1p0", "kind": "raised", "message": "raised ValueError: no"}),
        ("axis", KNOW, {"x": "0x0p0*4096", "domain": "conduct", "kind": "transposed", "message": "other"}),
        ("order", KNOW, {"x": "0x0p0 0x1p0", "domain": "conduct", "kind": "permutation", "message": "other"}),
        ("conduct", WRONG, {"x": "0x0p0 0x1p0", "domain": "conduct", "kind": "neighbours", "message": "other"}),
        ("convention", KNOW, {"x": "inf", "kind": "unconventional", "expected": "any convention"}),
    ],
)
def test_every_sort_is_told_from_the_others_and_says_whether_it_is_a_bug(slug, standing, given):
    """A person's judgement, written down once."""
    made = specimen("scipy", **({"answer": "inf", "truth": "0x1p0", "printed": ""} | given))
    assert sorts.of(made).slug == slug
    assert sorts.of(made).standing == standing


def test_a_library_that_computes_float64_in_float32_is_told_once(document):
    """But a nan that gets lost is told as that, in every format."""
    given = {"answer": "0x1p0", "truth": "0x1.8p0", "printed": "1.0", "format": "float64"}
    coarse = specimen("openvino", "0x1p0", kind="inaccurate", domain="contract", **given)
    lost = specimen("openvino", "nan 0x0p0", kind="finite", expected="nan", **given)
    assert [draft.sort.slug for draft in drafted(document, coarse, lost)] == ["nan", "float64"]


def test_a_fold_whose_order_matters_is_told_with_what_the_fold_loses(document):
    """One page, not two."""
    numpy = "numpy.logaddexp.reduce"
    given = {"answer": "0x1p0", "truth": "0x1.8p0", "printed": "1.0"}
    folded = specimen(numpy, "0x0p0*60", kind="inaccurate", domain="contract", kept="folded", **given)
    order = specimen(numpy, "0x0p0 0x1p0", domain="conduct", kind="permutation", message="reversed: other", **given)
    (draft,) = drafted(document, order, folded)
    assert draft.sort.slug == "accumulation"
    assert draft.specimens[0] is folded
    (alone,) = drafted(document, order)
    assert alone.sort.slug == "order"


def test_the_specimen_whose_program_shows_it_is_shown_first(document):
    """A library may answer otherwise to a row alone."""
    batch = specimen("onnxruntime", "-inf -0x1.f4p9", "-inf", "-0x1.f4p9", "-1000.0")
    alone = specimen("onnxruntime", "-inf -0x1.f4p9", "-inf", "-0x1.f4p9", "-inf", format="float16")
    assert not findings.shows(batch)
    (draft,) = drafted(document, batch, alone)
    assert draft.specimens == (alone, batch)


def test_the_reason_is_that_of_the_functions_own_table():
    """Special values have a reason a line."""
    lost = specimen("scipy", "nan 0x0p0", "inf", "nan", "inf", expected="nan")
    assert sorts.special(lost).startswith("an unknown term makes the sum unknown")
    masked = specimen("scipy", "-inf 0x0p0", "inf", "0x0p0", "inf", function="softmax")
    assert sorts.special(masked) == "exp(-inf) = 0 exactly"
    nothing = specimen("scipy", "", "0x1p0", "-inf", "1.0", expected="-inf")
    assert sorts.special(nothing) == "the empty sum is 0"
    assert sorts.special(specimen("scipy", "0x0p0", "inf", "0x0p0", "inf")) == ""


@pytest.mark.parametrize(
    ("said", "given"),
    [
        ("without subtracting the maximum first", {"x": "-inf -0x1.9p6", "alike": ["naive"]}),
        ("has the bits of that in float32", {"x": "0x1.f4p9", "alike": ["naive@float32"]}),
        ("", {"x": "-inf -0x1.9p6", "alike": ["naive", "max-shift"]}),
        ("is held in float16", {"x": "0x0p0*65520", "domain": "range", "format": "float16", "alike": ["max-shift"]}),
        ("one after the other", {"x": "0x0p0*9", "kind": "inaccurate", "kept": "sequential", "alike": ["online"]}),
        ("-log of it is 46.0517018916", {"x": "nan", "expected": "nan", "answer": "0x1.7069e2ae6d092p5"}),
        ("", {"x": "nan", "expected": "nan", "answer": "0x1p0"}),
        ("numpy.sum adds pairwise only", {"x": "0x0p0*9", "domain": "conduct", "kind": "axis"}),
    ],
)
def test_a_cause_is_named_only_where_the_bits_say_so(said, given):
    """Otherwise nothing is said."""
    made = specimen("scipy", **({"answer": "inf", "truth": "0x1p0", "printed": ""} | given))
    assert said in sorts.cause(made)
    assert bool(said) == bool(sorts.cause(made))


def test_a_zero_that_naive_gives_too_is_no_sign_of_a_missing_shift():
    """It overflows to infinity there, and 1 / inf is 0."""
    zero = {"answer": "0x0p0", "truth": "0x1p-140", "printed": "0.0", "kind": "inaccurate", "alike": ["naive"]}
    assert sorts.cause(specimen("scipy", "0x0p0 0x1.9p6", function="softmax", **zero)) == ""


def test_what_is_kept_beside_flushed_results_is_said(document):
    """One cause of a broken contract must not hide that there is no other."""
    zero = {"answer": "0x0p0", "truth": "0x1p-140", "printed": "0.0", "kind": "inaccurate"}
    flushed = specimen("jax", "0x0p0 0x1.9p6", function="softmax", **zero)
    declared = {"function": "softmax", "subject": "jax", "contract": "conditioned", "options": "--flushes-subnormals"}
    verdict = msgspec.structs.replace(document.verdicts[0], format="float32", **declared)
    page = findings.pages(msgspec.structs.replace(document, specimens=[flushed], declared=[verdict]))
    assert "Apart from these results, jax keeps `conditioned` in float32." in page["jax-softmax-subnormal.md"]
