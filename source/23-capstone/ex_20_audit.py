"""### The audit

Before anybody believes a loss, the model is audited. Write `audit(logits_fn, vocab, T)`: `logits_fn(tokens)` maps \
`(T,)` tokens (integers from 0 to `vocab - 1`) to `(T, vocab)` logits.

Return True only if no logits at a position `i` depend on tokens **after** `i`. A leak may be small (1e-6), sit at one \
position only, or show only from the second call on; rounding noise (about 1e-12) is no leak.
"""

import copy

import numpy as np

from autograder.exercise.exercise import Exercise, Misconception, Probe, case
from autograder.exercise.results import Boolean

BELIEVES = Misconception(
    "always_true",
    "It believes too easily",
    "A model that leaks was called honest.",
    (
        "What should a model that sees one ahead get?",
        "False where an earlier row moves.",
        "Compare before and after a change.",
    ),
)
SUSPECTS = Misconception(
    "always_false",
    "It suspects too easily",
    "An honest model was accused.",
    (
        "What does a causal model get?",
        "True where no earlier row moves.",
        "Compare only rows before the changed token.",
    ),
)
TOO_WEAK = Misconception(
    "detector_too_weak",
    "Small leaks slip through",
    "The tolerance is so wide that a leak of 1e-6 passes. Training would make it grow.",
    (
        "How small may a leak be? And what does np.allclose add to its tolerance by itself?",
        "A tolerance between 1e-12 and 1e-6, however large the logits are.",
        "np.abs(a - b).max() > 1e-9",
    ),
)
TOO_STRICT = Misconception(
    "detector_too_strict",
    "Rounding noise is taken for a leak",
    "Exact equality accuses honest models: floats differ in the last digits.",
    ("Are 0.1 + 0.2 and 0.3 equal?", "A tolerance between 1e-12 and 1e-6.", "1e-9"),
)
SOME_POSITIONS = Misconception(
    "some_positions_only",
    "Some tokens are never changed",
    "A leak can come from a single position; every one has to be tried.",
    ("Which tokens does your loop change?", "Every j from 1 to T - 1.", "for j in range(1, T)"),
)


def _says(model, wrongly):
    """Whether an audit gives `wrongly` to the model that `model(rng)` makes, of 7 tokens, at 6 positions."""
    return lambda answer: bool(answer(model(np.random.default_rng(5)), 7, 6)) is wrongly


def _leaking(name):
    return lambda rng: Model(name, rng, 7, LEAKS[name])


def _misses_some_positions(answer):
    missed = [_says(_leaking(f"leaks_at_position_{n}_only"), True)(answer) for n in range(4)]
    return any(missed) and not all(missed)


def _finds_only_the_large_one(answer):
    small, large = (_says(_leaking(name), True) for name in ("leaks_by_a_millionth", "sees_one_ahead"))
    return small(answer) and not large(answer)


exercise = Exercise(
    topic="auditing a model",
    answer=Boolean(),
    probes=(
        Probe(SUSPECTS, _says(lambda rng: Model("causal", rng, 7), False)),
        Probe(BELIEVES, _says(_leaking("sees_everything"), True)),
        Probe(TOO_STRICT, _says(lambda rng: Model("rounding_noise", rng, 7, HONEST["rounding_noise"]), False)),
        Probe(TOO_WEAK, _finds_only_the_large_one),
        Probe(SOME_POSITIONS, _misses_some_positions),
        Probe(BELIEVES, _says(_leaking("position_0_sees_the_last_token_only"), True)),
    ),
    hints=(
        "If token j changes, which rows of the logits may move?",
        (
            "Change token j, keep the tokens before it, and compare rows 0 to j - 1 with a tolerance between 1e-12 "
            "and 1e-6."
        ),
        "for j in range(1, T): changed = tokens.copy(); changed[j] = (changed[j] + 1) % vocab; compare logits[:j].",
    ),
)


@exercise.solution
def audit(logits_fn, vocab, T):
    """logits_fn: (T,) int -> (T, vocab). True only if no row depends on later tokens."""
    tokens = np.arange(T) % vocab
    before = np.array(logits_fn(tokens))  # (T, vocab)
    for j in range(1, T):
        changed = tokens.copy()
        changed[j] = (tokens[j] + 1) % vocab
        moved = np.abs(np.array(logits_fn(changed)) - before)
        if moved[:j].max() > 1e-9:
            return False
    return True


class Model:
    """A small deterministic logits_fn; `leak(vectors)` says what of the future gets into (T, vocab) logits."""

    def __init__(self, name, rng, vocab, leak=None, first_calls_honest=0):
        self.__name__ = name
        self.table, self.leak = (
            20 + rng.normal(size=(vocab, vocab)),
            leak,
        )  # beside which a millionth is relatively little
        self.vectors = rng.normal(size=(vocab, vocab))
        self.calls, self.first_calls_honest = 0, first_calls_honest

    def __call__(self, tokens):
        self.calls += 1
        tokens = np.asarray(tokens)
        past = np.cumsum(self.vectors[tokens], axis=0) / np.arange(1, len(tokens) + 1)[:, None]
        logits = self.table[tokens] + past
        if self.leak is not None and self.calls > self.first_calls_honest:
            logits = logits + self.leak(self.vectors[tokens])
        return logits


def _next(x):
    return np.roll(x, -1, axis=0) * (np.arange(len(x)) < len(x) - 1)[:, None]


def _up_and_down(vocab):
    return (np.arange(vocab) == 1) - 1.0 * (np.arange(vocab) == 2)


def _only(x, row):
    return x * (np.arange(len(x)) == row)[:, None]


LEAKS = {
    "sees_one_ahead": _next,
    "sees_everything": lambda x: np.broadcast_to(x.sum(axis=0), x.shape),
    "mean_over_time": lambda x: np.broadcast_to(x.mean(axis=0), x.shape) * 0.1,
    "leaks_by_a_millionth": lambda x: 1e-6 * _next(x),
    "leaks_at_position_0_only": lambda x: _only(_next(x), 0),
    "leaks_at_position_1_only": lambda x: _only(_next(x), 1),
    "leaks_at_position_2_only": lambda x: _only(_next(x), 2),
    "leaks_at_position_3_only": lambda x: _only(_next(x), 3),
    "leaks_at_the_last_but_one_only": lambda x: _only(_next(x), len(x) - 2),
    "position_0_sees_the_last_token_only": lambda x: _only(np.broadcast_to(x[-1], x.shape), 0),
    "one_ahead_but_not_at_row_0": lambda x: _next(x) * (np.arange(len(x)) > 0)[:, None],
    "leaks_into_one_logit_only": lambda x: _next(x) * (np.arange(x.shape[1]) == 1),
    "leaks_in_two_logits_that_cancel": lambda x: (
        _next(x) @ np.outer(np.arange(x.shape[1]) == 0, _up_and_down(x.shape[1]))
    ),
}
HONEST = {
    "causal": None,
    "rounding_noise": lambda x: 1e-13 * np.broadcast_to(x.sum(axis=0), x.shape),
    "sees_one_back": lambda x: np.roll(x, 1, axis=0) * (np.arange(len(x)) > 0)[:, None],
}


def _up_or_down(rng, vocab):
    """Two models that differ in the sign of their leak: in one of them a change of a token lowers a logit."""
    model = Model(
        "leaks_into_one_logit_at_position_1", rng, vocab, lambda x: _only(LEAKS["leaks_into_one_logit_only"](x), 1)
    )
    twin = copy.copy(model)
    twin.leak = lambda x: -model.leak(x)
    return model, twin


def _after(token):
    """Every position is told whether `token` comes later, as where padding or an end mark shifts the others."""

    def model(rng, vocab):
        made = Model(f"tells_whether_token_{token}_comes_later", rng, vocab)

        def leak(x):
            is_token = (x == made.vectors[token]).all(axis=1)
            later = np.append(np.cumsum(is_token[::-1])[::-1][1:], 0) > 0
            return np.repeat(later[:, None], vocab, axis=1) * 1.0

        made.leak = leak
        return made

    return model


@exercise.part("Plain cases", points=1)
def plain(rng):
    yield case(Model("causal", rng, 5), 5, 4)
    yield case(Model("sees_one_ahead", rng, 5, LEAKS["sees_one_ahead"]), 5, 4)
    yield case(Model("sees_everything", rng, 5, LEAKS["sees_everything"]), 5, 6)


@exercise.part("Leaks that hide", points=2)
def hidden(rng):
    for name in list(LEAKS)[2:]:
        yield case(Model(name, rng, 7, LEAKS[name]), 7, 6)
    sure = Model("leaks_by_a_millionth_and_is_sure", rng, 7, LEAKS["leaks_by_a_millionth"])
    sure.table = 40 * (sure.table - 20)
    yield case(sure, 7, 6)
    yield case(Model("leaks_at_position_16_only", rng, 7, lambda x: _only(_next(x), 16)), 7, 20)
    raised, lowered = _up_or_down(rng, 7)
    yield case(raised, 7, 6)
    yield case(lowered, 7, 6)
    yield case(Model("leaks_from_the_second_call_on", rng, 5, LEAKS["sees_one_ahead"], first_calls_honest=1), 5, 5)
    for token in (1, 4):
        yield case(_after(token)(rng, 7), 7, 6)
    padding = Model("leaks_unless_the_rows_own_token_is_0", rng, 7)
    padding.leak = lambda x: _next(x) * (x != padding.vectors[0]).any(axis=1, keepdims=True)
    yield case(padding, 7, 6)
    yield case(Model("leaks_with_two_tokens_of_vocabulary", rng, 2, LEAKS["sees_one_ahead"]), 2, 5)
    yield case(Model("leaks_at_position_1_only", rng, 2, LEAKS["leaks_at_position_1_only"]), 2, 6)


@exercise.part("No false alarm", points=1)
def honest(rng):
    for name, leak in HONEST.items():
        yield case(Model(name, rng, 6, leak), 6, 7)
    yield case(Model("causal", rng, 9), 9, 20)
    by_length = Model("scaled_by_the_length", rng, 6)
    by_length.leak = lambda x: np.full(x.shape, 1 / len(x))
    yield case(by_length, 6, 7, note="a model whose logits depend on the length T")
    yield case(Model("causal", rng, 4), 4, 1, note="T = 1 has no future")
    yield case(Model("sees_one_ahead", rng, 4, LEAKS["sees_one_ahead"]), 4, 2)


def _rows_moved(logits_fn, tokens, changed):
    a, b = np.array(logits_fn(tokens)), np.array(logits_fn(changed))
    return np.abs(a - b).max(axis=-1)


@exercise.equivalent
def one_token_at_a_time(logits_fn, vocab, T):
    for shift in range(1, vocab):
        tokens = np.arange(T) * 3 % vocab
        for j in range(T):
            changed = tokens.copy()
            changed[j] = (changed[j] + shift) % vocab
            if (_rows_moved(logits_fn, tokens, changed)[:j] > 1e-8).any():
                return False
    return True


@exercise.equivalent
def influence_matrix_first(logits_fn, vocab, T):
    rng = np.random.default_rng(7)
    moved = np.zeros((T, T), dtype=bool)
    for _ in range(4):
        tokens = rng.integers(vocab, size=T)
        for j in range(T):
            changed = np.where(np.arange(T) == j, (tokens + 1) % vocab, tokens)
            moved[:, j] |= _rows_moved(logits_fn, tokens, changed) > 1e-10
    return bool(not np.triu(moved, k=1).any())


@exercise.equivalent
def prefixes_against_the_whole(logits_fn, vocab, T):
    # A causal model says the same about a prefix, whatever follows.
    logits_fn(np.zeros(T, dtype=int))
    for seed in range(3):
        tokens = np.random.default_rng(seed).integers(vocab, size=T)
        whole = np.array(logits_fn(tokens))
        for i in range(T):
            other = np.concatenate([tokens[: i + 1], (tokens[i + 1 :] + 1) % vocab])
            if not np.allclose(np.array(logits_fn(other))[: i + 1], whole[: i + 1], rtol=0, atol=1e-9):
                return False
    return True


exercise.equivalent_mutant(
    "np.array(logits_fn(changed)) - before -> before - np.array(logits_fn(changed))",
    because="the absolute value is the same",
)
exercise.equivalent_mutant(
    "np.array(logits_fn(changed)) -> logits_fn(changed)", because="the logits are an array already"
)
exercise.equivalent_mutant(
    "np.array(logits_fn(tokens)) -> logits_fn(tokens)", because="the logits are an array already"
)
exercise.equivalent_mutant("tokens[j] + 1 -> tokens[j] - 1", because="any other token will do")
exercise.equivalent_mutant("moved[:j].max() > 1e-09 -> moved[:j].max() >= 1e-09", because="no leak is exactly 1e-9")
