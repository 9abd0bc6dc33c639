"""How an exercise is written: one file `ex_NN_id.py`, one `Exercise` (or `Quiz`) named `exercise`.

The file's docstring is the prompt. The decorators below gather the solution, the cases to try, right answers
in other styles, and mistakes, each with the name and the sentence that a learner reads::

    exercise = Exercise(topic="the causal mask", answer=Array())

    @exercise.solution
    def causal_mask(T): ...

    @exercise.part("Four positions", points=1)
    def four(rng):
        yield case(4)

    @exercise.equivalent
    def with_loops(T): ...

    @exercise.mistake(ONE_AHEAD)
    def one_ahead(T): ...
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from string import Template
from typing import Any

import numpy as np

from autograder.exercise.results import Array, ResultType

Function = Callable[..., Any]


@dataclass(frozen=True)
class Misconception:
    """A wrong idea: an id for machines, a name and one sentence for learners, and hints from vague to nearly the code."""

    id: str
    name: str
    message: str
    hints: tuple[str, ...] = ()

    def with_text(self, message: str | None = None, hints: Iterable[str] | None = None) -> Misconception:
        """The same idea with words for one exercise."""
        return Misconception(self.id, self.name, message or self.message, tuple(hints) if hints is not None else self.hints)


@dataclass(frozen=True)
class Case:
    """One call of the learner's function; `note` says in a few words what is special about it.

    `answer` is the kind of its result, where that is another than the exercise's (one of more digits, say).
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
    """A wrong answer and the idea behind it."""

    misconception: Misconception
    function: Function


@dataclass(frozen=True)
class Probe:
    """A symptom to look for in an answer that resembles no known mistake: `shows(answer)` is True where it has it."""

    misconception: Misconception
    shows: Callable[[Function], bool]


class Exercise:
    """A function to write. `answer` is what it returns: a kind, or a function from a case's arguments to a kind.

    `adapter` says how the learner's function is put to use, `adapter(function, *args)`, where a plain call does not
    show enough (a stream of tokens, say); `seconds` is the most that one call may take.
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
    ) -> None:
        self.topic = topic
        self.answer: ResultType | Callable[..., ResultType] = answer if answer is not None else Array()
        self.hints = hints
        self.probes = probes
        self.seconds = seconds
        self.parts: list[CaseGroup] = []
        self.equivalents: list[Function] = []
        self.mistakes: list[Mistake] = []
        self.warnings: list[tuple[str, Callable[[np.random.Generator], Iterator[Case]]]] = []
        self.equivalent_mutants: dict[str, str] = {}
        self.adapter: Callable[..., Any] | None = None
        self.function: Function | None = None
        self.starter_function: Function | None = None

    @property
    def id(self) -> str:
        return self.reference.__name__

    @property
    def reference(self) -> Function:
        if self.function is None:
            raise ValueError("this exercise has no @exercise.solution yet")
        return self.function

    @property
    def points(self) -> float:
        return sum(part.points for part in self.parts)

    @property
    def misconceptions(self) -> list[Misconception]:
        """Every idea this exercise can name, once each, in the file's order."""
        named = [mistake.misconception for mistake in self.mistakes] + [p.misconception for p in self.probes]
        return list({idea.id: idea for idea in named}.values())

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

    # What an exercise file decorates.

    def solution(self, function: Function) -> Function:
        """The worked answer; its body becomes the solution cell, its docstring stays in the stub."""
        self.function = function
        return function

    def starter(self, function: Function) -> Function:
        """Code to mend: what the learner is handed in place of an empty function, under the solution's name."""
        self.starter_function = function
        return function

    def part(self, title: str, points: float = 1.0) -> Callable[[Function], Function]:
        """A generator `(rng) -> cases`, small ones that print well first."""

        def add(cases: Function) -> Function:
            self.parts.append(CaseGroup(title, points, cases))
            return cases

        return add

    def equivalent(self, function: Function) -> Function:
        """A right answer in another style: it has to score full."""
        self.equivalents.append(function)
        return function

    def mistake(
        self, idea: Misconception, message: str | None = None, hints: Iterable[str] | None = None
    ) -> Callable[[Function], Function]:
        """A wrong answer, and the idea behind it; `says` and `hints` replace the idea's own words here."""

        def add(function: Function) -> Function:
            self.mistakes.append(Mistake(idea.with_text(message, hints), function))
            return function

        return add

    def warning(self, sentence: str) -> Callable[[Function], Function]:
        """Cases that cost nothing: a full answer that fails them is told `sentence`."""

        def add(cases: Function) -> Function:
            self.warnings.append((sentence, cases))
            return cases

        return add

    def adapt(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """How the learner's function is put to use: `(answer, *args) -> what to compare`."""
        self.adapter = function
        return function

    def equivalent_mutant(self, mutant: str, because: str) -> None:
        """Declare an automatic mutant of the solution right, by its description, with the reason."""
        self.equivalent_mutants[mutant] = because


@dataclass(frozen=True)
class Option:
    """One option of a quiz: its letter, its text, whether it holds, and why or why not."""

    letter: str
    text: str
    right: bool
    why: str
    misconception: str


class Quiz:
    """A question with lettered options. `id` starts with `quiz_`; several options may hold.

    `numbers` are what a variant may change: name → the values to choose from, the first one as it is in the lesson.
    `derive` makes further numbers out of the chosen ones. Prompt, options, explanations and hints write `$name`.
    """

    type = "quiz"

    def __init__(
        self,
        id: str,
        topic: str,
        *,
        points: float = 1.0,
        hints: tuple[str, ...] = (),
        numbers: Mapping[str, Sequence[Any]] | None = None,
        derive: Callable[[dict[str, Any]], Mapping[str, Any]] = dict,
    ) -> None:
        self.id = id
        self.topic = topic
        self.points = points
        self.hints = hints
        self.numbers = numbers or {}
        self.derive = derive
        self.options: list[Option] = []

    def variant(self, seed: int) -> Quiz:
        """The quiz with numbers and an order of options that follow from the seed; as it is in the lesson for 0."""
        twin = Quiz(self.id, self.topic, points=self.points, hints=tuple(self.with_numbers(hint, seed) for hint in self.hints))
        order = list(self.options)
        if seed:
            random.Random(f"{self.id} order {seed}").shuffle(order)
        for option in order:
            text, why = self.with_numbers(option.text, seed), self.with_numbers(option.why, seed)
            twin._add(text, option.right, why, option.misconception)
        return twin

    def with_numbers(self, text: str, seed: int) -> str:
        """`text` with the numbers of a variant."""
        if not self.numbers:
            return text
        rng = random.Random(f"{self.id} numbers {seed}")
        chosen = {name: rng.choice(values) if seed else values[0] for name, values in self.numbers.items()}
        return Template(text).substitute({**chosen, **self.derive(chosen)})

    @property
    def key(self) -> frozenset[str]:
        """The letters that hold."""
        return frozenset(option.letter for option in self.options if option.right)

    @property
    def misconceptions(self) -> list[Misconception]:
        return [
            Misconception(option.misconception, f"Option {option.letter}", option.why)
            for option in self.options
            if not option.right
        ]

    def right(self, text: str, why: str) -> None:
        """Add an option that holds."""
        self._add(text, True, why, "")

    def wrong(self, text: str, why: str, misconception: str) -> None:
        """Add an option that does not hold, the explanation its chooser reads, and the id of the idea behind it."""
        self._add(text, False, why, misconception)

    def _add(self, text: str, right: bool, why: str, misconception: str) -> None:
        self.options.append(Option("ABCDEFGH"[len(self.options)], text, right, why, misconception))
