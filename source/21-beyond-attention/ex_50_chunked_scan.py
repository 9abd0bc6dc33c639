"""### A scan, a chunk at a time

State-space models and linear attention carry a state along the text: $h_t = a_t \\, h_{t-1} + b_t$. To use parallel \
hardware they compute it in chunks, and hand the state from chunk to chunk.

Write `chunked_scan(a, b, chunk)`: `a` and `b` `(T, d)` → all states h `(T, d)`, where each column has its own state, \
`h[t] = a[t] * h[t-1] + b[t]`, and the state before row 0 is 0. Work on `chunk` rows at a time, and carry the state \
from one chunk to the next. `chunk` is at least 1 and may exceed `T`, which need not be a multiple of it. Numbers in \
`a` may be 0, negative or tiny. Only the result is checked, for every `chunk`.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case

exercise = Exercise(
    topic="chunked scan",
    hints=(
        "What does the first row of the second chunk need from the first chunk?",
        "Row t of a chunk is its state as if the chunk began with 0, plus the carried state times a[start] · ... "
        "· a[t].",
        "carry = h[start - 1]; h[start + i] = local[i] + np.cumprod(a[start:stop], axis=0)[i] * carry",
    ),
)


@exercise.solution
def chunked_scan(a, b, chunk):
    """a, b (T, d), chunk -> h (T, d): h[t] = a[t] * h[t-1] + b[t], from a state of 0, chunk by chunk."""
    h = np.zeros(b.shape)
    carry = np.zeros(b.shape[1])  # the state at the end of the chunk before
    for start in range(0, len(b), chunk):
        decay = a[start : start + chunk]  # (chunk, d), or fewer rows at the end
        local = np.array(b[start : start + chunk], dtype=float)
        for i in range(1, len(local)):
            local[i] += decay[i] * local[i - 1]  # as if the chunk began with a state of 0
        h[start : start + chunk] = local + np.cumprod(decay, axis=0) * carry
        carry = h[min(start + chunk, len(b)) - 1]
    return h


@exercise.part("By hand", points=1)
def by_hand(rng):
    half = np.full((4, 1), 0.5)
    yield case(half, np.array([[8.0], [0.0], [0.0], [0.0]]), 2, note="a single input of 8 that halves with each row")
    yield case(half, np.array([[4.0], [2.0], [1.0], [6.0]]), 2)
    yield case(
        np.array([[1.0], [1.0], [0.0], [1.0]]), np.array([[1.0], [2.0], [3.0], [4.0]]), 4, note="a = 0 forgets all"
    )


@exercise.part("Any chunk", points=1)
def any_chunk(rng):
    for T, d, chunk in ((6, 3, 2), (7, 2, 3), (5, 2, 1), (5, 3, 5), (1, 2, 1), (9, 1, 4), (12, 2, 2), (40, 2, 7)):
        yield case(rng.uniform(0.3, 1.1, size=(T, d)), rng.normal(size=(T, d)), chunk)
    yield case(rng.uniform(0.3, 1.1, size=(3, 2)), rng.normal(size=(3, 2)), 10, note="a chunk longer than the text")
    yield case(rng.uniform(-1.1, 1.1, size=(8, 2)), rng.normal(size=(8, 2)), 3, note="some a are negative")
    some = rng.uniform(0.5, 1.0, size=(9, 2))
    some[[2, 4]] = 0.0
    yield case(some, rng.normal(size=(9, 2)), 4, note="some a are 0")
    tiny = np.full((8, 2), 1e-120)
    yield case(tiny, rng.normal(size=(8, 2)), 4, note="a = 1e-120: its powers round to 0")
    yield case(np.ones((6, 2)), rng.normal(size=(6, 2)), 2, note="a = 1: a running sum")
    late = rng.normal(size=(6, 2))
    late[-1] = 1e9
    yield case(rng.uniform(0.3, 1.1, size=(6, 2)), late, 3, note="the last input is huge")
    yield case(np.full((5, 2), 0.5), rng.integers(-3, 4, size=(5, 2)), 2, note="b holds integers")


@exercise.equivalent
def row_by_row(a, b, chunk):
    h, state = [], np.zeros(b.shape[1])
    for decay, row in zip(a, b, strict=True):
        state = decay * state + row
        h.append(state)
    return np.array(h)


@exercise.equivalent
def all_chunks_at_once(a, b, chunk):
    T, d = b.shape
    rest = -T % chunk
    decay = np.concatenate([a, np.ones((rest, d))]).reshape(-1, chunk, d)
    h = np.concatenate([b, np.zeros((rest, d))]).reshape(-1, chunk, d)
    for i in range(1, chunk):  # row i of every chunk
        h[:, i] += decay[:, i] * h[:, i - 1]
    reach = np.cumprod(decay, axis=1)
    for n in range(1, len(h)):
        h[n] += reach[n] * h[n - 1, -1]
    return h.reshape(-1, d)[:T]


@exercise.equivalent
def a_matrix_for_each_chunk(a, b, chunk):
    h, carry = np.zeros(b.shape), np.zeros(b.shape[1])
    for start in range(0, len(b), chunk):
        decay, inputs = a[start : start + chunk], b[start : start + chunk]
        n = len(inputs)
        for c in range(b.shape[1]):
            M = np.array([[np.prod(decay[j + 1 : i + 1, c]) if j <= i else 0.0 for j in range(n)] for i in range(n)])
            h[start : start + n, c] = M @ inputs[:, c] + np.cumprod(decay[:, c]) * carry[c]
        carry = h[start + n - 1]
    return h


@exercise.equivalent
def doubling(a, b, chunk):
    h, reach, step = np.array(b, dtype=float), np.array(a, dtype=float), 1
    while step < len(b):
        h = np.concatenate([h[:step], h[step:] + reach[step:] * h[:-step]])
        reach = np.concatenate([reach[:step], reach[step:] * reach[:-step]])
        step *= 2
    return h


def _in_chunks(a, b, chunk, join):
    """Chunks scanned from 0; `join(local, reach, before)` gives the states of a chunk after the states `before` it."""
    out = np.zeros((0, b.shape[1]))
    for start in range(0, len(b), chunk):
        decay, inputs = a[start : start + chunk], b[start : start + chunk]
        before = out[-1] if len(out) else np.zeros(b.shape[1])
        out = np.concatenate([out, join(row_by_row(decay, inputs, chunk), np.cumprod(decay, axis=0), before)])
    return out


# https://github.com/gittensor-ai-lab/sparkinfer/pull/1071, https://github.com/huggingface/transformers/pull/46084
@exercise.mistake("Every chunk begins with nothing")
def carry_forgotten(a, b, chunk):
    """The state was not carried over: each chunk begins with 0, as if it were the start of the text.

    - What does the first row of the second chunk get from the first chunk?
    - Its last state, times a.
    - Keep the last state, and add np.cumprod(a of the chunk) times it.
    """
    return _in_chunks(a, b, chunk, lambda local, reach, before: local)


# https://github.com/vllm-project/vllm/pull/23279: the decay of the state that a chunk begins with
@exercise.mistake("The carried state does not decay")
def carry_not_decayed(a, b, chunk):
    """The carried state was added as it is; it has to be multiplied by every a on its way.

    - What becomes of a state of 8 after two rows with a = 0.5?
    - 2: it is multiplied by both.
    - np.cumprod(a of the chunk, axis=0) * carry
    """
    return _in_chunks(a, b, chunk, lambda local, reach, before: local + before)


@exercise.mistake("Every row of a chunk decays alike")
def whole_chunk_decay(a, b, chunk):
    """The carried state was multiplied by the product of the whole chunk at each of its rows, so early rows use the a
    of later ones.

    - By which a is the carried state multiplied at the first row of a chunk?
    - By that of this row alone.
    - np.cumprod, not np.prod
    """
    return _in_chunks(a, b, chunk, lambda local, reach, before: local + reach[-1] * before)


@exercise.mistake("The carried state decays one row late")
def one_row_late(a, b, chunk):
    """The carried state reaches the first row of a chunk without being multiplied by the a of that row.

    - What is h[t] in terms of h[t-1]?
    - a[t] * h[t-1] + b[t], at the start of a chunk too.
    - np.cumprod(a of the chunk, axis=0) begins with its first a.
    """
    shifted = lambda reach: np.concatenate([np.ones((1, b.shape[1])), reach[:-1]])  # noqa: E731
    return _in_chunks(a, b, chunk, lambda local, reach, before: local + shifted(reach) * before)


@exercise.mistake("Only the chunk before was carried")
def one_chunk_back(a, b, chunk):
    """The carried state is that of the chunk before alone, without what that chunk had been handed: texts of three
    chunks are wrong.

    - Does the third chunk depend on the first?
    - Yes, through the state that the second one ends with.
    - carry = h[stop - 1], not local[-1]
    """
    h, carry = [], np.zeros(b.shape[1])
    for start in range(0, len(b), chunk):
        local = row_by_row(a[start : start + chunk], b[start : start + chunk], chunk)
        h.append(local + np.cumprod(a[start : start + chunk], axis=0) * carry)
        carry = local[-1]
    return np.concatenate(h)


@exercise.mistake("The end of the chunk for all its rows")
def end_for_all(a, b, chunk):
    """Every row of a chunk got the state at the chunk's end, so its first row knows the inputs of later ones.

    - Which inputs may h at the first row of a chunk depend on?
    - Those up to this row.
    - Keep all states of a chunk, not the last one alone.
    """
    h = row_by_row(a, b, chunk)
    return h[np.minimum(np.arange(len(h)) // chunk * chunk + chunk, len(h)) - 1]


# https://github.com/ohdearquant/lattice/pull/716, https://github.com/UbiquitousLearning/mllm/pull/682
@exercise.mistake("Divided by a product that is 0")
def divided_by_the_product(a, b, chunk):
    """The inputs were divided by the running product of a, which is 0 or rounds to 0 where a is 0 or tiny: the result
    is NaN.

    - What is the running product after an a of 0?
    - 0 for the rest of the chunk, and the division has no value.
    - Multiply step by step, without a division.
    """
    reach = np.cumprod(a, axis=0)
    with np.errstate(all="ignore"):
        return reach * np.cumsum(b / reach, axis=0)


@exercise.mistake(divided_by_the_product)
def divided_in_each_chunk(a, b, chunk):
    h, carry = [], np.zeros(b.shape[1])
    with np.errstate(all="ignore"):
        for start in range(0, len(b), chunk):
            reach = np.cumprod(a[start : start + chunk], axis=0)
            h.append(reach * (carry + np.cumsum(b[start : start + chunk] / reach, axis=0)))
            carry = h[-1][-1]
    return np.concatenate(h)


@exercise.mistake("A running sum")
def a_ignored(a, b, chunk):
    """The inputs were summed up and never decayed.

    - What does a = 0.5 do to the state?
    - It halves it before the next input is added.
    """
    return np.cumsum(b, axis=0)


@exercise.mistake("The new input decays too")
def input_decays(a, b, chunk):
    """The input of row t was multiplied by a[t] as well; only the old state is.

    - What is h[0]?
    - b[0], whatever a[0] is.
    - a[t] * h[t-1] + b[t], not a[t] * (h[t-1] + b[t])
    """
    return row_by_row(a, a * b, chunk)


@exercise.mistake("The decay of the row before")
def decay_of_the_row_before(a, b, chunk):
    """The state was multiplied by a[t-1] on its way to row t.

    - Which a stands in the formula of h[t]?
    - a[t].
    """
    return row_by_row(np.concatenate([a[:1], a[:-1]]), b, chunk)


@exercise.mistake("The state before the row")
def state_before(a, b, chunk):
    """The result holds h[t-1] at row t: the state was stored before the row's input was added.

    - What is h[0]?
    - b[0].
    - Update first, then store.
    """
    return np.concatenate([np.zeros((1, b.shape[1])), row_by_row(a, b, chunk)[:-1]])


@exercise.mistake("From the end")
def backwards(a, b, chunk):
    """The scan runs from the end of the text to its start, so every state depends on later inputs.

    - Which state is known first?
    - h[0], which is b[0].
    """
    return row_by_row(a[::-1], b[::-1], chunk)[::-1]


# https://github.com/mirage-project/mirage/pull/764: rows past the last full block were never visited
@exercise.mistake("The last rows are missing")
def tail_dropped(a, b, chunk):
    """Rows after the last full chunk were not computed: a chunk at the end may have fewer rows.

    - How many chunks of 3 rows hold 7 rows?
    - Three, the last with one row.
    - range(0, T, chunk)
    """
    full = len(b) // chunk * chunk
    return row_by_row(a, b, chunk) * (np.arange(len(b)) < full)[:, None]


exercise.equivalent_mutant("np.zeros(b.shape) -> np.ones(b.shape)", because="every row is written")
