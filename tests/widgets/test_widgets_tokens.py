"""Widgets about a few tokens: what may be read, one query at a time, heads side by side. Without a browser."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import traitlets

from leftcontext.language.language import LITTLE_LANGUAGE, SENTENCE
from leftcontext.widgets import Heads, LeftContext, SingleToken

RNG = np.random.default_rng(4)
Q, K = RNG.normal(size=(2, 4, 3))
V = RNG.normal(size=(4, 2))


@pytest.mark.parametrize(("mask", "ahead"), [("causal", 0), ("one_ahead", 1), ("none", 5)])
def test_what_may_be_read_and_which_answers_with_it(mask: str, ahead: int) -> None:
    shown = LeftContext(mask=mask)
    allowed = [[j <= i + ahead for j in range(5)] for i in range(5)]
    assert shown.allowed.tolist() == allowed
    assert shown.leaks == [i for i in range(4) if allowed[i][i + 1]]


def test_the_best_loss_is_that_of_the_language_unless_the_answers_can_be_read() -> None:
    tokens = LITTLE_LANGUAGE.encode(SENTENCE)
    first = math.log(LITTLE_LANGUAGE.next_probabilities([])[tokens[0]])
    rest = LITTLE_LANGUAGE.log_probability(tokens) - first
    assert LeftContext().loss == pytest.approx(-rest / 4)
    assert LeftContext(mask="one_ahead").loss == LeftContext(mask="none").loss == 0
    assert LeftContext(["a", "b", "c"], chances=[0.5, 0.25]).loss == pytest.approx(1.5 * math.log(2))


@pytest.mark.parametrize("text", ["to be or not", "these these dogs", "sees these"])
def test_a_text_that_is_not_of_the_little_language_has_no_chances(text: str) -> None:
    shown = LeftContext(text.split())
    assert shown.loss is None and shown.get_state()["_chances"] == []


def test_the_traits_of_a_left_context_can_be_set_read_and_linked() -> None:
    shown, other = LeftContext(), LeftContext()
    traitlets.link((shown, "position"), (other, "position"))
    traitlets.link((shown, "mask"), (other, "mask"))
    shown.position, other.mask = 1, "none"
    assert (other.position, shown.mask, shown.leaks) == (1, "none", [0, 1, 2, 3])
    given = np.array([0.5, 0.5])
    shown = LeftContext("abc", chances=given)
    given[:] = 0
    assert shown.loss == pytest.approx(math.log(2)), "it has a copy"


def slow_attention(q: np.ndarray, keys: np.ndarray, values: np.ndarray) -> tuple[list[float], list[float]]:
    """The weights and the output of one query by loops over single numbers: the oracle."""
    e = [math.exp(sum(a * b for a, b in zip(q, key, strict=True)) / math.sqrt(len(q))) for key in keys]
    weights = [x / sum(e) for x in e]
    return weights, [sum(w * v[k] for w, v in zip(weights, values, strict=True)) for k in range(values.shape[1])]


@pytest.mark.parametrize("query", range(4))
def test_one_query_is_attended_with_as_defined_wherever_it_has_been_moved(query: int) -> None:
    shown = SingleToken(Q, K, V, query=query)
    for moved in (Q, 3 * Q[::-1]):
        shown.Q = moved
        weights, output = slow_attention(moved[query], K[: query + 1], V[: query + 1])
        np.testing.assert_allclose(shown.weights, weights, atol=1e-15)
        np.testing.assert_allclose(shown.output, output, atol=1e-14)
        np.testing.assert_allclose(shown.scaled * math.sqrt(3), shown.scores)


def test_moved_queries_can_be_linked_both_ways() -> None:
    shown, other = SingleToken(Q, K, V), SingleToken(Q, K, V)
    traitlets.link((shown, "queries"), (other, "queries"))
    shown.set_state({"queries": (2 * Q).tolist()})  # as the page sends it
    np.testing.assert_array_equal(other.Q, 2 * Q)
    other.Q = Q
    np.testing.assert_array_equal(shown.Q, Q)
    shown.Q[0, 0] = 9  # a copy
    assert shown.Q[0, 0] == Q[0, 0] and "the output of 3" in shown.picture().text


def test_a_far_score_does_not_overflow() -> None:
    shown = SingleToken(1e5 * np.eye(2), 1e5 * np.eye(2), np.eye(2))
    np.testing.assert_array_equal(shown.weights, [0, 1])


WIDE_Q, WIDE_K = RNG.normal(size=(2, 5, 6))
WIDE_V = RNG.normal(size=(5, 4))


def slow_heads(mask: str) -> list[list[list[float]]]:
    """The weights of both heads, row by row."""
    heads = []
    for columns in (slice(0, 3), slice(3, 6)):
        rows = []
        for i in range(5):
            seen = i + 1 if mask == "causal" else 5
            weights, _ = slow_attention(WIDE_Q[i, columns], WIDE_K[:seen, columns], WIDE_V[:seen])
            rows.append(weights + [0.0] * (5 - seen))
        heads.append(rows)
    return heads


@pytest.mark.parametrize("mask", ["causal", "none"])
def test_heads_share_out_the_columns_and_merge_them_again(mask: str) -> None:
    shown = Heads(WIDE_Q, WIDE_K, WIDE_V, mask=mask)
    weights = np.array(slow_heads(mask))
    np.testing.assert_allclose(shown.weights, weights, atol=1e-15)
    np.testing.assert_allclose(shown.mean, (weights[0] + weights[1]) / 2)
    outputs = [weights[0] @ WIDE_V[:, :2], weights[1] @ WIDE_V[:, 2:]]
    np.testing.assert_allclose(shown.merged, np.hstack(outputs), atol=1e-14)
    assert shown.leaks == ([] if mask == "causal" else [0, 1, 2, 3])
    shown.merge = "reshape"
    np.testing.assert_allclose(shown.merged, np.reshape(outputs, (5, 4)), atol=1e-14)


@pytest.mark.parametrize(("heads", "T"), [(2, 5), (4, 4), (3, 5), (1, 4)])
def test_what_a_merged_row_reads_is_what_moves_it(heads: int, T: int) -> None:
    """Replace the value of a token: the parts of the merged rows that move are those with a weight on it."""
    Q, K, V = RNG.normal(size=(3, T, 2 * heads))
    for merge in ("side_by_side", "reshape"):
        shown = Heads(Q, K, V, heads=heads, merge=merge)
        moved = np.zeros((T, heads, T), dtype=bool)
        for j in range(T):
            other = V.copy()
            other[j] += 1
            difference = Heads(Q, K, other, heads=heads, merge=merge).merged - shown.merged
            moved[:, :, j] = np.abs(difference.reshape(T, heads, 2)).max(-1) > 1e-12
        np.testing.assert_array_equal(shown.reads > 1e-12, moved)
        assert shown.leaks == [i for i in range(T) if moved[i, :, i + 1 :].any()]


def test_the_claim_of_the_lesson_three_rows_leak_and_none_is_right() -> None:
    shown = Heads(merge="reshape")
    assert shown.leaks == [0, 1, 2]
    right = Heads().reads
    assert not any(np.allclose(shown.reads[i], right[i]) for i in range(5))


def test_heads_of_a_model_that_are_given_as_weights() -> None:
    weights = np.tri(3)[None] / np.arange(1, 4)[:, None] * np.ones((4, 1, 1))
    shown = Heads(weights=weights, names=list("abcd"))
    np.testing.assert_array_equal(shown.weights, weights)
    assert shown.outputs is None and shown.merged is None and shown.leaks == []
    assert shown.tokens == ["0", "1", "2"] and shown.query == 2
    shown.merge = "reshape"
    assert shown.leaks == [0, 1], "row 1 holds head 1's outputs 1 and 2, head 2's 0 and 1"
    other = Heads()
    traitlets.link((shown, "query"), (other, "query"))
    other.query = 0
    assert shown.query == 0


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Heads(WIDE_Q, WIDE_K), "together"),
        (lambda: Heads(WIDE_Q, WIDE_K, WIDE_V, heads=4), "Q has 6 columns, which 4 heads can't share out"),
        (lambda: Heads(WIDE_Q, WIDE_K, WIDE_V[:, :3]), "V has 3 columns, which 2 heads"),
        (lambda: Heads(WIDE_Q, WIDE_K, WIDE_V, heads=0), "1 to 8 heads"),
        (lambda: Heads(WIDE_Q, WIDE_K[:, :4], WIDE_V), "same width"),
        (lambda: Heads(WIDE_Q, WIDE_K, WIDE_V, names=["a"]), "2 heads, but 1 names"),
        (lambda: Heads(WIDE_Q, WIDE_K, WIDE_V, weights=np.eye(5)[None]), "not both"),
        (lambda: Heads(*np.ones((3, 17, 2))), "Up to 16 tokens"),
        (lambda: Heads(weights=np.eye(3)), r"\(H, T, T\) .* not \(3, 3\)"),
        (lambda: Heads(weights=np.ones((2, 3, 4))), r"not \(2, 3, 4\)"),
        (lambda: Heads(weights=np.ones((2, 3, 3))), "sum to 1"),
        (lambda: Heads(weights=np.full((2, 3, 3), np.nan)), "not finite"),
        (lambda: Heads(weights=[["a"]]), "numbers"),
        (lambda: Heads(weights=np.eye(3)[None], tokens="ab"), "3 positions, but 2 tokens"),
        (lambda: Heads(query=5), "query is 0 to 4, not 5"),
        (lambda: Heads(width=2), "no parameter 'width'"),
        (lambda: SingleToken(Q, K), "together"),
        (lambda: SingleToken(Q, K[:2], V), r"\[4, 2, 4\] rows"),
        (lambda: SingleToken(Q[:, :2], K, V), "same width"),
        (lambda: SingleToken(Q[:, :1], K[:, :1], V), "Queries and keys are drawn .* not 1"),
        (lambda: SingleToken(Q, K, V[:, :1]), "Values are drawn .* not 1"),
        (lambda: SingleToken(Q * np.inf, K, V), "not finite"),
        (lambda: SingleToken(Q, K, V, tokens=["a"]), "4 rows in Q, but 1 tokens"),
        (lambda: SingleToken(Q, K, V, components=["a"]), "2 columns of V, but 1 components"),
        (lambda: SingleToken(Q, K, V, query=4), "query is 0 to 3, not 4"),
        (lambda: setattr(SingleToken(Q, K, V), "Q", Q[:2]), r"shape \(4, 3\), not \(2, 3\)"),
        (lambda: setattr(SingleToken(Q, K, V), "Q", Q * np.nan), "not finite"),
        (lambda: LeftContext(["a"]), "2 to 12 tokens"),
        (lambda: LeftContext("a" * 13), "not one of 13"),
        (lambda: LeftContext(position=5), "position is 0 to 4, not 5"),
        (lambda: LeftContext("abc", chances=[0.5]), r"2 tokens .* shape \(1,\)"),
        (lambda: LeftContext("abc", chances=[0.5, 0]), "above 0"),
        (lambda: LeftContext("abc", chances=[0.5, np.nan]), "not finite"),
        (lambda: LeftContext("abc", chances=["x", "y"]), "numbers"),
        (lambda: setattr(LeftContext(), "position", -1), "0 to 4"),
    ],
)
def test_what_does_not_fit_gets_one_sentence(make: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        make()
    assert "\n" not in str(caught.value)
