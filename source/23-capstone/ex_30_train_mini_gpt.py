"""### The training loop

Write `train_mini_gpt(params, batches, steps)`: `batches` is `(n, B, T+1)` tokens; take `steps` steps, batch by batch \
(then from the first again). Return
a dictionary of the trained parameters with the same names and shapes. The arrays of `params` stay as they are.

`loss_and_gradients(params, rows)` from `leftcontext.model.mini_gpt` gives a batch's loss and a dictionary of \
gradients. **Adam** works well: `m = 0.9 m + 0.1 g`, `v = 0.98 v + 0.02 g²`, both over `1 - beta^t`, then
`p - rate * m / (sqrt(v) + 1e-8)` with a rate near 0.02. Any optimiser will do.

The check trains on texts of 7 tokens in which every token repeats the one two places before it, such as \
`3 1 3 1 3 1 3`. Then it gives the model the first two tokens of new texts, lets it read its own likeliest tokens from \
there on, and measures the loss. **The loss must be below 0.7 nats.** Without training it is above 1.5. The best \
possible loss is 0.27, because only the first of six predictions has to guess.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Difference, Tuple
from leftcontext.model.mini_gpt import init_params, logits, loss_and_gradients

BAR = 0.7  # nats per token


class Below:
    """A loss that has to be at most the bar. It is shown, so that a learner sees how far it is."""

    def parse(self, raw):
        return np.asarray(float(raw))

    def compare(self, wanted, got):
        # Two losses agree if both have learned, both have not, both have got worse, or both are no number.
        agree = np.digitize(wanted, (BAR, 3.0)) == np.digitize(got, (BAR, 3.0)) and np.isnan(wanted) == np.isnan(got)
        return None if agree else Difference(np.asarray(BAR), got, np.asarray(True))


class Fine:
    """True where something is as it should be."""

    def parse(self, raw):
        return np.asarray(bool(raw))

    def compare(self, wanted, got):
        return None if bool(wanted) == bool(got) else Difference(wanted, got, np.asarray(True))


exercise = Exercise(
    topic="training a transformer",
    answer=Tuple(same_names_and_shapes=Fine(), parameters_moved=Fine(), held_out_loss=Below()),
    seconds=20.0,
    min_calls=6,
    hints=(
        "Does the loss of the first batches fall while you train? Print it every 20 steps.",
        "A step: loss, g = loss_and_gradients(params, batches[t % n]); then move every parameter against its gradient.",
        (
            "params = {name: p - rate * m[name] / (np.sqrt(v[name]) + 1e-8) for name, p in params.items()}, with m "
            "and v from Adam."
        ),
    ),
)


@exercise.solution
def train_mini_gpt(params, batches, steps):
    """params, batches (n, B, T+1) int, steps -> trained params, the same names and shapes."""
    from leftcontext.model.mini_gpt import loss_and_gradients

    m = {name: np.zeros_like(p) for name, p in params.items()}
    v = {name: np.zeros_like(p) for name, p in params.items()}
    for t in range(1, steps + 1):
        _, g = loss_and_gradients(params, batches[(t - 1) % len(batches)])
        rate = 0.015 * min(t / 30, 1) * (1 - 0.95 * t / steps)
        m = {name: 0.9 * m[name] + 0.1 * g[name] for name in g}
        v = {name: 0.98 * v[name] + 0.02 * g[name] ** 2 for name in g}
        step = {name: m[name] / (1 - 0.9**t) / (np.sqrt(v[name] / (1 - 0.98**t)) + 1e-8) for name in g}
        params = {name: p - rate * step[name] for name, p in params.items()}
    return params


def _echo(rng, n, T=6, vocab=5):
    """Texts in which every token repeats the one two places back: only the first prediction is a guess."""
    return np.tile(rng.integers(0, vocab, size=(n, 2)), (1, T))[:, : T + 1]


@exercise.adapt
def held_out(answer, params, batches, steps):
    """Whether the form is right, whether anything moved, and the loss on new texts, the model reading its own words."""
    before = {name: array.copy() for name, array in params.items()}
    trained = answer(params, batches, steps)
    if not isinstance(trained, dict) or trained.keys() != params.keys():
        return False, False, np.nan
    if any(np.shape(trained[name]) != np.shape(before[name]) for name in before):
        return False, False, np.nan
    trained = {name: np.asarray(array, dtype=float) for name, array in trained.items()}
    moved = any(not np.array_equal(trained[name], before[name]) for name in before)
    return True, moved, _generating_loss(trained, _echo(np.random.default_rng(99), 100))


def _generating_loss(params, rows):
    """Nats per token on rows (B, T+1): two tokens are given, after them the model reads its own likeliest ones."""
    written, losses = rows[:, :2].copy(), []
    for i in range(rows.shape[1] - 1):
        z = logits(params, written[:, : i + 1])[:, -1]  # (B, vocab)
        losses.append(np.logaddexp.reduce(z, axis=-1) - np.take_along_axis(z, rows[:, i + 1, None], axis=-1)[:, 0])
        if i:
            written = np.column_stack([written, z.argmax(axis=-1)])
    return np.mean(losses)


def _case(rng, steps, n, **note):
    params = init_params(5, 6, 16, 2, 32, seed=int(rng.integers(2**31)))
    return case(params, _echo(rng, n * 16).reshape(n, 16, 7), steps, **note)


@exercise.part("Learns an echo", points=2)
def echo(rng):
    yield _case(rng, 120, 120, note="texts in which every token repeats the one two places back")


@exercise.part("More steps than batches", points=1)
def again(rng):
    yield _case(rng, 140, 35, note="35 batches, 140 steps")


@exercise.equivalent
def with_momentum(params, batches, steps):
    params = {name: array.copy() for name, array in params.items()}
    velocity = {name: np.zeros_like(array) for name, array in params.items()}
    for t in range(steps):
        _, g = loss_and_gradients(params, batches[t % len(batches)])
        for name in params:
            velocity[name] = 0.9 * velocity[name] + g[name]
            params[name] -= 0.1 * velocity[name]
    return params


@exercise.equivalent
def with_a_constant_rate(params, batches, steps):
    p = {name: array.astype(np.float32) for name, array in params.items()}
    m, v = ({name: np.zeros(array.shape) for name, array in p.items()} for _ in range(2))
    for t in range(1, steps + 1):
        gradients = loss_and_gradients(p, batches[(t - 1) % batches.shape[0]])[1]
        for name, g in gradients.items():
            m[name] += 0.1 * (g - m[name])
            v[name] += 0.01 * (g * g - v[name])
            p[name] = p[name] - 0.01 * (m[name] / (1 - 0.9**t)) / (np.sqrt(v[name] / (1 - 0.99**t)) + 1e-8)
    return p


@exercise.equivalent
def with_signs(params, batches, steps):
    params = dict(params)
    for t in range(steps):
        for name, g in loss_and_gradients(params, batches[t % len(batches)])[1].items():
            params[name] = params[name] - 0.01 * (1 - t / steps) * np.sign(g)
    return params


def _descend(params, batches, steps, rate=0.1, names=None, pick=lambda t, n: t % n):
    params = dict(params)
    velocity = {name: np.zeros_like(array) for name, array in params.items()}
    for t in range(steps):
        for name, g in loss_and_gradients(params, batches[pick(t, len(batches))])[1].items():
            if names is None or name in names:
                velocity[name] = 0.9 * velocity[name] + g
                params[name] = params[name] - rate * velocity[name]
    return params


@exercise.mistake("Nothing was learned")
def not_trained(params, batches, steps):
    """The parameters came back as they were.

    - Are the parameters that you return different from those you got?
    - p = p - rate * step
    - Keep the new dictionary.
    """
    return dict(params)


@exercise.mistake("Not enough was learned")
def too_little_learned(params, batches, steps):
    """The parameters moved, but the loss on unseen text is still above the bar.

    - Does every step start from the last one's parameters, and take the next batch? How far does it move?
    - All the parameters, all the batches, all the steps; Adam with a rate near 0.02.
    - params = {name: p - rate * step[name] for ...}, with batches[t % n]
    """
    return _descend(params, batches, steps, rate=1e-3)


@exercise.mistake("The loss has grown")
def gradient_added(params, batches, steps):
    """The loss on unseen text is higher than before: uphill instead of downhill, or with steps that are much too large.

    - Where does the gradient point, and how far do you go?
    - p - rate * step, with a small rate
    - A minus, and a rate near 0.02 for Adam.
    """
    return _descend(params, batches, steps, rate=-0.1)


@exercise.mistake("Those are not the parameters")
def returns_gradients(params, batches, steps):
    """What came back is no dictionary with the names and shapes of the parameters.

    - What are the keys of the result?
    - The same names and shapes.
    - return params
    """
    return {"loss": loss_and_gradients(params, batches[0])[0]}


@exercise.mistake("The given parameters were changed")
def changes_inputs(params, batches, steps):
    """p -= ... works on the caller's arrays; a second training would start from the trained ones.

    - Does p -= make a new array?
    - p = p - ... does.
    - Copy the parameters first.
    """
    for t in range(steps):
        for name, g in loss_and_gradients(params, batches[t % len(batches)])[1].items():
            params[name] -= 0.03 * g
    return params


@exercise.mistake("It runs out of batches")
def batches_run_out(params, batches, steps):
    """With more steps than batches the index runs past the end.

    - What is batches[35] if there are 35?
    - Take them in turn.
    - batches[t % len(batches)]
    """
    return _descend(params, batches, steps, pick=lambda t, n: t)


@exercise.mistake("The steps are too large")
def rate_too_high(params, batches, steps):
    """The loss jumps instead of falling; the parameters explode.

    - What does the loss do in the first ten steps?
    - A rate of about 0.01 for Adam, 0.1 for momentum.
    - Make the rate smaller.
    """
    return {name: array * 0 + np.nan for name, array in params.items()}


exercise.equivalent_mutant("*", because="any optimiser will do: whatever gets below the bar is right")
