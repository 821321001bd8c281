"""plans: how a row is cut and merged, as text and back; any other text is refused, and none ends the run."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quality.streams import SUMS

import lsecheck
from lsecheck.errors import InputError
from lsecheck.subjects import load
from lsecheck.subjects.loading import Loading
from lsecheck.subjects.question import Question
from lsecheck.subjects.streaming import DEPTH, Leaf, Merge, Plan, cut, parse, trials

plans = st.recursive(
    st.lists(st.integers(0, 9), max_size=4).map(lambda sizes: Leaf(tuple(sizes))),
    lambda inner: st.builds(Merge, inner, inner),
    max_leaves=6,
)


class TestPlans:
    """What may be said, and what it means."""

    @pytest.mark.parametrize(
        ("said", "plan"),
        [
            ("", Leaf()),
            ("()", Leaf()),
            ("3", Leaf((3,))),
            ("3,0,5", Leaf((3, 0, 5))),
            ("(3,0 5)", Merge(Leaf((3, 0)), Leaf((5,)))),
            ("((3,0 5) 2)", Merge(Merge(Leaf((3, 0)), Leaf((5,))), Leaf((2,)))),
            (" ( 1(2 3) ) ", Merge(Leaf((1,)), Merge(Leaf((2,)), Leaf((3,))))),
            ("(() 5)", Merge(Leaf(), Leaf((5,)))),
        ],
    )
    def test_a_plan_is_sizes_or_two_plans_in_brackets(self, said, plan):
        """Spaces part the two, and are free elsewhere between plans."""
        assert parse(said) == plan

    @given(plans)
    def test_a_plan_as_text_is_that_plan(self, plan: Plan):
        """So that a plan made by a program can be typed."""
        assert parse(str(plan)) == plan

    @pytest.mark.parametrize(
        ("said", "sentence"),
        [
            ("3 5", "the plan '3 5' is 2 plans beside one another: a plan is sizes as '3,0,5', or two plans in "
                    "brackets as '(3,0 5)'"),
            ("(3,0 5", "the plan '(3,0 5' does not close its brackets"),
            ("3)", "the plan '3)' closes a bracket that is not open"),
            ("(3 0 5)", "the plan '(3 0 5)' has 3 in brackets where two belong"),
            ("((3))", "the plan '((3))' has 1 in brackets where two belong"),
            ("3,-1", "the plan '3,-1' has ',' where it means nothing"),
            ("3, 4", "the plan '3, 4' has ',' where it means nothing"),
            ("halves", "the plan 'halves' has 'h' where it means nothing"),
            ("٣", "the plan '٣' has '٣' where it means nothing"),
            ("9" * 16, "the plan '9999999999999999' has a size of 16 digits: 15 are the most"),
            ("9" * 5000, f"the plan '{'9' * 50}…{'9' * 9}' has a size of 5000 digits: 15 are the most"),
        ],
    )  # fmt: skip
    def test_any_other_text_is_refused_in_one_sentence(self, said, sentence):
        """What was wrong with it, and what is allowed."""
        with pytest.raises(InputError) as refused:
            parse(said)
        assert str(refused.value).startswith(sentence)
        assert ("a plan is sizes as '3,0,5', or two plans in brackets as '(3,0 5)'" in str(refused.value)) == (
            "digits" not in sentence
        )

    @pytest.mark.parametrize("deep", [DEPTH + 1, 100_000])
    def test_a_deeper_plan_than_python_can_walk_is_refused(self, deep):
        """Before anything recurses: brackets alone must not end the run."""
        with pytest.raises(InputError, match=r"^the plan '\(.*….*' has more than 200 brackets within brackets"):
            parse("(" * deep + "1" + " 1)" * deep)
        plan: Plan = Leaf()
        for _ in range(DEPTH):
            plan = Merge(plan, Leaf())
        with pytest.raises(InputError, match="may be 200 deep; this one is deeper"):
            Merge(Leaf(), plan)

    @pytest.mark.parametrize("said", ["(" * DEPTH + "1" + " 1)" * DEPTH, "(1 " * DEPTH + "1" + ")" * DEPTH])
    def test_the_deepest_plan_is_printed_compared_and_fed(self, said):
        """To the left and to the right."""
        plan = parse(said)
        assert str(plan) == said
        assert dataclasses.replace(plan, left=plan.left) == plan
        assert hash(plan) == hash(parse(said))
        assert repr(plan)
        rows = np.linspace(-1, 1, 300)[None]
        assert load(SUMS, Loading(plan=said)).reply(Question("logsumexp", rows, "float64")).array == (
            pytest.approx(lsecheck.logsumexp(rows), rel=1e-14)
        )

    @pytest.mark.parametrize("sizes", [(-1,), (1.5,), ("3",), (10**15,)])
    def test_a_size_is_a_whole_number_from_0(self, sizes):
        """Of plans that a program makes."""
        with pytest.raises(InputError, match="a chunk has a size from 0 to 999,999,999,999,999, not "):
            Leaf(sizes)

    def test_a_merge_is_of_plans(self):
        """A text is not one yet."""
        with pytest.raises(InputError, match="a merge is of two plans, each a Leaf or a Merge, not '3'"):
            Merge("3", Leaf())

    @given(plans, st.integers(0, 20))
    def test_the_chunks_of_a_plan_are_the_row(self, plan: Plan, n: int):
        """Every entry once, in order, whatever the sizes are; none reaches beyond it."""
        chunks = [chunk for leaf in cut(plan, n) for chunk in leaf]
        assert all(0 <= chunk.start <= chunk.stop <= n for chunk in chunks)
        assert [place for chunk in chunks for place in range(n)[chunk]] == list(range(n))

    @given(st.integers(0, 40), st.booleans())
    def test_what_conduct_tries_are_plans_that_a_stream_can_be_fed_by(self, n, merges):
        """Without a merge, those of one leaf; none is left to the stream's own."""
        for said in trials(n, merges).values():
            assert said
            assert str(parse(said)) == said
            assert merges or isinstance(parse(said), Leaf)
