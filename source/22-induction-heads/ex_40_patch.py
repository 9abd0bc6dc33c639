"""### Patch one head after another

**Activation patching** asks which head carries what makes the difference between two texts. Run a *clean* text and a \
*corrupted* one, then run the corrupted one again with a single head's output replaced by its output in the clean run.

Write `patch(clean, corrupted, finish)`: `clean` and `corrupted` are `(H, T, d)`, the heads of one layer in the two \
runs. `finish(heads)` runs the rest of the model on heads `(H, T, d)` and returns a number, such as the logit of the \
right answer. Return `(H,)`: for each head the share of the difference that it restores when it alone is patched,

$$\\frac{\\text{finish}(\\text{patched}) - \\text{finish}(\\text{corrupted})}
{\\text{finish}(\\text{clean}) - \\text{finish}(\\text{corrupted})}$$

and zeros where the two runs finish with the same number. The inputs stay as they are.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="activation patching",
    answer=Array(rtol=1e-6, atol=1e-9),
    hints=(
        "Which run do you start from, and what do you take from the other one?",
        "patched = the corrupted heads, with patched[h] = clean[h]",
        "For each h: a new copy of corrupted, one head replaced, finish(copy); then the formula.",
    ),
)


@exercise.solution
def patch(clean, corrupted, finish):
    """clean, corrupted (H, T, d), finish(heads) -> number; -> (H,), the share that each head restores."""
    low, high = finish(corrupted), finish(clean)
    shares = np.zeros(len(clean))
    for h in range(len(clean)):
        patched = corrupted.copy()
        patched[h] = clean[h]
        if high != low:
            shares[h] = (finish(patched) - low) / (high - low)
    return shares


class Rest:
    """The rest of a model: a sum of the heads' outputs, each times its own weights, and then perhaps a bend."""

    def __init__(self, weights, bend=0.0):
        self.weights, self.bend = weights, bend

    def __call__(self, heads):
        x = float((self.weights * heads).sum())
        return x + self.bend * x * x

    def __repr__(self):
        return f"Rest(weights of shape {self.weights.shape}, bend={self.bend})"


def _inputs(rng, H, T, d, bend=0.0):
    return *rng.normal(size=(2, H, T, d)), Rest(rng.normal(size=(H, T, d)), bend)


@exercise.part("By hand", points=1)
def by_hand(rng):
    clean, corrupted = np.array([[[3.0]], [[5.0]]]), np.array([[[0.0]], [[4.0]]])
    yield case(clean, corrupted, Rest(np.ones((2, 1, 1))), note="the sum: 8 clean, 4 corrupted; head 0 restores 3 of 4")
    yield case(clean, corrupted, Rest(np.array([[[1.0]], [[0.0]]])), note="the rest reads head 0 alone")
    yield case(clean, clean, Rest(np.ones((2, 1, 1))), note="both runs finish with the same number")


@exercise.part("Any layer", points=1)
def any_layer(rng):
    for H, T, d in ((2, 3, 2), (4, 5, 3), (1, 4, 2), (3, 1, 1), (6, 2, 4)):
        yield case(*_inputs(rng, H, T, d))
    for H, T, d in ((2, 3, 2), (4, 2, 3), (3, 4, 1)):
        yield case(*_inputs(rng, H, T, d, bend=0.1), note="shares need not sum to 1")
    clean, corrupted = np.array([[[1.0]], [[3.0]]]), np.array([[[3.0]], [[2.0]]])
    yield case(clean, corrupted, Rest(np.ones((2, 1, 1))), note="the clean run ends lower; shares beyond 0 and 1")
    yield case(
        clean, corrupted, Rest(np.full((2, 1, 1), 1e-4)), note="the runs finish 0.0001 apart: no reason for zeros"
    )


@exercise.equivalent
def with_where(clean, corrupted, finish):
    H = len(clean)
    low, high = finish(corrupted), finish(clean)
    if high == low:
        return [0.0] * H
    pick = np.eye(H, dtype=bool)[:, :, None, None]
    return [(finish(np.where(p, clean, corrupted)) - low) / (high - low) for p in pick]


@exercise.equivalent
def with_differences(clean, corrupted, finish):
    base = finish(corrupted)
    total = finish(clean) - base
    gains = []
    for h in range(clean.shape[0]):
        step = np.zeros_like(clean)
        step[h] = clean[h] - corrupted[h]
        gains.append(finish(corrupted + step) - base)
    return np.array(gains) / total if total else np.zeros(len(gains))


@exercise.equivalent
def put_back_each_time(clean, corrupted, finish):
    work, low, high = np.array(corrupted), finish(corrupted), finish(clean)
    out = []
    for h, head in enumerate(clean):
        work[h] = head
        out.append(finish(work))
        work[h] = corrupted[h]
    return np.zeros(len(out)) if high == low else (np.array(out) - low) / (high - low)


def _shares(clean, corrupted, finish, patched):
    """The shares restored by patched(h), (H,)."""
    low, high = finish(corrupted), finish(clean)
    if high == low:
        return np.zeros(len(clean))
    return np.array([(finish(patched(h)) - low) / (high - low) for h in range(len(clean))])


def _replaced(into, h, by):
    copy = into.copy()
    copy[h] = by[h]
    return copy


@exercise.mistake("Patched the other way round")
def noising(clean, corrupted, finish):
    """The clean run was spoiled by a corrupted head. That measures what a head's loss breaks, not what it restores.

    - Which run do you start from?
    - From the corrupted one; one head comes from the clean one.
    - patched = corrupted.copy(); patched[h] = clean[h]
    """
    return _shares(clean, corrupted, finish, lambda h: _replaced(clean, h, corrupted))


exercise.add_mistakes((noising, lambda clean, corrupted, finish: patch(corrupted, clean, finish)))


@exercise.mistake("The corrupted result was not subtracted")
def not_subtracted(clean, corrupted, finish):
    """The corrupted run's number was not subtracted, so a head that restores nothing does not get 0.

    - Which share does a head have whose patch changes nothing?
    - 0: finish(patched) is then finish(corrupted).
    - finish(patched) - finish(corrupted)
    """
    low, high = finish(corrupted), finish(clean)
    if high == low:
        return np.zeros(len(clean))
    return np.array([finish(_replaced(corrupted, h, clean)) / (high - low) for h in range(len(clean))])


# A patch that was still in force in the next run: https://github.com/TransformerLensOrg/TransformerLens/pull/156
@exercise.mistake("The patches add up")
def patches_pile_up(clean, corrupted, finish):
    """The same copy was patched again and again: in the last run all heads are clean.

    - Which heads are clean in the third run?
    - Only head 2
    - Copy corrupted inside the loop.
    """
    return _shares(clean, corrupted, finish, lambda h: np.concatenate([clean[: h + 1], corrupted[h + 1 :]]))


# A patch that does not reach the run: https://github.com/ndif-team/nnsight/issues/502
@exercise.mistake("The patch does not reach the run")
def nothing_patched(clean, corrupted, finish):
    """Every share is 0: the model was finished with the corrupted heads as they were.

    - Which array did you hand to finish?
    - finish(patched), after patched[h] = clean[h]
    - Print abs(patched - corrupted).max() before the call.
    """
    return np.zeros(len(clean))


@exercise.mistake("Not divided by the difference")
def not_divided(clean, corrupted, finish):
    """The difference itself came back, not its share of what separates the two runs.

    - What should a head get that restores everything?
    - 1.0
    - Divide by finish(clean) - finish(corrupted).
    """
    return np.array([finish(_replaced(corrupted, h, clean)) - finish(corrupted) for h in range(len(clean))])


@exercise.mistake("Divided by the clean result")
def share_of_the_clean_result(clean, corrupted, finish):
    """finish(patched) was divided by finish(clean), so a head that restores nothing does not get 0.

    - What should a head get that restores nothing?
    - 0: subtract finish(corrupted) above and below.
    - (patched - low) / (high - low)
    """
    high = finish(clean)
    if high == finish(corrupted):
        return np.zeros(len(clean))
    return np.array([finish(_replaced(corrupted, h, clean)) / high for h in range(len(clean))])


@exercise.mistake("What is still missing, not what is restored")
def still_missing(clean, corrupted, finish):
    """The share is turned round: 1 where a head restores nothing.

    - What should a head get that restores everything?
    - 1.0
    - finish(patched) - finish(corrupted) stands above the line.
    """
    low, high = finish(corrupted), finish(clean)
    if high == low:
        return np.zeros(len(clean))
    return np.array([(high - finish(_replaced(corrupted, h, clean))) / (high - low) for h in range(len(clean))])


@exercise.mistake("The other heads were taken out")
def others_zeroed(clean, corrupted, finish):
    """All other heads were set to 0. In a patch they stay as they are in the corrupted run.

    - What do the other heads hold in the patched run?
    - What they hold in the corrupted run
    - Start from corrupted.copy(), not from zeros.
    """
    return _shares(clean, corrupted, finish, lambda h: _replaced(np.zeros_like(clean), h, clean))


@exercise.mistake("Ablated, not patched")
def ablated(clean, corrupted, finish):
    """The head was set to 0, and nothing of the clean run was put in its place.

    - What takes the place of the corrupted head's output?
    - clean[h]
    - patched[h] = clean[h]
    """
    return _shares(clean, corrupted, finish, lambda h: _replaced(corrupted, h, np.zeros_like(clean)))


@exercise.mistake("A position was patched, not a head")
def positions_patched(clean, corrupted, finish):
    """The index h went to the axis of positions; the heads are axis 0.

    - Which axis of (H, T, d) are the heads?
    - The first one
    - patched[h] = clean[h], not patched[:, h]
    """

    def patched(h):
        copy = corrupted.copy()
        copy[:, h % copy.shape[1]] = clean[:, h % copy.shape[1]]
        return copy

    return _shares(clean, corrupted, finish, patched)


@exercise.mistake("Divided by 0")
def divided_by_zero(clean, corrupted, finish):
    """Where both runs finish with the same number there is nothing to restore, and 0 / 0 is NaN; zeros are asked for.

    - What does the formula say if clean equals corrupted?
    - 0 / 0
    - Treat high == low first.
    """
    low, high = np.float64(finish(corrupted)), np.float64(finish(clean))
    with np.errstate(all="ignore"):
        return np.array([(finish(_replaced(corrupted, h, clean)) - low) / (high - low) for h in range(len(clean))])


@exercise.mistake("Cut to the range from 0 to 1")
def clipped(clean, corrupted, finish):
    """The shares were clipped. A head may restore more than all, or make things worse; both are worth knowing.

    - What share does a head have that makes the result worse?
    - A negative one
    - Leave out np.clip.
    """
    return np.clip(patch(clean, corrupted, finish), 0, 1)


# A record of a run that a later run changed: https://github.com/ndif-team/nnsight/pull/682
@exercise.mistake(mc.CHANGES_INPUTS)
def overwrites(clean, corrupted, finish):
    """The heads were patched in the array that was handed in: the record of the corrupted run is lost."""
    low, high, out = finish(corrupted), finish(clean), []
    for h in range(len(clean)):
        corrupted[h] = clean[h]
        out.append(finish(corrupted))
    return np.zeros(len(clean)) if high == low else (np.array(out) - low) / (high - low)
