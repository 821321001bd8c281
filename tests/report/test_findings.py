"""findings: drafts that stand alone, wrong answers told from what is worth knowing."""

import re

import msgspec
import pytest

from lsecheck.report import causes, findings, sorts
from lsecheck.report.sorts import KNOW, WRONG
from lsecheck.specimens import making
from lsecheck.subjects.methods import METHODS
from report.boards import board, specimen


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
# ReduceLogSumExp: wrong result for a row that begins with -inf

*A wrong answer. A draft: nothing of it has been filed.*

For a row that begins with -inf, `ReduceLogSumExp` answers another number than without the -inf entries. Each row on \
this page is answered right without its -inf entries or with its -inf entries last. Seen with onnxruntime 1.32.0, \
onnxruntime.opset13 (onnxruntime, onnxruntime.opset13) in float32, float16; since when is not known.

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

**Impact:** Where such entries stand for a mask, the answer depends on where the mask is.

**Likely cause:** exp is taken of the entries as they are, without subtracting the maximum first (the answer has the \
bits of log(sum(exp(x)))).

**Related:** [microsoft/onnxruntime#5583](https://github.com/microsoft/onnxruntime/issues/5583) (Handle -inf in \
ReduceSumLogExp, fix regression introduced in PR #5370); \
[microsoft/onnxruntime#28461](https://github.com/microsoft/onnxruntime/issues/28461) (ReduceLogSumExp returns NaN for \
all -inf input).

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


@pytest.mark.parametrize(
    ("slug", "standing", "given"),
    [
        ("masked", WRONG, {"x": "-inf -0x1.9p6", "kind": "inaccurate", "otherwise": {making.WITHOUT: "right"}}),
        ("overflow", WRONG, {"x": "-inf 0x1.f4p9", "otherwise": {making.WITHOUT: "wrong"}}),
        ("overflow", WRONG, {"x": "-inf 0x1.f4p9"}),
        ("fold", KNOW, {"x": "0x0p0*60", "kind": "inaccurate", "kept": "sequential", "alike": ["logaddexp-fold"]}),
        ("fold", KNOW, {"x": "0x0p0*60", "kind": "inaccurate", "kept": "folded", "answer": "0x1p0"}),
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
    assert draft.sort.slug == "fold"
    assert draft.specimens[0] is folded
    (alone,) = drafted(document, order)
    assert alone.sort.slug == "order"


def test_the_specimen_whose_program_shows_it_is_shown_first(document):
    """A library may answer otherwise to a row alone."""
    masked = {"otherwise": {making.WITHOUT: "right"}}
    batch = specimen("onnxruntime", "-inf -0x1.f4p9", "-inf", "-0x1.f4p9", "-1000.0", **masked)
    alone = specimen("onnxruntime", "-inf -0x1.f4p9", "-inf", "-0x1.f4p9", "-inf", format="float16", **masked)
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
        ("has the bits of log(sum(exp(x))))", {"x": "-inf -0x1.9p6", "alike": ["naive"]}),
        ("has the bits of log(sum(exp(x))) in float32)", {"x": "0x1.f4p9", "alike": ["naive@float32"]}),
        ("", {"x": "-inf -0x1.9p6", "alike": ["naive", "max-shift"]}),
        (
            "is held in float16 (the answer has the bits of max(x) + log(",
            {"x": "0x0p0*65520", "domain": "range", "format": "float16", "alike": ["max-shift"]},
        ),
        ("one after the other", {"x": "0x0p0*9", "kind": "inaccurate", "kept": "sequential", "alike": ["online"]}),
        ("-log of it is 46.0517018916", {"x": "nan", "expected": "nan", "answer": "0x1.7069e2ae6d092p5"}),
        ("", {"x": "nan", "expected": "nan", "answer": "0x1p0"}),
        ("numpy.sum adds pairwise only", {"x": "0x0p0*9", "domain": "conduct", "kind": "axis"}),
    ],
)
def test_a_cause_is_named_only_where_the_bits_say_so(said, given):
    """Otherwise nothing is said."""
    made = specimen("scipy", **({"answer": "inf", "truth": "0x1p0", "printed": ""} | given))
    assert said in causes.cause(made)
    assert bool(said) == bool(causes.cause(made))


def test_a_zero_that_naive_gives_too_is_no_sign_of_a_missing_shift():
    """It overflows to infinity there, and 1 / inf is 0."""
    zero = {"answer": "0x0p0", "truth": "0x1p-140", "printed": "0.0", "kind": "inaccurate", "alike": ["naive"]}
    assert causes.cause(specimen("scipy", "0x0p0 0x1.9p6", function="softmax", **zero)) == ""


def test_what_is_kept_beside_flushed_results_is_said(document):
    """One cause of a broken contract must not hide that there is no other."""
    zero = {"answer": "0x0p0", "truth": "0x1p-140", "printed": "0.0", "kind": "inaccurate"}
    flushed = specimen("jax", "0x0p0 0x1.9p6", function="softmax", **zero)
    declared = {"function": "softmax", "subject": "jax", "contract": "conditioned", "options": "--flushes-subnormals"}
    verdict = msgspec.structs.replace(document.verdicts[0], format="float32", **declared)
    page = findings.pages(msgspec.structs.replace(document, specimens=[flushed], declared=[verdict]))
    said = "Apart from these results, in lsecheck's terms, `jax` keeps conditioned (as good as the inputs allow, near 0"
    assert said in page["jax-softmax-subnormal.md"]


def test_a_row_is_called_as_it_was_measured(document):
    """That it begins with -inf is said only where -inf in the end is answered right."""
    given = {"answer": "-inf", "truth": "-0x1.f4p9", "printed": "-inf"}

    def title(x, **otherwise):
        known = {getattr(making, name): said for name, said in otherwise.items()}
        (draft,) = drafted(document, specimen("onnxruntime", x, otherwise=known, **given))
        return draft.title.partition(" for ")[2]

    assert title("-inf -0x1.f4p9", WITHOUT="right", LAST="wrong") == "a row with an entry of -inf"
    assert title("-0x1p0 -inf", WITHOUT="right", LAST="right") == "a row with an entry of -inf"
    assert title("-inf 0x1.f4p9", WITHOUT="right", LAST="right", ABOVE="right") == "a row that begins with -inf"
    negative = "a row that begins with -inf and is negative elsewhere"
    assert title("-inf*3 -0x1.f4p9", WITHOUT="right", LAST="right", ABOVE="right") == negative


def test_the_definition_of_the_operator_is_named_where_its_bits_are_answered(document):
    """An overflow of the formula in double, in a format of 16 bits: with where it begins."""
    given = {"answer": "inf", "truth": "0x1.f4p9", "printed": "inf", "domain": "contract", "format": "float16"}
    one = specimen(
        "onnxruntime", "0x1.f4p9", alike=["naive@float64"], otherwise={"[709.5]": "right", "[710.0]": "wrong"}, **given
    )
    page = findings.pages(msgspec.structs.replace(document, specimens=[one]))["onnxruntime-logsumexp-overflow.md"]
    assert "In float16 x = [709.5] is answered right, and its neighbour [710.0] is not." in page
    assert "function body" in page
    assert "onnx/onnx, that is to be changed" in page
    older = msgspec.structs.replace(one, subject="onnxruntime.opset13")
    assert causes.cause(older) == ""


def test_a_short_row_does_not_show_that_accuracy_is_lost_as_rows_grow(document):
    """The title says what the page shows, and so does the impact."""
    given = {"answer": "0x1p0", "truth": "0x1.8p0", "printed": "1.0", "kind": "inaccurate", "kept": "sequential"}
    seen = specimen("scipy", "0x0p0*75", domain="contract", **given)
    short, long = (
        msgspec.structs.replace(seen, witness=msgspec.structs.replace(seen.witness, n=n, ulp=2.5)) for n in (75, 5000)
    )
    (draft,) = drafted(document, short)
    assert draft.title == "scipy.special.logsumexp: less accurate than with a pairwise or wider sum"
    assert draft.told(draft.sort.impact) == "The largest error on this page is 2.5 ulp, in float32, at 75 entries."
    (draft,) = drafted(document, long)
    assert draft.title == "scipy.special.logsumexp: accuracy is lost as rows grow"


def test_an_axis_is_told_of_the_layouts_that_were_seen_and_of_the_library(document):
    """NumPy's documentation is not TensorFlow's reason."""
    given = {"domain": "conduct", "format": "float16", "message": "other"}
    numpys = [
        specimen("scipy", "0x0p0*9", "0x1p0", "0x1p1", "1.0", kind=kind, **given) for kind in ("axis", "transposed")
    ]
    other = specimen("tensorflow", "0x0p0*9", "0x1p0", "0x1p1", "1.0", kind="axis", **given)
    pages = findings.pages(msgspec.structs.replace(document, specimens=[*numpys, other]))
    page = pages["tensorflow-logsumexp-axis.md"]
    assert page.startswith("# tensorflow.reduce_logsumexp: in float16 less accurate along axis 0\n")
    assert "NumPy documents" not in page
    assert "Fortran" not in page
    page = pages["scipy-logsumexp-axis.md"]
    assert page.startswith("# scipy.special.logsumexp: in float16 less accurate along axis 0 or in Fortran order\n")
    assert "NumPy documents" in page
    assert "broadcast" not in page


def test_a_row_that_needs_its_batch_says_so(document):
    """Its program, which asks it alone or beside itself, would puzzle whoever pastes it."""
    given = {"kind": "inaccurate", "kept": "sequential", "domain": "contract"}
    alone = specimen("scipy", "0x0p0*2000", "0x1p0", "0x1.8p0", "1.5", **given)
    page = findings.pages(msgspec.structs.replace(document, specimens=[alone]))["scipy-logsumexp-accumulation.md"]
    assert "In a plain Python, asked alone (in the batch that it was seen in the answer was 1.0: it depends on" in page
    twice = msgspec.structs.replace(alone, copies=2, printed="[1.0, 1.0]")
    page = findings.pages(msgspec.structs.replace(document, specimens=[twice]))["scipy-logsumexp-accumulation.md"]
    assert "In a plain Python, 2 equal rows (the answer depends on the batch: one alone does not show it):" in page


@pytest.mark.parametrize("name", [name for name in METHODS if "-" in name])
def test_a_draft_does_not_speak_of_our_methods(name):
    """Another project's readers do not know their names."""
    texts = [text for sort in sorts.SORTS.values() for text in sort]
    given = {"answer": "inf", "truth": "0x1p0", "printed": "", "alike": [name, f"{name}@float32"], "kept": "sequential"}
    alike = [f"{name}@float32"]
    for function in causes.FORMULAS:
        for more in ({"domain": "range", "format": "float16"}, {"domain": "contract"}, {"kind": "inaccurate"}):
            texts.append(causes.cause(specimen("torch", "0x0p0*9", function=function, **(given | more))))
        texts.append(causes.cause(specimen("openvino", "0x0p0*9", **(given | {"format": "float64", "alike": alike}))))
    assert not any(re.search(rf"\b{re.escape(name)}\b", text) for text in texts)
