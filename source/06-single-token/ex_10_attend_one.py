"""### One query, one answer

Everything attention does, it does for one query at a time. Score the query with each key, divide by `sqrt(d)`, turn the scores
into weights with softmax, and add up the values, each times its weight.

Write `attend_one(q, K, V)`. `q` is `(d,)`, one query. `K` is `(t, d)` and `V` is `(t, d_v)`: the keys it **may see**, and their
values, so no mask is needed. Return the output, `(d_v,)`. `t` may be 1, `d_v` may differ from `d`, scores may be large,
and the inputs stay as they are.
"""

import numpy as np

from autograder.exercise import attention_probes
from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Misconception, Probe, case
from autograder.exercise.results import Array

EPSILON = mc.EPSILON.with_text("The weights sum to less than 1. After subtracting the maximum the sum is at least 1, so no epsilon is needed.")


def _as_attention(answer):
    """attend(Q, K, V), row by row, out of an answer to this exercise."""
    return lambda Q, K, V: np.stack([answer(Q[i], K[: i + 1], V[: i + 1]) for i in range(len(Q))])


def _a_little_less(answer):
    """Whether a lone key's value comes back a little smaller in every component."""
    ratio = np.asarray(answer(np.ones(2), np.ones((1, 2)), np.array([[1.0, -2.0, 4.0]]))) / [1.0, -2.0, 4.0]
    return 0.5 < ratio[0] < 1 and np.allclose(ratio, ratio[0], rtol=1e-9)


def _symptom(misconception, shows):
    return Probe(misconception, lambda answer: shows(_as_attention(answer)))


exercise = Exercise(
    topic="one token's output",
    answer=Array(),
    probes=(
        Probe(EPSILON, _a_little_less),
        _symptom(attention_probes.ROW_ZERO.with_text("With a single key its weight is 1 and the output is its value, whatever the score.",
                                     ("What is the softmax of a single number?", "It is 1.", "At t = 1 the output equals V[0].")), attention_probes.first_output_wrong),
        _symptom(attention_probes.FORGETS.with_text("The output did not change although a value that the query sees was changed.",
                                    ("How many values enter the output?", "All t of them.", "weights @ V")), attention_probes.forgets),
        _symptom(attention_probes.SUMS.with_text(hints=("Over what is the softmax normalised?", "The t weights sum to 1.", "weights / weights.sum()")), attention_probes.does_not_sum),
        _symptom(attention_probes.NOT_UNIFORM.with_text("With q = 0 all scores are equal, so the output should be the mean of the values, and it is not.",
                                        ("What is the softmax of equal scores?", "1 / t for each key.", "weights @ V")), attention_probes.not_a_mean),
        _symptom(attention_probes.LARGE.with_text(hints=("What is np.exp(800.0)?", "softmax(x) = softmax(x - max(x)).", "Subtract scores.max() before np.exp.")), attention_probes.unstable),
    ),
    hints=(
        "How many scores are there, and how many weights?",
        "scores = K q / sqrt(d), weights = softmax(scores), output = sum over j of weights[j] V[j]",
        "scores = K @ q / np.sqrt(len(q)); e = np.exp(scores - scores.max()); then e / e.sum() times V, with @.",
    ),
)  # fmt: skip


@exercise.solution
def attend_one(q, K, V):
    """One query q (d,), the keys K (t, d) it may see and their values V (t, d_v) -> output (d_v,)."""
    scores = K @ q / np.sqrt(len(q))  # (t,)
    weights = np.exp(scores - scores.max())
    weights = weights / weights.sum()
    return weights @ V  # (d_v,)


def _qkv(rng, t, d, d_v):
    return rng.normal(size=d), rng.normal(size=(t, d)), rng.normal(size=(t, d_v))


@exercise.part("By hand", points=1)
def by_hand(rng):
    K = np.array([[2.0, 0.0], [0.0, 2.0]])
    V = np.array([[4.0, 0.0, 0.0], [0.0, 4.0, 8.0]])
    yield case(np.array([0.0, 0.0]), K, V, note="both scores are 0: half of each value")
    K = np.array([[0.0, 0.0, 0.0, 0.0], [1.0, 5.0, 0.0, 0.0], [0.0, 2.0, 3.0, 1.0]])
    q = np.array([2 * np.log(2.0), 0.0, 0.0, 0.0])
    yield case(q, K, 4 * np.eye(3), note="the weights are 1/4, 1/2 and 1/4")


@exercise.part("Any length and width", points=1)
def any_size(rng):
    for t, d, d_v in ((2, 3, 5), (5, 2, 3), (4, 4, 4), (9, 6, 2), (3, 8, 3), (6, 1, 4), (7, 5, 1), (1, 3, 2)):
        yield case(*_qkv(rng, t, d, d_v))
    q, K, V = _qkv(rng, 12, 4, 3)
    yield case(3 * q, K, V, note="12 keys")
    yield case(*_qkv(rng, 70, 5, 2), note="70 keys")
    # All digits count: the weight of a lone key is 1, and float32 holds these values exactly.
    yield case(np.array([0.5, 1.0]), np.array([[1.0, -2.0]]), np.array([[1.5, -2.0, 100.0]]), note="one key", answer=Array(rtol=2e-7, atol=1e-9))


@exercise.part("Large scores", points=1)
def large_scores(rng):
    K = np.array([[0.0, 1700.0, 0.0, 0.0], [1.0, 1700.0, 0.0, 0.0], [-1.0, 1700.0, 0.0, 0.0]])
    V = rng.normal(size=(3, 2))
    yield case(np.array([1.0, 1.0, 0.0, 0.0]), K, V, note="scores near +850")
    yield case(np.array([1.0, -1.0, 0.0, 0.0]), K, V, note="scores near -850")
    yield case(np.array([1.0, -60.0, 0.0, 0.0]), K, V, note="scores far below -10000")
    K[2] = [0.0, -1700.0, 0.0, 0.0]
    yield case(np.array([1.0, 1.0, 0.0, 0.0]), K, V, note="scores of +850 and -850 side by side")
    K[1] = [0.0, -1700.0, 0.0, 0.0]
    yield case(np.array([1.0, 1.0, 0.0, 0.0]), K, V, note="one score far above the others")


@exercise.equivalent
def with_loops(q, K, V):
    scores = [sum(a * b for a, b in zip(q, k, strict=True)) / len(q) ** 0.5 for k in K]
    e = [np.exp(s - max(scores)) for s in scores]
    return [sum(e[j] * V[j][c] for j in range(len(V))) / sum(e) for c in range(V.shape[1])]


@exercise.equivalent
def as_matrices(q, K, V):
    s = q[None] @ K.T / np.sqrt(K.shape[-1])
    w = np.exp(s - s.max(axis=-1, keepdims=True))
    return (w @ V / w.sum(axis=-1, keepdims=True))[0]


@exercise.equivalent
def with_einsum_and_logaddexp(q, K, V):
    s = np.einsum("td,d->t", K, q / np.sqrt(q.size))
    return np.einsum("t,tv->v", np.exp(s - np.logaddexp.reduce(s)), V)


@exercise.equivalent
def as_a_running_average(q, K, V):
    top, total, out = -np.inf, 0.0, np.zeros(V.shape[1])
    for k, v in zip(K, V, strict=True):
        s = k @ q / np.sqrt(q.size)
        new = max(top, s)
        total, out = total * np.exp(top - new) + np.exp(s - new), out * np.exp(top - new) + np.exp(s - new) * v
        top = new
    return out / total


@exercise.equivalent
def in_float32(q, K, V):
    return attend_one(q.astype(np.float32), K.astype(np.float32), V.astype(np.float32)).astype(np.float32)


def _softmax(s):
    e = np.exp(s - s.max())
    return e / e.sum()


def _weights(q, K, scale=None):
    return _softmax(K @ q / (np.sqrt(len(q)) if scale is None else scale))


exercise.mistake(mc.NO_SCALE)(lambda q, K, V: _weights(q, K, scale=1.0) @ V)
exercise.mistake(mc.SCALE_BY_D)(lambda q, K, V: _weights(q, K, scale=len(q)) @ V)
exercise.mistake(mc.SCALE_MULTIPLIED)(lambda q, K, V: _weights(q, K, scale=len(q) ** -0.5) @ V)
exercise.mistake(mc.SCALE_BY_T, message="The scores were divided by sqrt(t), the number of keys; the width d counts.", hints=(
    "Over which axis does the dot product sum?", "It sums over d.", "np.sqrt(len(q))"
))(lambda q, K, V: _weights(q, K, scale=len(K) ** 0.5) @ V)  # fmt: skip
exercise.mistake(mc.SCALE_BY_VALUE_WIDTH)(lambda q, K, V: _weights(q, K, scale=V.shape[-1] ** 0.5) @ V)
exercise.mistake(mc.SCALE_AFTER_SOFTMAX, message="The weights were divided by sqrt(d), so they sum to 1/sqrt(d).")(
    lambda q, K, V: _weights(q, K, scale=1.0) @ V / np.sqrt(len(q))
)
exercise.mistake(mc.KEYS_AS_VALUES)(lambda q, K, V: _weights(q, K) @ K)
exercise.mistake(
    Misconception("values_used_as_keys", "Values used as keys", "The query was compared with the values; keys are what it is compared with.",
                  ("What is K for?", "scores = K q / sqrt(d)", "K @ q"))
)(lambda q, K, V: _softmax(V @ q / np.sqrt(len(q))) @ V)  # fmt: skip
exercise.mistake(
    Misconception("no_softmax", "No softmax", "The raw scores were used as weights: they can be negative and don't sum to 1.",
                  ("Do your weights sum to 1?", "weights = exp(scores) / sum of exp(scores)", "Put a softmax between scores and values."))
)(lambda q, K, V: K @ q / np.sqrt(len(q)) @ V)  # fmt: skip
exercise.mistake(
    Misconception("divided_by_the_sum_of_scores", "Normalised without exp", "The scores were divided by their sum; with negative scores that gives negative weights, or 0/0.",
                  ("Can a score be negative? Can a weight?", "weights = exp(scores) / sum of exp(scores)", "np.exp before dividing."))
)(lambda q, K, V: (K @ q) / (K @ q).sum() @ V)  # fmt: skip
exercise.mistake(
    Misconception("not_normalised", "Not divided by the sum", "exp was taken, but the weights were not divided by their sum.",
                  ("Do your weights sum to 1?", "weights = e / sum of e", "weights / weights.sum()"))
)(lambda q, K, V: np.exp(K @ q / np.sqrt(len(q)) - np.max(K @ q / np.sqrt(len(q)))) @ V)  # fmt: skip
exercise.mistake(
    Misconception("softmax_over_one_entry", "Softmax over an axis of one entry", "The scores stood in a column (t, 1), and each was divided by itself: every weight is 1, and the values simply add up.",
                  ("What is the shape of your scores, and along which axis is the sum?", "The sum runs over the t keys.", "Keep the scores (t,), or use axis 0."))
)(lambda q, K, V: V.sum(axis=0))  # fmt: skip
exercise.mistake(mc.UNIFORM_MEAN, message="Every value has the same weight; the query and the keys play no part.", hints=(
    "What do q and K do in your code?", "The weights are a softmax of the scores.", "softmax(K @ q / np.sqrt(len(q))) @ V"
))(lambda q, K, V: V.mean(axis=0))  # fmt: skip
exercise.mistake(mc.HARD_ARGMAX)(lambda q, K, V: V[np.argmax(K @ q)])
exercise.mistake(
    Misconception("last_value_only", "Only the newest value", "The last value came back unmixed; the output mixes all t of them.",
                  ("How many values enter the output?", "All t, each with its weight.", "weights @ V"))
)(lambda q, K, V: V[-1])  # fmt: skip
exercise.mistake(mc.OWN_POSITION_EXCLUDED, message="The last key was left out; q may see all t keys that it is given, its own among them.", hints=(
    "How many keys are there, and how many weights?", "All t keys take part.", "Use K and V whole."
))(lambda q, K, V: _weights(q, K[:-1]) @ V[:-1])  # fmt: skip
exercise.mistake(
    Misconception("first_key_left_out", "The first key is missing", "Position 0 was left out: counting starts at 0.",
                  ("What is the index of the first key?", "All t keys take part.", "Use K and V whole."))
)(lambda q, K, V: _weights(q, K[1:]) @ V[1:])  # fmt: skip
exercise.mistake(
    Misconception("returns_weights", "The weights came back", "These are the t weights; the output is the mixture of the values.",
                  ("Where does V enter?", "output = sum over j of weights[j] V[j]", "weights @ V"))
)(lambda q, K, V: _weights(q, K))  # fmt: skip
exercise.mistake(
    Misconception("not_added_up", "The weighted values were not added up", "Each value has its weight, but the output is their sum, one vector.",
                  ("How many vectors should come out?", "output = sum over j of weights[j] V[j]", "Add up over axis 0, or weights @ V."))
)(lambda q, K, V: _weights(q, K)[:, None] * V)  # fmt: skip
exercise.mistake(
    Misconception("added_up_over_components", "Added up over the wrong axis", "The components of each value were added up; the values themselves should be, position by position.",
                  ("What shape is wanted?", "(d_v,): sum over the t positions.", "axis=0, or weights @ V"))
)(lambda q, K, V: (_weights(q, K)[:, None] * V).sum(axis=-1))  # fmt: skip
exercise.mistake(
    Misconception("an_axis_too_many", "One axis too many", "The output is a matrix of one row, (1, d_v); one query gives one vector, (d_v,).",
                  ("What is the shape of your result?", "(d_v,)", "Take row [0] at the end, or never add the axis."))
)(lambda q, K, V: _weights(q, K)[None] @ V)  # fmt: skip
exercise.mistake(mc.NO_MAX)(lambda q, K, V: _no_max(K @ q / np.sqrt(len(q))) @ V)
exercise.mistake(mc.NO_MAX)(lambda q, K, V: np.nan_to_num(_no_max(K @ q / np.sqrt(len(q)))) @ V)
exercise.mistake(mc.MEAN_SUBTRACTED)(lambda q, K, V: _no_max(_shifted(q, K, np.mean)) @ V)
exercise.mistake(mc.MAX_AT_LEAST_ZERO)(lambda q, K, V: _no_max(_shifted(q, K, lambda s: max(s.max(), 0.0))) @ V)
exercise.mistake(mc.CLIPPED)(lambda q, K, V: _no_max(np.clip(K @ q / np.sqrt(len(q)), -700, 700)) @ V)
ONE_WIDTH = Misconception(
    "one_width_only", "Right for one width only", "The square root belongs to a width written in the code; d differs from call to call.",
    ("What does your code do at d = 5?", "d is the number of components of q.", "np.sqrt(len(q))"),
)  # fmt: skip
exercise.mistake(ONE_WIDTH)(lambda q, K, V: _weights(q, K, scale=2.0) @ V)
exercise.mistake(ONE_WIDTH)(lambda q, K, V: _weights(q, K, scale=8.0) @ V)
exercise.mistake(EPSILON)(lambda q, K, V: _weights(q, K) @ V / (1 + 1e-2))
exercise.mistake(mc.FLOAT16)(lambda q, K, V: _softmax((K @ q / np.sqrt(len(q)) - np.max(K @ q / np.sqrt(len(q)))).astype(np.float16)) @ V)
exercise.mistake(mc.INTEGERS_INSIDE)(lambda q, K, V: _softmax((K @ q / np.sqrt(len(q))).astype(int)) @ V)
exercise.mistake(mc.ONE_SIZE, message="Only the first four keys were used; t differs from call to call.", hints=(
    "What does your code do at t = 9?", "All t keys take part.", "Take t from K.shape, or don't use it at all."
))(lambda q, K, V: _weights(q, K[:4]) @ V[:4])  # fmt: skip


def _shifted(q, K, by):
    s = K @ q / np.sqrt(len(q))
    return s - by(s)


def _no_max(s):
    return np.exp(s) / np.exp(s).sum()


@exercise.mistake(mc.CHANGES_INPUTS)
def changes_inputs(q, K, V):
    q /= np.sqrt(len(q))
    return _weights(q, K, scale=1.0) @ V
