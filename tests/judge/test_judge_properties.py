"""Properties of the judge: right answers pass whatever the shapes, one wrong cell is seen, nothing brings it down."""

import builtins
import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from test_judge import EXERCISE, Chameleon, Liar, Unspeakable

from autograder.bank import catalog
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array, Boolean, Integer, Number, OrNone, ResultType, Tuple
from autograder.feedback import render
from autograder.judge.judge import judge


def attend(Q, K, V):
    """The oracle of the properties below, position by position."""
    out = np.zeros(V.shape)
    for at in np.ndindex(*V.shape[:-1]):
        seen = (*at[:-1], slice(at[-1] + 1))
        s = K[seen] @ Q[at] / np.sqrt(Q.shape[-1])
        e = np.exp(s - s.max())
        out[at] = e @ V[seen] / e.sum()
    return out


LEADS = st.lists(st.integers(1, 3), max_size=2).map(tuple)
SIZES = st.integers(1, 6)


def attention_exercise(lead: tuple[int, ...], T: int, d: int, d_v: int) -> Exercise:
    exercise = Exercise("attention", Array())
    exercise.solution(catalog.find("causal_attention").load().reference)

    @exercise.part("One shape")
    def one_shape(rng):
        yield case(rng.normal(size=(*lead, T, d)), rng.normal(size=(*lead, T, d)), rng.normal(size=(*lead, T, d_v)))

    return exercise


@given(lead=LEADS, T=SIZES, d=SIZES, d_v=SIZES, seed=st.integers(0, 2**20))
def test_a_right_attention_passes_whatever_the_shapes(lead, T, d, d_v, seed) -> None:
    assert judge(attention_exercise(lead, T, d, d_v), attend, seed).passed


@given(lead=LEADS, T=SIZES, d=SIZES, d_v=SIZES, where=st.floats(0, 1), by=st.sampled_from([1.0, -1e-2, 1e-4]))
def test_one_wrong_cell_is_always_seen(lead, T, d, d_v, where, by) -> None:
    def nearly(Q, K, V):
        out = attend(Q, K, V)
        out.flat[int(where * (out.size - 1))] += by
        return out

    verdict = judge(attention_exercise(lead, T, d, d_v), nearly)
    assert not verdict.passed
    assert verdict.finding is not None
    assert verdict.finding.difference is not None
    assert np.sum(verdict.finding.difference.wrong) == 1
    assert "*" in render.text(verdict)


@settings(max_examples=10)
@given(seed=st.integers(0, 2**31))
def test_the_real_exercise_accepts_the_oracle_at_every_seed(seed: int) -> None:
    assert judge(catalog.find("causal_attention").load(), attend, seed).passed


def nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(leaves, max_size=3) | st.tuples(leaves, leaves) | st.dictionaries(st.text(max_size=3), leaves, max_size=2)


STRANGE: list[Any] = [
    object(), len, int, Exception, Unspeakable(), Chameleon(), builtins, datetime.date(2020, 1, 1), range(3), slice(2),
    np.array([[0.0, 0.0]]).view(Liar), np.array([None, "a"], dtype=object), np.array([], dtype="V8"), np.random.default_rng(0),
    np.ma.masked_all((1, 2)), memoryview(b"ab"), iter(()), ..., NotImplemented, float("nan"), 10**400,
]  # fmt: skip
PLAIN = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text(max_size=5)
    | st.binary(max_size=5) | st.decimals() | st.fractions() | st.datetimes()
    | st.sampled_from(range(len(STRANGE))).map(STRANGE.__getitem__)
    | arrays.arrays(arrays.scalar_dtypes(), arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
)  # fmt: skip
ANYTHING = st.recursive(PLAIN, nested, max_leaves=5)
KINDS: dict[str, tuple[ResultType, Any]] = {
    "floats": (Array(), np.ones((1, 2))),
    "exact zeros": (Array(exact_zeros=True), np.eye(2)),
    "floating": (Array("float"), np.ones(2)),
    "booleans": (Array("bool"), np.ones(2, dtype=bool)),
    "integers": (Array("int"), np.arange(2)),
    "a number": (Number(), 1.5),
    "an integer": (Integer(), 3),
    "a truth": (Boolean(), True),
    "a tuple": (Tuple(a=Array(), b=Number()), (np.ones(2), 1.0)),
    "perhaps": (OrNone(Tuple(i=Integer(), j=Integer())), None),
}


def constant(kind: ResultType, value: Any) -> Exercise:
    exercise = Exercise("anything", kind)
    exercise.solution(lambda x: value)

    @exercise.part("Once")
    def once(rng):
        yield case(1.0)

    return exercise


@pytest.mark.parametrize("kind", KINDS)
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(raw=ANYTHING)
def test_nothing_that_is_returned_brings_the_judge_down(kind: str, raw: Any) -> None:
    exercise = constant(*KINDS[kind])
    verdict = judge(exercise, lambda x: raw)
    assert render.text(verdict, hints=3)
    assert render.as_html(verdict, hints=3)
    assert "\n" not in render.message(verdict).replace(verdict.finding.message if verdict.finding else "", "")
    assert verdict.passed == (verdict.finding is None)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(answer=ANYTHING)
def test_nothing_that_is_handed_in_brings_the_judge_down(answer: Any) -> None:
    for exercise in (EXERCISE, catalog.find("quiz_one_mechanism").load()):
        assert render.text(judge(exercise, answer))
