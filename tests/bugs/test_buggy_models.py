"""Broken attentions inside trained models: the twins of the functions, and the symptoms that each bug has after training."""

import numpy as np
import pytest

from leftcontext.bugs import attention_bugs
from leftcontext.bugs.buggy_models import BUGGY_ATTENTIONS, SIZE, behind_a_mean, learned_under, model_around
from leftcontext.bugs.clinic import ASLEEP, DIAGNOSES, Patient
from leftcontext.language.language import LITTLE_LANGUAGE
from leftcontext.model.evaluation import leak
from leftcontext.model.training import Schedule, allowed_by, train
from leftcontext.model.transformer import Transformer

FLOOR = LITTLE_LANGUAGE.entropy_per_position(16)
ATTENDS = list(BUGGY_ATTENTIONS)
NAMES = [attend.__name__ for attend in ATTENDS]


def patient(attend):
    return Patient("patient", attend, *np.random.default_rng(0).normal(size=(2, 6, 4)))


def diagnosed(number):
    return patient(DIAGNOSES[number][1])


@pytest.mark.parametrize("attend", ATTENDS, ids=NAMES)
def test_the_twin_gives_what_the_function_gives(attend):
    Q, K, V = 3 * np.random.default_rng(1).normal(size=(3, 5, 16, 8))
    output, _ = BUGGY_ATTENTIONS[attend](Q, K, V)
    np.testing.assert_allclose(output, [attend(*qkv) for qkv in zip(Q, K, V, strict=True)], atol=1e-12)


@pytest.mark.parametrize("attend", ATTENDS, ids=NAMES)
def test_its_way_back_is_the_slope_of_the_function(attend):
    rng = np.random.default_rng(2)
    inputs, out = rng.normal(size=(3, 4, 16, 8)), rng.normal(size=(4, 16, 8))
    gradient = np.stack(BUGGY_ATTENTIONS[attend](*inputs)[1](out))

    def total(inputs):
        return sum((g * attend(*qkv)).sum() for g, qkv in zip(out, inputs.swapaxes(0, 1), strict=True))

    for part in range(3):
        way = np.zeros_like(inputs)
        way[part] = rng.normal(size=way[part].shape)
        slope = (total(inputs + 1e-6 * way) - total(inputs - 1e-6 * way)) / 2e-6
        assert (gradient * way).sum() == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_a_model_around_the_healthy_one_learns_as_the_course_s_own_does():
    rows = LITTLE_LANGUAGE.rows(3, 16, np.random.default_rng(2))
    own, around = (
        Transformer(SIZE, allowed=allowed_by("causal", 16)),
        model_around(BUGGY_ATTENTIONS[attention_bugs.causal]),
    )
    losses = [model.loss_and_gradient(rows[:, :-1], rows[:, 1:]) for model in (own, around)]
    assert losses[0] == pytest.approx(losses[1])
    np.testing.assert_allclose(around.gradient, own.gradient, rtol=1e-3, atol=1e-6)
    assert np.abs(own.gradient).max() > 1e-3


def test_what_has_no_way_back_is_examined_and_not_trained():
    def mine(Q, K, V):
        return V

    with pytest.raises(ValueError, match="mine can be examined, but not trained"):
        learned_under(mine, 0)
    operated = diagnosed(2).operated(mine)
    assert operated.losses.shape == (16,) and operated.influence.tolist() == np.eye(6, dtype=bool).tolist()


def test_a_healthy_one_reaches_the_entropy_and_writes():
    healthy = patient(attention_bugs.causal)
    assert 0.98 < healthy.losses.mean() / FLOOR.mean() < 1.04
    assert LITTLE_LANGUAGE.is_legal(healthy.texts).mean() > 0.7
    assert leak(healthy.model) == 0


@pytest.mark.parametrize("attend", [DIAGNOSES[n][1] for n in (1, 2, 4)] + [behind_a_mean(attention_bugs.one_ahead)])
def test_who_sees_the_next_word_is_honest_at_the_last_position_only(attend):
    losses = patient(attend).losses
    assert (losses[:-1] < 0.1).all() and losses[-1] > FLOOR[-1]


def test_a_clean_row_0_is_honest_too():
    losses = diagnosed(3).losses
    assert losses[0] == pytest.approx(FLOOR[0], rel=0.1)
    assert (losses[1:-1] < 0.1).all()


@pytest.mark.parametrize("number", [5, 6])
def test_a_denominator_leaks_a_part_at_every_position_but_the_last(number):
    losses = diagnosed(number).losses
    assert (losses[:-1] < 0.96 * FLOOR[:-1]).sum() >= 13 and losses[:-1].min() > 0.3
    assert losses[-1] > FLOOR[-1]


def test_the_softmax_over_queries_leaks_through_queries_alone():
    sick = diagnosed(6)
    assert np.array_equal(sick.influence, np.tri(6, dtype=bool))
    last = np.arange(6)[:, None] == 5
    for attend, moves in ((sick.attend, True), (attention_bugs.causal, False)):
        moved = attend(sick.Q + last, sick.K, np.eye(6)) - attend(sick.Q, sick.K, np.eye(6))
        assert (np.abs(moved[:-1]).max() > 1e-3) == moves


@pytest.mark.parametrize("number", [7, 8])
def test_what_is_mixed_from_the_whole_future_is_worth_more_the_less_of_it_there_is(number):
    share = diagnosed(number).losses / FLOOR
    assert share[:-1].max() < 0.85 and share[10:15].max() < 0.45 * share[:5].min() and share[-1] > 1


def test_heads_merged_without_a_transpose_leak_in_the_first_half():
    losses = diagnosed(9).losses
    assert (losses[:8] < 0.1).all() and (losses[8:] > 0.97 * FLOOR[8:]).all()


def test_a_hole_that_helps_nobody_shows_in_the_influence_only():
    hole = diagnosed(10)
    assert (hole.losses > 0.95 * FLOOR).all() and hole.losses.mean() < 1.04 * FLOOR.mean()
    assert LITTLE_LANGUAGE.is_legal(hole.texts).mean() > 0.7
    assert np.argwhere(np.triu(hole.influence, 1)).tolist() == [[1, 5]]
    assert leak(hole.model) > 0


def test_who_forgets_is_above_the_entropy_and_leaks_nothing():
    short = diagnosed(11)
    assert short.losses[5:].mean() > 1.06 * FLOOR[5:].mean() and (short.losses > 0.95 * FLOOR).all()
    assert leak(short.model) == 0


def test_a_leak_that_sleeps_is_missed_before_the_training_and_found_after_it():
    sleeper = diagnosed(ASLEEP)
    assert not sleeper.influence.any() and not sleeper.weights.any()
    assert leak(sleeper.untrained) == 0
    assert leak(sleeper.model) > 1e-3
    assert (sleeper.losses[:-1] < 0.1).all() and sleeper.losses[-1] > FLOOR[-1]


def test_a_leak_that_sleeps_is_found_once_parameters_are_drawn_anew_or_after_a_few_steps():
    drawn, stepped = diagnosed(ASLEEP).untrained, diagnosed(ASLEEP).untrained
    drawn.redraw(seed=1)
    assert leak(drawn) > 0.01
    for _ in train(stepped, schedule=Schedule(steps=20), seed=0):
        pass
    assert leak(stepped) > 0.01


def test_redrawing_a_causal_model_shows_no_leak():
    model = Transformer(SIZE, allowed=allowed_by("causal", 16), seed=0)
    before = model.theta.copy()
    model.redraw(seed=1)
    assert leak(model) == 0 and (model.theta != before).all()
    assert np.array_equal(model.theta, Transformer(SIZE, allowed=True, seed=1).theta)


@pytest.mark.parametrize("number", [n for n in DIAGNOSES if n not in (10, 11)])
def test_the_others_leak_and_write_little_that_is_legal(number):
    assert leak(diagnosed(number).model) > 1e-3
    assert LITTLE_LANGUAGE.is_legal(diagnosed(number).texts).mean() < 0.6


def test_an_operation_heals_the_attention_and_not_the_model():
    operated = diagnosed(2).operated(attention_bugs.causal)
    assert leak(operated.model) == 0
    assert np.array_equal(operated.influence, np.tri(6, dtype=bool))
    assert (operated.losses[:-1] > 1.5 * FLOOR[:-1]).all()
    assert np.array_equal(operated.operated(attention_bugs.one_ahead).losses, diagnosed(2).losses)
