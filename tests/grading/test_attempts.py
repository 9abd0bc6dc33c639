"""Whichever tests end their checkers, and whatever step a checker names: no other test loses its points."""

import dataclasses
import random

import pytest

from autograder.grading.attempts import MOST_SEARCHED, SPOKE_WITHOUT_END, TaskAttempt
from autograder.grading.executor import Result
from autograder.notebook.job import Job, Step, StepKind
from autograder.notebook.test_result import passed


def job_of(tests: int) -> Job:
    steps = [Step(StepKind.STUDENT if number % 2 else StepKind.TEST, "") for number in range(2 * tests)]
    return Job(tuple(steps), seconds=1.0, total_seconds=100.0)


def result_of(job: Job, ending: set[int]) -> Result | None:
    """What a run comes to; None where it reaches a test that ends its checker."""
    run = {number for number, step in enumerate(job.steps) if step.is_test and number not in job.skipped_steps}
    return None if run & ending else Result(tests={str(number): passed(1.0) for number in run})


def settle(job: Job, ending: set[int], chance: random.Random, why: str, seconds: float = 0.1) -> tuple[set[int], int]:
    """The tests that passed in the end, and how many runs it took. A checker that ends has named a step at random, or none."""
    attempt, runs = TaskAttempt.first(job), 1
    while True:
        result = result_of(attempt.job, ending)
        at = chance.choice([None, *range(len(job.steps))])
        following = attempt.after_result(result) if result else attempt.after_loss(why, at, seconds)
        if isinstance(following, Result):
            return {int(number) for number in following.tests}, runs
        attempt, runs = following, runs + 1


@pytest.mark.parametrize("why", [SPOKE_WITHOUT_END, "ended the checker's process"])
@pytest.mark.parametrize("seed", range(40))
def test_false_reports_cost_no_other_test(seed: int, why: str) -> None:
    chance = random.Random(seed)
    job = job_of(chance.randint(1, 12))
    tests = {number for number, step in enumerate(job.steps) if step.is_test}
    ending = set(chance.sample(sorted(tests), min(len(tests), chance.randint(1, 2))))
    if why == SPOKE_WITHOUT_END:
        assert settle(job, ending, chance, why)[0] == tests - ending
    else:  # who names a step that is believed loses that one too, of one's own
        assert settle(job, ending, chance, why)[0] <= tests - ending


@pytest.mark.parametrize("tests", [1, 2, 3, 7, 40])
def test_each_place_of_a_flood_is_found(tests: int) -> None:
    job = job_of(tests)
    everything = {number for number, step in enumerate(job.steps) if step.is_test}
    for one in everything:
        kept, runs = settle(job, {one}, random.Random(one), SPOKE_WITHOUT_END)
        assert kept == everything - {one}
        assert runs <= 3 + tests.bit_length() + 1


def test_steps_that_a_checker_names_twice_are_not_believed() -> None:
    attempt = TaskAttempt.first(job_of(4))
    for _ in range(3):  # the first run names no step; the second names step 0, and so does the third
        found = attempt.after_loss("ended the checker's process", 0, 0.1)
        assert isinstance(found, TaskAttempt)
        attempt = found
    assert attempt.search is not None
    assert 0 not in attempt.job.skipped_steps


def test_what_was_earned_before_is_kept_where_all_others_end_their_checkers() -> None:
    job = job_of(40)
    tests = [number for number, step in enumerate(job.steps) if step.is_test]
    kept, runs = settle(job, set(tests[20:]), random.Random(0), SPOKE_WITHOUT_END)
    assert kept == set(tests[:20])
    assert runs <= 2 * MOST_SEARCHED + 4


def test_no_search_goes_on_where_the_time_is_used_up() -> None:
    job = dataclasses.replace(job_of(40), total_seconds=1.0)
    kept, runs = settle(job, {0}, random.Random(0), SPOKE_WITHOUT_END, seconds=5.0)
    assert kept == set()
    assert runs <= 4
