"""`leftcontext verify`: verify the bank. Right answers pass, mistakes fail and are named, mutants are noticed.

What is verified: at each of the seeds (20 where no other number is asked for), every right answer is right in every
case, and every mistake wrong in at least one; at the first seed the judge itself gives right answers full score, repeated
calls included; at some of the seeds it names every mistake as itself; at one of MUTANT_SEEDS seeds every mutant fails
that is not declared equivalent. `make test` verifies over fewer seeds, and does not run a mistake once more by itself.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import active_children, get_context, parent_process
from typing import Any, TypeVar

from autograder.bank import catalog
from autograder.bank.mutation import mutants
from autograder.errors import ExerciseError
from autograder.exercise.exercise import Exercise
from autograder.exercise.quiz import Quiz
from autograder.judge.closest_mistake import mistake_attempts
from autograder.judge.diagnose import diagnose
from autograder.judge.judge import judge
from autograder.judge.trials import draw_trials, try_all, try_once

SEEDS = 20  # verdicts must not change over so many
MUTANT_SEEDS = 2
MIN_EQUIVALENTS = 3
Found = TypeVar("Found")
EVERY = "*"  # declares all mutants of an exercise that is graded by what the answer achieves, not by what it returns


@dataclass
class Verification:
    """What was verified of one exercise. Everything holds where `problems` is empty."""

    exercise: str
    unit: str
    kind: str
    right: int = 0  # solution and equivalents that score full
    wrong: int = 0  # mistakes (or wrong options) that score less
    named: int = 0  # ... and are named as themselves
    mutants: int = 0
    killed: int = 0
    equivalent: dict[str, str] = field(default_factory=dict)  # mutants declared right, with the reason
    problems: list[str] = field(default_factory=list)


def verify_exercise(id: str, seeds: int = SEEDS) -> Verification:
    """Verify one exercise. An error in its file is a problem, with its place."""
    entry = catalog.find(id)
    found = Verification(id, entry.unit, "quiz" if id.startswith("quiz_") else "code")
    try:
        _verify(entry.load(), entry, found, seeds)
    except ExerciseError as error:
        found.problems.append(str(error))
    except Exception as error:
        found.problems.append(catalog.slip(error, entry.path))
    return found


def _verify(exercise: Exercise | Quiz, entry: catalog.ExerciseFile, found: Verification, seeds: int) -> None:
    if exercise.id != entry.id:
        found.problems.append(f"the file is named {entry.path.name}, but its exercise is {exercise.id}")
    if isinstance(exercise, Quiz):
        _verify_quiz(exercise, found, seeds)
        return
    exercise.seconds = min(exercise.seconds, 5.0)
    _verify_right(exercise, found, seeds)
    _verify_wrong(exercise, found, seeds)
    _verify_mutants(exercise, found)


def _naming_seeds(seeds: int) -> int:
    """Over how many of the seeds a mistake must be named as itself. Fewer than all: the judge then makes every call."""
    return 1 + seeds // 10


def verify_all(ids: Iterable[str], seeds: int = SEEDS, jobs: int | None = None) -> Iterator[Verification]:
    """Verifications as they are done, on all cores. Whoever stops listening (Ctrl-C, say) ends them at once."""
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_begin_worker)
    try:
        # From the end of the course, where the exercises are that take longest: they should not be the last to be done.
        with _interrupts_held():
            begun = [pool.submit(verify_exercise, id, seeds) for id in reversed(list(ids))]
        for done in as_completed(begun):
            yield done.result()
    except BaseException:
        for worker in active_children():
            worker.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C reaches the workers too, where it would end one verification, and the next would begin: or, in one that has not
    begun its work, the start of Python, with a traceback. So they are started with it blocked, as a new process inherits it."""
    if sys.platform == "win32":  # which has no such mask
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this worker when its parent has ended, however that was: a killed one can't say so."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _verify_quiz(quiz: Quiz, found: Verification, seeds: int) -> None:
    if not quiz.key or not quiz.id.startswith("quiz_"):
        found.problems.append("a quiz has a right option, and its id starts with quiz_")
    failed = _first(seed for seed in range(seeds) if not judge(quiz, quiz.variant(seed).key, seed).passed)
    found.right = int(failed is None)
    if failed is not None:
        found.problems.append(f"its own key does not pass at seed {failed}")
    found.wrong = sum(not option.right for option in quiz.options)
    for seed in range(seeds):
        found.problems += _unexplained_options(quiz, seed)
    found.named = found.wrong if not found.problems else 0
    if judge(quiz, "").score or judge(quiz, None).score:
        found.problems.append("an empty answer scores")


def _unexplained_options(quiz: Quiz, seed: int) -> Iterator[str]:
    """Wrong options that pass, or whose choice is not explained as their own misconception."""
    variant = quiz.variant(seed)
    for option in variant.options:
        for answer in (option.letter, variant.key | {option.letter}):
            if option.right:
                continue
            verdict = judge(quiz, answer, seed)
            if verdict.passed or verdict.misconception != option.misconception or not option.why:
                yield f"the wrong answer {answer} is not explained as {option.misconception} at seed {seed}"
    texts = [option.text for option in variant.options]
    if len(set(texts)) < len(texts):
        yield f"two options read the same at seed {seed}"


def _verify_right(exercise: Exercise, found: Verification, seeds: int) -> None:
    if len(exercise.right_answers) < MIN_EQUIVALENTS:
        found.problems.append(f"fewer than {MIN_EQUIVALENTS} equivalents")
    for function in (exercise.reference, *exercise.right_answers):
        failed = _first(seed for seed in range(seeds) if not _scores_full(exercise, function, seed))
        if failed is None:
            found.right += 1
            continue
        finding = judge(exercise, function, failed).finding
        found.problems.append(f"right answer {function.__name__} fails at seed {failed}: {finding and finding.message}")


def _scores_full(exercise: Exercise, function: Callable[..., Any], seed: int) -> bool:
    """Whether a right answer scores full: at the first seed by all that the judge asks, repeated calls included.

    At the other seeds every case is tried once: whether a function does the same each time does not hang on the seed.
    """
    trials = draw_trials(exercise, seed)
    if seed == 0:
        return all(attempt.is_right for attempt in try_all(exercise, function, trials))
    return all(try_once(exercise, function, trial).is_right for trial in trials)


def _verify_wrong(exercise: Exercise, found: Verification, seeds: int) -> None:
    if judge(exercise, _stub).score:
        found.problems.append("the stub scores")
    for number, mistake in enumerate(exercise.wrong_answers):
        name = mistake.misconception.id
        passed = _passing_seed(exercise, mistake.function, seeds)
        if passed is not None:
            found.problems.append(f"mistake {name} passes at seed {passed}")
            continue
        found.wrong += 1
        called = {f"at seed {seed}": _identify(exercise, number, seed) for seed in range(_naming_seeds(seeds))}
        if seeds >= SEEDS:
            called["by itself"] = judge(exercise, mistake.function).misconception
        other = _first(where for where, misconception in called.items() if misconception != name)
        if other is None:
            found.named += 1
        else:
            found.problems.append(f"mistake {name} is named {called[other]} {other}")


def _passing_seed(exercise: Exercise, function: Callable[..., Any], seeds: int) -> int | None:
    """The first seed at which an answer scores full."""
    failed = 0
    for seed in range(seeds):
        found = _failing_trial(exercise, function, seed, failed)
        if found is None:
            return seed
        failed = found
    return None


def _failing_trial(exercise: Exercise, function: Callable[..., Any], seed: int, likely: int = 0) -> int | None:
    """The number of a trial on which an answer is wrong, None if it scores full; the `likely` one is tried first."""
    trials = draw_trials(exercise, seed)
    for number in sorted(range(len(trials)), key=lambda number: number != likely):
        if not try_once(exercise, function, trials[number]).is_right:
            return number
    # Once more in order, repeats included: what caches or is random may show only there.
    attempts = try_all(exercise, function, trials)
    return _first(number for number, attempt in enumerate(attempts) if not attempt.is_right)


def _identify(exercise: Exercise, number: int, seed: int) -> str | None:
    """What the judge calls a mistake, by the calls that the diagnosis of other answers has made of it already."""
    function = exercise.wrong_answers[number].function
    attempts = mistake_attempts(exercise, seed, number)
    if all(attempt.is_right for attempt in attempts):
        return None
    named = diagnose(exercise, function, seed, attempts).misconception
    return named.id if named else None


def _verify_mutants(exercise: Exercise, found: Verification) -> None:
    if EVERY in exercise.declared_equivalent:  # then none are made
        return
    exercise.seconds = min(exercise.seconds, 1.0)
    made = mutants(exercise.reference)
    survivors = {
        mutant.description
        for mutant in made
        if all(_failing_trial(exercise, mutant.function, seed) is None for seed in range(MUTANT_SEEDS))
    }
    found.mutants, found.killed = len(made), len(made) - len(survivors)
    declared = exercise.declared_equivalent
    found.equivalent = {name: declared[name] for name in survivors if name in declared}
    for name in sorted(survivors - declared.keys()):
        found.problems.append(f"mutant survives: {name}")
    for name in sorted(declared.keys() - survivors):
        found.problems.append(f"declared right, but it is killed or does not exist: {name}")


def _first(found: Iterator[Found]) -> Found | None:
    return next(found, None)


def _stub(*_args: Any, **_kwargs: Any) -> None:
    raise NotImplementedError
