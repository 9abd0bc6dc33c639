"""### The output of token i

`Q`, `K` and `V` hold a query, a key and a value for every position of a text. The output of position `i` mixes what position
`i` may see: positions `0` to `i`, its own included, and nothing after.

Write `causal_output_at(Q, K, V, i)`. `Q` and `K` are `(T, d)`, `V` is `(T, d_v)`, and `0 <= i < T`. Return the output of
position `i`, `(d_v,)`, computed from positions `0..i` only. `T` may be 1, scores may be large, and the inputs stay as they are.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_probes import attention_probes
from autograder.exercise.exercise import Exercise, Misconception, Probe, case
from autograder.exercise.results import Array


def _as_attention(answer):
    """attend(Q, K, V), row by row, out of an answer to this exercise."""
    return lambda Q, K, V: np.stack([answer(Q, K, V, i) for i in range(len(Q))])


def _a_little_less(answer):
    """Whether the first value comes back a little smaller in every component."""
    ratio = np.asarray(answer(np.ones((2, 2)), np.ones((2, 2)), np.array([[1.0, -2.0, 4.0]] * 2), 0)) / [1.0, -2.0, 4.0]
    return 0.5 < ratio[0] < 1 and np.allclose(ratio, ratio[0], rtol=1e-9)


exercise = Exercise(
    topic="one token's output",
    answer=Array(),
    probes=(Probe(mc.EPSILON, _a_little_less), *attention_probes(_as_attention, batched=False)),
    hints=(
        "Which rows of Q, of K and of V does position i need?",
        "The query is Q[i]; keys and values are rows 0 to i. Then it is attention for one query.",
        "scores = K[: i + 1] @ Q[i] / np.sqrt(d); softmax; then weights @ V[: i + 1].",
    ),
)


@exercise.solution
def causal_output_at(Q, K, V, i):
    """Q, K (T, d), V (T, d_v), position i -> the causal attention output of position i, (d_v,)."""
    seen = slice(i + 1)  # positions 0 to i
    scores = K[seen] @ Q[i] / np.sqrt(Q.shape[1])  # (i + 1,)
    weights = np.exp(scores - scores.max())
    return weights @ V[seen] / weights.sum()  # (d_v,)


def _qkv(rng, T, d, d_v):
    return rng.normal(size=(T, d)), rng.normal(size=(T, d)), rng.normal(size=(T, d_v))


@exercise.part("Three tokens by hand", points=1)
def by_hand(rng):
    Q = np.zeros((3, 4))
    Q[0, 0], Q[1, 1], Q[2, 0] = 1.0, 1.0, 2 * np.log(2.0)
    K = np.array([[0.0, 1.0, 0.0, 0.0], [1.0, 1.0, 5.0, 0.0], [0.0, 3.0, 0.0, 2.0]])
    V = 4 * np.eye(3)
    yield case(Q, K, V, 0, note="V is 4 times the identity, so the output shows the weights")
    yield case(Q, K, V, 1, note="query 1 scores its two keys alike")
    yield case(Q, K, V, 2, note="the weights are 1/4, 1/2 and 1/4")


@exercise.part("Every position", points=1)
def every_position(rng):
    Q, K, V = _qkv(rng, 6, 4, 3)
    for i in range(6):
        yield case(Q, K, V, i)


@exercise.part("Any length and width", points=1)
def any_size(rng):
    for T, d, d_v, i in ((5, 3, 5, 2), (9, 2, 4, 7), (4, 4, 4, 3), (12, 5, 2, 4), (7, 6, 3, 0), (2, 1, 2, 1), (1, 3, 2, 0), (6, 3, 1, 2), (70, 4, 2, 68)):
        yield case(*_qkv(rng, T, d, d_v), i)
    # What is hidden may be huge. All digits count: the weight of a lone key is 1, and float32 holds its value exactly.
    Q, K, V = _qkv(rng, 5, 4, 3)
    V[0], V[3:] = [1.5, -2.0, 0.25], 1e7
    yield case(Q, K, V, 0, note="the last two values are huge", answer=Array(rtol=2e-7, atol=1e-9))
    yield case(Q, K, V, 2, note="the last two values are huge")
    # The hidden scores stay near the allowed ones: masking after the softmax and renormalising is right too.
    Q = np.tile([1.0, 1.0, 0.0, 0.0], (4, 1))
    K = np.array([[0.0, 1700.0, 0.0, 0.0], [1.0, 1700.0, 0.0, 0.0], [-1.0, 1700.0, 0.0, 0.0], [0.0, 1701.0, 0.0, 0.0]])
    V = rng.normal(size=(4, 3))
    yield case(Q, K, V, 2, note="scores near +850")
    yield case(Q * [1.0, -200.0, 0.0, 0.0], K, V, 2, note="scores far below -100000")
    K[1] *= -1
    yield case(Q, K, V, 2, note="scores of +850 and -850 side by side")
    K[0] *= -1
    yield case(Q, K, V, 2, note="one score far above the others")


@exercise.equivalent
def with_a_loop(Q, K, V, i):
    scores = [sum(Q[i] * K[j]) / Q.shape[1] ** 0.5 for j in range(i + 1)]
    e = [np.exp(s - max(scores)) for s in scores]
    return sum(e[j] * V[j] for j in range(i + 1)) / sum(e)


@exercise.equivalent
def a_row_of_the_whole(Q, K, V, i):
    s = np.where(np.tri(len(Q), dtype=bool), Q @ K.T / np.sqrt(Q.shape[1]), -np.inf)
    w = np.exp(s - s.max(-1, keepdims=True))
    return (w / w.sum(-1, keepdims=True) @ V)[i]


@exercise.equivalent
def masked_with_a_large_negative_number(Q, K, V, i):
    s = K @ Q[i] / np.sqrt(Q.shape[1]) + np.where(np.arange(len(K)) > i, -1e9, 0.0)
    w = np.exp(s - s.max())
    return np.einsum("t,tv->v", w / w.sum(), V)


@exercise.equivalent
def masked_after_softmax_and_renormalised(Q, K, V, i):
    s = K @ Q[i] / np.sqrt(Q.shape[1])
    w = np.exp(s - s.max())
    w = w * (np.arange(len(K)) <= i)
    return (w / w.sum() @ V).tolist()


@exercise.equivalent
def as_a_running_average(Q, K, V, i):
    top, total, out = -np.inf, 0.0, np.zeros(V.shape[1])
    for j in range(i + 1):
        s = K[j] @ Q[i] / np.sqrt(Q.shape[1])
        new = max(top, s)
        total, out = total * np.exp(top - new) + np.exp(s - new), out * np.exp(top - new) + np.exp(s - new) * V[j]
        top = new
    return out / total


@exercise.equivalent
def in_float32(Q, K, V, i):
    return causal_output_at(Q.astype(np.float32), K.astype(np.float32), V.astype(np.float32), i).astype(np.float32)


def _softmax(s):
    e = np.exp(s - s.max())
    return e / e.sum()


def _attend(q, K, V, scale=None):
    return _softmax(K @ q / (np.sqrt(len(q)) if scale is None else scale)) @ V


def _filled(Q, K, V, i, fill):
    """The scores of row i over all keys, with `fill` at the hidden ones."""
    s = np.where(np.arange(len(K)) <= i, K @ Q[i] / np.sqrt(Q.shape[1]), fill)
    return _softmax(s) @ V


def _up_to(i):
    return slice(i + 1)


exercise.mistake(mc.NO_MASK, hints=(
    "May position i see position i + 1?", "Keys and values 0 to i only.", "K[: i + 1] and V[: i + 1]"
))(lambda Q, K, V, i: _attend(Q[i], K, V))  # fmt: skip
exercise.mistake(mc.OWN_POSITION_EXCLUDED, message="K[:i] stops before position i: a token may see itself, and the first one has nothing else.", hints=(
    "How many rows has K[:i]?", "Positions 0 to i are i + 1 rows.", "K[: i + 1]"
))(lambda Q, K, V, i: _attend(Q[i], K[:i], V[:i]))  # fmt: skip
exercise.mistake(mc.OWN_POSITION_EXCLUDED, message="Position i itself was left out: a token may see itself, and the first one, which has nothing else, got zeros.", hints=(
    "How many rows has K[:i]?", "Positions 0 to i are i + 1 rows.", "K[: i + 1]"
))(lambda Q, K, V, i: _attend(Q[i], K[:i], V[:i]) if i else 0 * V[0])  # fmt: skip
exercise.mistake(
    Misconception("own_position_excluded_except_first", "Own position excluded, and position 0 patched", "Position 0 was mended by hand, but every later token still can't see itself.",
                  ("Does position 3 follow the same rule as position 0?", "Positions 0 to i are i + 1 rows.", "K[: i + 1] holds for every i."))
)(lambda Q, K, V, i: V[0] if i == 0 else _attend(Q[i], K[:i], V[:i]))  # fmt: skip
exercise.mistake(mc.ONE_AHEAD, message="The key right after position i came along, and that is the very token to be predicted.", hints=(
    "How many rows has K[: i + 2]?", "Positions 0 to i are i + 1 rows.", "K[: i + 1]"
))(lambda Q, K, V, i: _attend(Q[i], K[: i + 2], V[: i + 2]))  # fmt: skip
exercise.mistake(mc.ONE_AHEAD_PATCHED, message="Position 0 is right, but every later one still sees one key too far.", hints=(
    "Does position 1 follow the same rule as position 0?", "Positions 0 to i are i + 1 rows.", "K[: i + 1] holds for every i."
))(lambda Q, K, V, i: _attend(Q[i], K[: i + 2], V[: i + 2]) if i else V[0])  # fmt: skip
exercise.mistake(mc.TRANSPOSED, message="Position i and everything after it was used: that is the future; the past is 0 to i.", hints=(
    "Which positions are to the left of i?", "0 to i.", "K[: i + 1], not K[i:]"
))(lambda Q, K, V, i: _attend(Q[i], K[i:], V[i:]))  # fmt: skip
exercise.mistake(mc.WINDOW_TOO_SHORT, hints=("How far back may position i look?", "To position 0.", "K[: i + 1]"))(
    lambda Q, K, V, i: _attend(Q[i], K[max(i - 1, 0) : i + 1], V[max(i - 1, 0) : i + 1])
)
exercise.mistake(mc.LAST_ROW_ONLY, message="The query of the last position was used; output i is asked for by query i.", hints=(
    "Whose question does output i answer?", "That of query i.", "Q[i], not Q[-1]"
))(lambda Q, K, V, i: _attend(Q[-1], K[_up_to(i)], V[_up_to(i)]))  # fmt: skip
exercise.mistake(
    Misconception("output_of_the_last_position", "The output of the last position", "i was not used: this is the output of the last token of the text.",
                  ("Where does i enter your code?", "The query is Q[i], the keys are 0 to i.", "Q[i], K[: i + 1], V[: i + 1]"))
)(lambda Q, K, V, i: _attend(Q[-1], K, V))  # fmt: skip
exercise.mistake(mc.KEYS_AND_QUERIES_SWAPPED, message="Key i was compared with the queries 0 to i; it is query i that looks at the keys.", hints=(
    "Who asks, the query or the key?", "scores[j] = q_i . k_j", "K[: i + 1] @ Q[i]"
))(lambda Q, K, V, i: _attend(K[i], Q[_up_to(i)], V[_up_to(i)]))  # fmt: skip
exercise.mistake(mc.QUERIES_TWICE, message="Query i was compared with queries, so the keys play no part.", hints=(
    "Where does K enter?", "scores[j] = q_i . k_j", "K[: i + 1] @ Q[i]"
))(lambda Q, K, V, i: _attend(Q[i], Q[_up_to(i)], V[_up_to(i)]))  # fmt: skip
exercise.mistake(
    Misconception("keys_used_as_queries", "Keys used as queries", "Key i was compared with the keys, so the queries play no part.",
                  ("Where does Q enter?", "scores[j] = q_i . k_j", "K[: i + 1] @ Q[i]"))
)(lambda Q, K, V, i: _attend(K[i], K[_up_to(i)], V[_up_to(i)]))  # fmt: skip
exercise.mistake(mc.KEYS_AS_VALUES)(lambda Q, K, V, i: _attend(Q[i], K[_up_to(i)], K[_up_to(i)]))
exercise.mistake(mc.RETURNS_VALUES, message="Value i came back unmixed; the output mixes the values of positions 0 to i.", hints=(
    "Which values enter output i?", "output = sum over j <= i of weights[j] v_j", "weights @ V[: i + 1]"
))(lambda Q, K, V, i: V[i])  # fmt: skip
exercise.mistake(mc.UNIFORM_MEAN, hints=(
    "What do Q and K do in your code?", "The weights are a softmax of the scores.", "softmax(scores) @ V[: i + 1]"
))(lambda Q, K, V, i: V[_up_to(i)].mean(axis=0))  # fmt: skip
exercise.mistake(mc.HARD_ARGMAX)(lambda Q, K, V, i: V[np.argmax(K[_up_to(i)] @ Q[i])])
exercise.mistake(mc.MASK_AFTER_SOFTMAX, message="The keys after i took part in the softmax and were cut off afterwards: the weights that are left don't sum to 1, and the future leaks through the denominator.", hints=(
    "Do the weights that are left sum to 1?", "Cut K first, then softmax.", "softmax over the scores of K[: i + 1] only"
))(lambda Q, K, V, i: _softmax(K @ Q[i] / np.sqrt(Q.shape[1]))[_up_to(i)] @ V[_up_to(i)])  # fmt: skip
exercise.mistake(mc.FILL_ZERO)(lambda Q, K, V, i: _filled(Q, K, V, i, 0.0))
exercise.mistake(mc.FILL_WEAK)(lambda Q, K, V, i: _filled(Q, K, V, i, -10.0))
exercise.mistake(mc.FILL_WEAK, message="A number such as -1e4 or -1e5 looks low, but real scores can be lower still; then hidden keys win.")(
    lambda Q, K, V, i: _filled(Q, K, V, i, -1e5)
)
exercise.mistake(mc.FILL_PLUS_INF)(lambda Q, K, V, i: _filled(Q, K, V, i, np.inf))
exercise.mistake(mc.NO_SCALE)(lambda Q, K, V, i: _attend(Q[i], K[_up_to(i)], V[_up_to(i)], scale=1.0))
exercise.mistake(mc.SCALE_BY_D)(lambda Q, K, V, i: _attend(Q[i], K[_up_to(i)], V[_up_to(i)], scale=Q.shape[1]))
exercise.mistake(mc.SCALE_MULTIPLIED)(lambda Q, K, V, i: _attend(Q[i], K[_up_to(i)], V[_up_to(i)], scale=Q.shape[1] ** -0.5))
exercise.mistake(mc.SCALE_BY_T)(lambda Q, K, V, i: _attend(Q[i], K[_up_to(i)], V[_up_to(i)], scale=len(Q) ** 0.5))
exercise.mistake(mc.SCALE_BY_T, message="The scores were divided by sqrt(i + 1), the number of visible keys; the width d counts.", hints=(
    "Which axis does the dot product sum over?", "It sums over d, the last axis.", "np.sqrt(Q.shape[-1])"
))(lambda Q, K, V, i: _attend(Q[i], K[_up_to(i)], V[_up_to(i)], scale=(i + 1) ** 0.5))  # fmt: skip
exercise.mistake(mc.SCALE_BY_VALUE_WIDTH)(lambda Q, K, V, i: _attend(Q[i], K[_up_to(i)], V[_up_to(i)], scale=V.shape[1] ** 0.5))
exercise.mistake(mc.SCALE_AFTER_SOFTMAX, message="The weights were divided by sqrt(d), so they sum to 1/sqrt(d).")(
    lambda Q, K, V, i: _attend(Q[i], K[_up_to(i)], V[_up_to(i)], scale=1.0) / np.sqrt(Q.shape[1])
)
exercise.mistake(mc.WRONG_AXIS, message="The softmax ran down a column: the queries competed for a key, and later queries changed this output.")(
    lambda Q, K, V, i: _column_softmax(Q, K)[i] @ V
)
exercise.mistake(mc.WEIGHTS_TRANSPOSED, message="Column i of the weights was used instead of row i, so the future flowed into the past.")(
    lambda Q, K, V, i: _all_weights(Q, K)[:, i] @ V
)
exercise.mistake(
    Misconception("all_outputs", "Every output came back", "These are the outputs of all positions; the one of position i is wanted.",
                  ("How many vectors should come out?", "One, (d_v,).", "Take row i, or start with Q[i]."))
)(lambda Q, K, V, i: _all_weights(Q, K) @ V)  # fmt: skip
exercise.mistake(
    Misconception("an_axis_too_many", "One axis too many", "The output is a matrix of one row, (1, d_v); one query gives one vector, (d_v,).",
                  ("What is the shape of your result?", "(d_v,)", "Q[i], not Q[i : i + 1]"))
)(lambda Q, K, V, i: causal_output_at(Q, K, V, i)[None])  # fmt: skip
exercise.mistake(mc.NO_MAX)(lambda Q, K, V, i: _no_max(_row(Q, K, i)) @ V[_up_to(i)])
exercise.mistake(mc.NO_MAX)(lambda Q, K, V, i: np.nan_to_num(_no_max(_row(Q, K, i))) @ V[_up_to(i)])
exercise.mistake(mc.MEAN_SUBTRACTED)(lambda Q, K, V, i: _no_max(_row(Q, K, i) - _row(Q, K, i).mean()) @ V[_up_to(i)])
exercise.mistake(mc.MAX_AT_LEAST_ZERO)(lambda Q, K, V, i: _no_max(_row(Q, K, i) - max(_row(Q, K, i).max(), 0.0)) @ V[_up_to(i)])
exercise.mistake(mc.CLIPPED)(lambda Q, K, V, i: _no_max(np.clip(_row(Q, K, i), -700, 700)) @ V[_up_to(i)])
NEIGHBOUR = Misconception(
    "query_of_a_neighbour", "The query of a neighbour", "The keys and values are right, but the query is that of the position before or after i.",
    ("Whose question does output i answer?", "That of query i.", "Q[i]"),
)  # fmt: skip
exercise.mistake(NEIGHBOUR)(lambda Q, K, V, i: _attend(Q[i - 1], K[_up_to(i)], V[_up_to(i)]))
exercise.mistake(NEIGHBOUR)(lambda Q, K, V, i: _attend(Q[min(i + 1, len(Q) - 1)], K[_up_to(i)], V[_up_to(i)]))
exercise.mistake(mc.EPSILON)(lambda Q, K, V, i: causal_output_at(Q, K, V, i) / (1 + 1e-2))
exercise.mistake(mc.FLOAT16)(lambda Q, K, V, i: causal_output_at(*(x.astype(np.float16) for x in (Q, K, V)), i))
exercise.mistake(mc.INTEGERS_INSIDE)(lambda Q, K, V, i: _softmax((K[_up_to(i)] @ Q[i] / np.sqrt(Q.shape[1])).astype(int)) @ V[_up_to(i)])
exercise.mistake(mc.ONE_SIZE, message="Only the first four positions were used; T and i differ from call to call.", hints=(
    "What does your code do at i = 7?", "Positions 0 to i are i + 1 rows.", "K[: i + 1]"
))(lambda Q, K, V, i: _attend(Q[i], K[_up_to(i)][:4], V[_up_to(i)][:4]))  # fmt: skip


def _row(Q, K, i):
    return K[_up_to(i)] @ Q[i] / np.sqrt(Q.shape[1])


def _no_max(s):
    return np.exp(s) / np.exp(s).sum()


def _masked(Q, K):
    return np.where(np.tri(len(Q), dtype=bool), Q @ K.T / np.sqrt(Q.shape[1]), -np.inf)


def _all_weights(Q, K):
    e = np.exp(_masked(Q, K) - _masked(Q, K).max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _column_softmax(Q, K):
    e = np.exp(_masked(Q, K) - _masked(Q, K).max(0))
    return e / e.sum(0)


@exercise.mistake(mc.CHANGES_INPUTS)
def changes_inputs(Q, K, V, i):
    K /= np.sqrt(K.shape[1])
    return _attend(Q[i], K[_up_to(i)], V[_up_to(i)], scale=1.0)


@exercise.warning(
    "Right. One weakness: your code also reads positions after i. With NaN there (nothing has been written yet, say) the "
    "output becomes NaN. Cut K and V to i + 1 rows, and the future cannot matter."
)
def future_not_written(rng):
    Q, K, V = _qkv(rng, 5, 3, 2)
    for x in (Q, K, V):
        x[3:] = np.nan
    yield case(Q, K, V, 2)
