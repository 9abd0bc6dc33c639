"""The one judge of all exercises: run an answer on the cases, compare with the solution, find what went wrong."""

from __future__ import annotations

import copy
import dis
import functools
import re
import types
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.exercise.exercise import Case, Exercise, Misconception
from autograder.exercise.quiz import Quiz
from autograder.exercise.results import Difference, InvalidResult, ResultType, described
from autograder.judge.failures import FAILURES
from autograder.judge.guarded_call import CallFailure, guarded_call, same_data

TWIN, REMARK = 2000, 1000  # what the number of a part is moved by, to draw its cases once more, or a remark's
FEWEST_CALLS = 20  # an answer that is called less often is asked again, for what is wrong now and then


@dataclass(frozen=True)
class Trial:
    """One case with what it should give."""

    part: int
    case: Case
    kind: ResultType
    expected: Any

    @property
    def size(self) -> int:
        """How much there is to look at; the smallest failing trial is the one that is shown."""
        values = [*self.case.args, *self.case.kwargs.values(), self.expected]
        return sum(np.size(value) if isinstance(value, np.ndarray | list) else 1 for value in values)


@dataclass
class Outcome:
    """What an answer did on one trial."""

    value: Any = None
    trouble: CallFailure | None = None
    changed: list[int | str] = field(default_factory=list)
    printed: str = ""


@dataclass
class Finding:
    """What is wrong, as a learner is told it. `certain` is False where it only looks like the misconception."""

    misconception: Misconception | None
    message: str
    certain: bool = True
    trial: Trial | None = None
    outcome: Outcome | None = None
    difference: Difference | None = None
    names: tuple[str, ...] = ()  # of the arguments


@dataclass
class PartScore:
    """What one part of an exercise earned."""

    title: str
    points: float
    passed: bool


@dataclass
class Verdict:
    """The judge's word on one answer."""

    exercise: str
    kind: str
    parts: list[PartScore]
    finding: Finding | None = None
    hints: tuple[str, ...] = ()
    remarks: list[str] = field(default_factory=list)

    @property
    def score(self) -> float:
        return sum(part.points for part in self.parts if part.passed)

    @property
    def max_score(self) -> float:
        return sum(part.points for part in self.parts)

    @property
    def passed(self) -> bool:
        return all(part.passed for part in self.parts)

    @property
    def misconception(self) -> str | None:
        idea = self.finding.misconception if self.finding else None
        return idea.id if idea else None


def judge(exercise: Exercise | Quiz, answer: Any, seed: int = 0) -> Verdict:
    """Judge one answer: a function for an Exercise, one or more letters for a Quiz. Never raises over the answer."""
    if isinstance(exercise, Quiz):
        return _judge_quiz(exercise.variant(seed), answer)
    if not callable(answer):
        return _refused(exercise, answer)
    from autograder.judge.diagnose import diagnose  # here, for the diagnosis runs the judge's own trials

    all_trials = trials(exercise, seed)
    outcomes = run(exercise, answer, all_trials)
    right = [is_right(trial, outcome) for trial, outcome in zip(all_trials, outcomes, strict=True)]
    parts = [
        PartScore(part.title, part.points, all(ok for trial, ok in zip(all_trials, right, strict=True) if trial.part == n))
        for n, part in enumerate(exercise.case_groups)
    ]
    verdict = Verdict(exercise.id, "code", parts)
    if verdict.passed:
        verdict.remarks = _remarks(exercise, answer, seed)
        return verdict
    verdict.finding = diagnose(exercise, answer, seed, all_trials, outcomes, right)
    idea = verdict.finding.misconception
    verdict.hints = idea.hints if idea and idea.hints else exercise.hints
    return verdict


@functools.lru_cache(maxsize=256)
def trials(exercise: Exercise, seed: int) -> tuple[Trial, ...]:
    """Every case of every part, with what the solution gives. The same seed gives the same cases."""
    found = []
    for number, part in enumerate(exercise.case_groups):
        cases = _drawn(exercise, part.cases, number, seed)
        twin = _twin(cases, _drawn(exercise, part.cases, TWIN + number, seed))
        found += [_trial(exercise, case, number) for case in cases + twin]
    return tuple(found)


def _drawn(exercise: Exercise, cases: Callable[..., Any], number: int, seed: int) -> list[Case]:
    rng = np.random.default_rng([seed, number, zlib.crc32(exercise.id.encode())])
    return [copy.deepcopy(case) for case in cases(rng)]  # a generator may go on changing the arrays that it yielded


def _twin(cases: list[Case], drawn_again: list[Case]) -> list[Case]:
    """A case that looks like an earlier one and holds other numbers: what is remembered by its shape shows."""
    pairs = zip(cases, drawn_again, strict=False)
    return [twin for case, twin in pairs if same_form(case, twin) and not same_data(_given(case), _given(twin))][:1]


def same_form(one: Case, other: Case) -> bool:
    """Whether two cases differ in the numbers within their arrays at most."""
    pairs = list(zip(_given(one), _given(other), strict=False))
    alike = all(np.shape(a) == np.shape(b) if isinstance(a, np.ndarray) else same_data(a, b) for a, b in pairs)
    return alike and len(pairs) == len(_given(one)) == len(_given(other)) and one.note == other.note


def _given(case: Case) -> list[Any]:
    return [*case.args, *case.kwargs.values()]


def _trial(exercise: Exercise, case: Case, number: int) -> Trial:
    kind = exercise.result_type_of(case)
    outcome = attempt(exercise, exercise.reference, case, kind)
    if outcome.trouble is not None:
        raise ValueError(f"{exercise.id}: the solution fails on {case}: {outcome.trouble.message}")
    return Trial(number, case, kind, outcome.value)


def attempt(exercise: Exercise, function: Callable[..., Any], case: Case, kind: ResultType) -> Outcome:
    """One call, guarded, and its result read."""

    def call(*args: Any, **kwargs: Any) -> tuple[Any, InvalidResult | None]:
        try:
            raw = exercise.adapter(function, *args, **kwargs) if exercise.adapter else function(*args, **kwargs)
            return kind.parse(raw), None
        except InvalidResult as misread:
            return None, misread

    done = guarded_call(call, case.args, case.kwargs, exercise.seconds)
    outcome = Outcome(trouble=done.trouble, changed=done.changed, printed=done.printed)
    if done.trouble is None:
        outcome.value, misread = done.result
        if misread is not None:
            outcome.trouble = CallFailure(misread.kind, str(misread))
    return outcome


def _code_of(function: Callable[..., Any]) -> types.CodeType | None:
    try:
        code = function.__code__
    except Exception:  # a callable object may answer to any name as it likes
        return None
    return code if isinstance(code, types.CodeType) else None


def run(exercise: Exercise, function: Callable[..., Any], all_trials: tuple[Trial, ...]) -> list[Outcome]:
    """The outcome on every trial. One that hangs or was never written ends the run: the rest would do the same."""
    if _is_unwritten(function):
        return [Outcome(trouble=CallFailure("not_written", FAILURES["not_written"].message))] * len(all_trials)
    outcomes: list[Outcome] = []
    for trial in all_trials:
        outcome = attempt(exercise, function, trial.case, trial.kind)
        outcomes.append(outcome)
        if outcome.trouble and outcome.trouble.kind in ("hangs", "not_written"):
            return outcomes + [outcome] * (len(all_trials) - len(outcomes))
    _repeat(exercise, function, all_trials, outcomes)
    return outcomes


def _is_unwritten(function: Callable[..., Any]) -> bool:
    """Whether nothing happens in a function: a docstring, a comment, `...` or `pass`, as it is handed out."""
    code = _code_of(function)
    steps = [step for step in dis.get_instructions(code) if step.opname not in ("RESUME", "NOP")] if code else []
    return bool(steps) and all(
        step.opname == "RETURN_VALUE" or (step.opname.endswith("_CONST") and step.argval is None) for step in steps
    )


def _repeat(
    exercise: Exercise, function: Callable[..., Any], all_trials: tuple[Trial, ...], outcomes: list[Outcome]
) -> None:
    """Call the first case of each part once more, after all the others: what is remembered or random shows."""
    seen = set()
    for trial, first in zip(all_trials, outcomes, strict=True):
        if trial.part in seen or first.trouble:
            continue
        seen.add(trial.part)
        calls = max(1, (FEWEST_CALLS - len(all_trials)) // len(exercise.case_groups))
        if any(differs_again(exercise, function, trial, first) for _ in range(calls)):
            first.trouble = not_repeatable().trouble


def not_repeatable() -> Outcome:
    """The outcome of two calls with one input and two results."""
    return Outcome(trouble=CallFailure("not_repeatable", FAILURES["not_repeatable"].message))


def differs_again(exercise: Exercise, function: Callable[..., Any], trial: Trial, first: Outcome) -> bool:
    """Whether another call with the same input has another outcome."""
    again = attempt(exercise, function, trial.case, trial.kind)
    if again.trouble and first.trouble:
        return again.trouble.kind not in (first.trouble.kind, "hangs")  # a slow moment is no other answer
    if again.trouble or first.trouble:
        return True
    return trial.kind.compare(first.value, again.value) is not None


def is_right(trial: Trial, outcome: Outcome) -> bool:
    """Whether an answer did all that the trial wants, and nothing else."""
    return (
        outcome.trouble is None
        and not outcome.changed
        and trial.kind.compare(trial.expected, outcome.value) is None
    )


def _remarks(exercise: Exercise, answer: Callable[..., Any], seed: int) -> list[str]:
    """Sentences for a full answer that has a weakness which costs nothing."""
    said = []
    for number, (sentence, cases) in enumerate(exercise.warning_cases):
        for case in _drawn(exercise, cases, REMARK + number, seed):
            trial = _trial(exercise, case, number)
            if not is_right(trial, attempt(exercise, answer, trial.case, trial.kind)):
                said.append(sentence)
                break
    return said


def _refused(exercise: Exercise, answer: Any) -> Verdict:
    """The verdict on something that is not a function."""
    parts = [PartScore(part.title, part.points, False) for part in exercise.case_groups]
    message = f'This is {described(answer)}, not a function. Pass the function itself: check("{exercise.id}", {exercise.id})'
    finding = Finding(FAILURES["wrong_type"], message)
    return Verdict(exercise.id, "code", parts, finding, exercise.hints)


def _letters(answer: Any) -> frozenset[str] | None:
    """The letters of an answer in any form ("b", "A, C", "(B)", {"A", "C"}); None where it is no such thing."""
    if isinstance(answer, str):
        answer = re.sub(r"[^\w\s]", " ", answer).split()
        answer = list(answer[0]) if len(answer) == 1 else answer
    if not isinstance(answer, set | frozenset | list | tuple):
        return None
    if not all(isinstance(letter, str) and len(letter.strip()) == 1 for letter in answer):
        return None
    return frozenset(letter.strip().upper() for letter in answer)


def _judge_quiz(quiz: Quiz, answer: Any) -> Verdict:
    chosen = _letters(answer)
    verdict = Verdict(quiz.id, "quiz", [PartScore("The answer", quiz.points, chosen == quiz.key)])
    if verdict.passed:
        verdict.remarks = [option.why for option in quiz.options if option.right and option.why]
        return verdict
    verdict.hints = quiz.hints
    verdict.finding = _wrong_choice(quiz, answer, chosen)
    return verdict


def _wrong_choice(quiz: Quiz, answer: Any, chosen: frozenset[str] | None) -> Finding:
    example = '"A"' if len(quiz.key) == 1 else '{"A", "C"}'
    if answer is None or answer is Ellipsis or chosen == frozenset():
        return Finding(FAILURES["not_written"], f"Not answered yet. An answer looks like {example}.")
    known = {option.letter for option in quiz.options}
    if chosen is None or not chosen <= known:
        letters = ", ".join(sorted(known))
        return Finding(FAILURES["wrong_type"], f"The answer {answer!r} is not among {letters}. It looks like {example}.")
    wrong = [option for option in quiz.options if option.letter in chosen and not option.right]
    if wrong:
        idea = next(m for m in quiz.misconceptions if m.id == wrong[0].misconception)
        several = len(wrong) > 1  # of one, the title names the letter
        return Finding(idea, " ".join(f"{option.letter}: {option.why}" if several else option.why for option in wrong))
    missing = Misconception("quiz_incomplete", "Not all of them", "What you chose holds, but it is not all that holds.")
    return Finding(missing, missing.message)
