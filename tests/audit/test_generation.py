"""What is generated token by token, and steps that take one token at a time, are held to the whole call."""

import numpy as np
import pytest
from support.audited_numpy_models import E, H, P, V, W

from leftcontext.audit import audit

DECAY = 0.7


def logits(tokens):
    """A decaying sum of what stands to the left: (B, T) tokens → (B, T, V)."""
    x = E[tokens] + P[: tokens.shape[1]]
    state, outputs = 0.0, []
    for t in range(x.shape[1]):
        state = DECAY * state + x[:, t]
        outputs.append(np.tanh(state @ W[0]) @ H)
    return np.stack(outputs, axis=1)


def one_token(tokens, cache):
    """A step for tokens (B,): logits (B, V), and the state."""
    done, state = cache or (0, 0.0)
    state = DECAY * state + E[tokens] + P[done]
    return np.tanh(state @ W[0]) @ H, (done + 1, state)


def forgets_positions(tokens, cache):
    out, (_, state) = one_token(tokens, cache)
    return out, (0, state)


FORMS = {
    "(B,) → (B, V)": lambda step: step,
    "(B, 1) → (B, V)": lambda step: lambda tokens, cache: step(_only(tokens), cache),
    "(B, 1) → (B, 1, V)": lambda step: lambda tokens, cache: _with_axis(step(_only(tokens), cache)),
}


def _only(tokens):
    if tokens.ndim != 2 or tokens.shape[1] != 1:
        raise ValueError("one token at a time")
    return tokens[:, 0]


def _with_axis(result):
    return result[0][:, None], result[1]


@pytest.mark.parametrize("form", FORMS)
def test_a_step_for_one_token(form):
    report = audit(logits, vocab=V, T=24, step=FORMS[form](one_token))
    assert report.causal
    assert report.warnings == ()
    assert "with a cache, in 1 division into chunks" in report.tried
    assert any("one at a time" in line for line in report.not_tried)
    report = audit(logits, vocab=V, T=24, step=FORMS[form](forgets_positions))
    assert "With a cache" in report.warnings[0]


def test_a_step_for_a_model_without_a_batch_axis():
    report = audit(
        lambda tokens: logits(tokens[None])[0],
        vocab=V,
        T=24,
        batched=False,
        step=lambda token, cache: _first(one_token(np.reshape(token, 1), cache)),
    )
    assert report.warnings == ()
    assert any(line.startswith("with a cache") for line in report.tried)


def _first(result):
    return result[0][0], result[1]


def test_a_step_that_fails_is_said():
    def step(tokens, cache):
        raise RuntimeError("no cache yet")

    report = audit(logits, vocab=V, T=24, step=step)
    assert any("no cache yet" in line for line in report.not_tried)


def generate(tokens, n, step=one_token, told=False):
    """Greedy, with a cache."""
    cache, seen = None, []
    for t in range(tokens.shape[1]):
        out, cache = step(tokens[:, t], cache)
    for _ in range(n):
        seen.append(out)
        tokens = np.concatenate([tokens, out.argmax(axis=1)[:, None]], axis=1)
        out, cache = step(tokens[:, -1], cache)
    return (tokens, np.stack(seen, axis=1)) if told else tokens


@pytest.mark.parametrize("told", [False, True])
def test_generating(told):
    report = audit(logits, vocab=V, T=90, generate=lambda tokens, n: generate(tokens, n, told=told))
    assert report.causal
    assert report.warnings == ()
    assert "generate, after 3, 20, 66 tokens" in report.tried
    report = audit(logits, vocab=V, T=90, generate=lambda tokens, n: generate(tokens, n, forgets_positions, told))
    assert report.causal
    assert ("other logits" if told else "another token") in report.warnings[0]


def test_a_cache_that_fails_when_it_is_full():
    """As a ring buffer of 64 that forgets too much."""

    def forgets(tokens, cache):
        done, state = cache or (0, 0.0)
        return one_token(tokens, (done, 0.0 if done >= 64 else state))

    report = audit(logits, vocab=V, T=90, generate=lambda tokens, n: generate(tokens, n, forgets))
    assert any(warning.startswith("generate gives") for warning in report.warnings)


def test_a_result_of_another_shape_is_said():
    report = audit(logits, vocab=V, T=24, generate=lambda tokens, n: generate(tokens, n)[:, -n:])
    assert "return both, (B, T + n)" in report.warnings[0]
    report = audit(logits, vocab=V, T=24)
    assert any(line.startswith("generating") for line in report.not_tried)
