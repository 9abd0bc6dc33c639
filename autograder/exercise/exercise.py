"""How an exercise is written: a file `ex_NN_id.py` with one `Exercise` named `exercise`.

The file's docstring is the prompt. The decorators below gather the solution, the cases to try, right answers in other
styles, and mistakes. A mistake is a wrong answer whose docstring is what a learner reads, the hints as a list::

    exercise = Exercise(topic="the causal mask", answer=Array())

    @exercise.solution
    def causal_mask(T): ...

    @exercise.part("Four positions", points=1)
    def four(rng):
        yield case(4)

    @exercise.equivalent
    def with_loops(T): ...

    @exercise.mistake("Sees one token ahead")
    def one_ahead(T):
        '''Each query also sees the key right after it.

        - How many keys may the first query see?
        - Allowed is j <= i, not j <= i + 1.
        '''
        return np.tri(T, k=1)

docs/exercise-format.md shows all that an exercise can do. A quiz is Markdown: see `autograder.exercise.quiz`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.errors import ExerciseError
from autograder.exercise.explanation import read_explanation
from autograder.exercise.results import Array, ResultType

Function = Callable[..., Any]
Cases = Callable[[np.random.Generator], Iterator["Case"]]


@dataclass(frozen=True)
class Misconception:
    """A wrong idea: an id for machines, a name and one sentence for learners, and hints from vague to nearly the code."""

    id: str
    name: str
    message: str
    hints: tuple[str, ...] = ()

    def with_text(self, message: str | None = None, hints: Iterable[str] | None = None) -> Misconception:
        """The same misconception with a text for one exercise."""
        return Misconception(
            self.id, self.name, message or self.message, tuple(hints) if hints is not None else self.hints
        )


@dataclass(frozen=True)
class Case:
    """One call of the learner's function; `note` says in a few words what is special about it.

    `answer` is the type of its result, where that is another than the exercise's (one of more digits, say).
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    answer: ResultType | None = None


def case(*args: Any, note: str = "", answer: ResultType | None = None, **kwargs: Any) -> Case:
    """A case as an exercise file writes it: `case(Q, K, note="one query, three keys")`."""
    return Case(args, kwargs, note, answer)


@dataclass(frozen=True)
class CaseGroup:
    """A group of cases that earns its points together."""

    title: str
    points: float
    cases: Callable[[np.random.Generator], Iterator[Case]]


@dataclass(frozen=True)
class Mistake:
    """A wrong answer and the misconception behind it."""

    misconception: Misconception
    function: Function


@dataclass(frozen=True)
class Probe:
    """A symptom to look for in an answer that resembles no known mistake: `shows(answer)` is True where it has it."""

    misconception: Misconception
    shows: Callable[[Function], bool]


class Exercise:
    """A function to write. `answer` is what it returns: a type of result, or a function from a case's arguments to one.

    `seconds` is the most processor time that one call may take, and `min_calls` how often an answer is called at least, for
    what is wrong now and then: less often where a call takes long. `probes` are symptoms to look for in an answer that
    resembles no known mistake; `hides_expected` keeps the right result out of the feedback, where a learner finds it
    out rather than computes it. An exercise file calls the decorators; the judge reads `case_groups`, `right_answers`,
    `wrong_answers`, `warning_cases`, `declared_equivalent` (a mutant's description → the reason) and `adapter`.
    """

    type = "code"

    def __init__(
        self,
        topic: str,
        answer: ResultType | Callable[..., ResultType] | None = None,
        *,
        hints: tuple[str, ...] = (),
        probes: tuple[Probe, ...] = (),
        seconds: float = 5.0,
        min_calls: int = 20,
        hides_expected: bool = False,
    ) -> None:
        self.topic = topic
        self.answer: ResultType | Callable[..., ResultType] = answer if answer is not None else Array()
        self.hints = hints
        self.probes = probes
        self.seconds = seconds
        self.min_calls = min_calls
        self.hides_expected = hides_expected
        self.adapter: Callable[..., Any] | None = None
        self.declared_equivalent: dict[str, str] = {}
        self._case_groups: list[CaseGroup] = []
        self._right_answers: list[Function] = []
        self._wrong_answers: list[Mistake] = []
        self._warning_cases: list[tuple[str, Cases]] = []
        self._solution: Function | None = None
        self._starter: Function | None = None

    # What the judge reads.

    @property
    def id(self) -> str:
        return self.reference.__name__

    @property
    def reference(self) -> Function:
        """The worked answer."""
        if self._solution is None:
            raise ExerciseError("this exercise has no @exercise.solution yet")
        return self._solution

    @property
    def handed_out(self) -> Function | None:
        """The code to fix, if the exercise hands out any."""
        return self._starter

    @property
    def case_groups(self) -> Sequence[CaseGroup]:
        return self._case_groups

    @property
    def right_answers(self) -> Sequence[Function]:
        """Right answers in other styles than the solution's."""
        return self._right_answers

    @property
    def wrong_answers(self) -> Sequence[Mistake]:
        return self._wrong_answers

    @property
    def warning_cases(self) -> Sequence[tuple[str, Cases]]:
        """Cases that cost nothing, each with what a full answer that fails them is told."""
        return self._warning_cases

    @property
    def points(self) -> float:
        return sum(group.points for group in self._case_groups)

    @property
    def misconceptions(self) -> list[Misconception]:
        """Every misconception that this exercise can name, once each, in the file's order."""
        named = [mistake.misconception for mistake in self._wrong_answers] + [p.misconception for p in self.probes]
        return list({misconception.id: misconception for misconception in named}.values())

    def result_type_of(self, trial: Case) -> ResultType:
        if trial.answer is not None:
            return trial.answer
        if hasattr(self.answer, "parse"):
            return self.answer  # type: ignore[return-value]
        return self.answer(*trial.args, **trial.kwargs)

    def argument_names(self, trial: Case) -> list[str]:
        names: list[str] = []
        for name, parameter in inspect.signature(self.reference).parameters.items():
            several = parameter.kind is parameter.VAR_POSITIONAL
            names += [f"{name}[{n}]" for n in range(len(trial.args) - len(names))] if several else [name]
        return names[: len(trial.args)] + list(trial.kwargs)

    # What an exercise file calls.

    def solution(self, function: Function) -> Function:
        """The worked answer; its body becomes the solution cell, its docstring stays in the stub."""
        if self._solution is not None:
            raise ExerciseError("an exercise has one @exercise.solution; other right answers are @exercise.equivalent")
        self._solution = function
        return function

    def starter(self, function: Function) -> Function:
        """Code to fix: what the learner is handed in place of an empty function, under the solution's name."""
        self._starter = function
        return function

    def part(self, title: str, points: float = 1.0) -> Callable[[Function], Function]:
        """A generator `(rng) -> cases`, small ones that print well first."""
        _insist_on_text(title, "part")

        def add(cases: Function) -> Function:
            self._case_groups.append(CaseGroup(title, points, cases))
            return cases

        return add

    def equivalent(self, function: Function) -> Function:
        """A right answer in another style: it has to score full."""
        self._right_answers.append(function)
        return function

    def mistake(
        self, misconception: Misconception | Function | str, id: str | None = None
    ) -> Callable[[Function], Function]:
        """A wrong answer. Its docstring is what a learner reads: a sentence, and below it the hints as a list.

        `misconception` is the name of a new misconception, whose id is the function's name (or `id`); or a shared
        Misconception, or an earlier mistake that this is another form of: then the docstring may be left out, and the
        sentence and the hints are those of the other.
        """

        known = None if isinstance(misconception, str) else self._misconception(misconception)

        def add(function: Function) -> Function:
            named = known or self._misconception(misconception, id or str(getattr(function, "__name__", "")))
            # A starter's docstring is the contract that a learner is handed.
            message, hints = (None, None) if function is self._starter else read_explanation(function)
            if isinstance(misconception, str) and message is None:
                raise ExerciseError(f"the mistake {function.__name__} has no docstring; it is what a learner reads")
            self._wrong_answers.append(Mistake(named.with_text(message, hints), function))
            return function

        return add

    def add_mistakes(self, *mistakes: tuple[Misconception | Function, Function]) -> None:
        """Wrong answers of a line each, with a shared misconception or the earlier mistake that they are a form of."""
        self._wrong_answers += [Mistake(self._misconception(known), function) for known, function in mistakes]

    def add_shared_mistakes(
        self, mistakes: Iterable[tuple[Misconception, Function]], without: Iterable[Misconception] = ()
    ) -> None:
        """Those of a shared table that the exercise has no mistake for yet, `without` those that are right here."""
        named, left_out = {mistake.misconception.id for mistake in self._wrong_answers}, list(without)
        for misconception, function in mistakes:
            if misconception.id not in named and misconception not in left_out:
                self._wrong_answers.append(Mistake(misconception, function))

    def warning(self, sentence: str) -> Callable[[Function], Function]:
        """Cases that cost nothing: a full answer that fails them is told `sentence`."""
        _insist_on_text(sentence, "warning")

        def add(cases: Function) -> Function:
            self._warning_cases.append((sentence, cases))
            return cases

        return add

    def adapt(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """How the learner's function is called, where a plain call does not show enough (a stream of tokens, say).

        `function(answer, *args)` gives what is compared.
        """
        self.adapter = function
        return function

    def equivalent_mutant(self, mutant: str, because: str) -> None:
        """Declare an automatic mutant of the solution right, by its description, with the reason."""
        self.declared_equivalent[mutant] = because

    def _misconception(self, given: Misconception | Function | str, id: str = "") -> Misconception:
        if isinstance(given, Misconception):
            return given
        if isinstance(given, str):
            if any(mistake.misconception.id == id for mistake in self._wrong_answers):
                raise ExerciseError(f"there is a mistake {id} already; another form of it is @exercise.mistake({id})")
            return Misconception(id, given, "")
        for mistake in self._wrong_answers:
            if mistake.function is given:
                return mistake.misconception
        raise ExerciseError(f"{getattr(given, '__name__', given)} is not a mistake of this exercise")


def _insist_on_text(given: Any, decorator: str) -> None:
    if not isinstance(given, str):  # @exercise.part without a title is called with the function
        raise ExerciseError(f'@exercise.{decorator} is called with a text: @exercise.{decorator}("...")')
