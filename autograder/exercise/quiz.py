"""A quiz: a question with lettered options, written as Markdown in a file `quiz_id.md`.

A file holds, in this order: a comment with what a learner does not see (TOML), the question, the options as a task
list, and the hints::

    <!--
    topic = "heads"
    -->
    ### One head leaks

    A layer has 4 heads. Three are masked causally, one has no mask by mistake. What happens to its loss?

    - [ ] It is a quarter lower than it should be. <!-- leak_is_proportional -->
      > Nothing limits the model to a quarter: it learns to use the open head for everything.
    - [x] It falls almost as far as without any mask.
      > One open head is enough to copy the next token.

    #### Hints

    1. What does training look for?

`[x]` marks an option that holds; the comment after a wrong option is the id of its misconception; the quotation below
an option is what its chooser reads. The comment on top holds `topic`, and where they are needed `points`, `shuffle`,
`[numbers]` and `[derived]`; `Quiz` says what they mean.
"""

from __future__ import annotations

import math
import random
import re
import textwrap
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Template
from typing import Any

from autograder.errors import ExerciseError
from autograder.exercise.exercise import Misconception

LETTERS = "ABCDEFGH"
SETTINGS: dict[str, type | tuple[type, ...]] = {
    "topic": str,
    "points": (int, float),
    "shuffle": bool,
    "numbers": dict,
    "derived": dict,
}
OPTION = re.compile(r"- \[([ xX])\] (.*)")
COMMENT = re.compile(r"\s*<!--\s*(.*?)\s*-->")
LIST_ITEM = re.compile(r"- \[.?\]")
HINTS = re.compile(r"#+ Hints\s*")
HINT = re.compile(r"\d+\. (.+)")
FENCE = re.compile(r" *(```|~~~)")
FORMULA_NAMES = {**vars(math), "__builtins__": {"abs": abs, "format": format, "int": int, "round": round}}


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
    A variant has its options in another order, unless `shuffle` is False because the question refers to their letters.
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
        shuffle: bool = True,
    ) -> None:
        self.id = id
        self.topic = topic
        self.points = points
        self.hints = hints
        self.numbers = numbers or {}
        self.derive = derive
        self.shuffle = shuffle
        self.options: list[Option] = []

    def variant(self, seed: int) -> Quiz:
        """The quiz with numbers and an order of options that follow from the seed; as it is in the lesson for 0."""
        hints = tuple(self.with_numbers(hint, seed) for hint in self.hints)
        variant = Quiz(self.id, self.topic, points=self.points, hints=hints)
        order = list(self.options)
        if seed and self.shuffle:
            random.Random(f"{self.id} order {seed}").shuffle(order)
        for option in order:
            text, why = self.with_numbers(option.text, seed), self.with_numbers(option.why, seed)
            variant._add(text, option.right, why, option.misconception)
        return variant

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
    def has_several(self) -> bool:
        """Whether several letters hold; then an answer is a set of them."""
        return len(self.key) > 1

    @property
    def varies(self) -> bool:
        """Whether a variant has other numbers, or its options in another order."""
        return bool(self.numbers) or self.shuffle

    def options_markdown(self) -> str:
        """The options as a Markdown list, without a word on which holds."""
        return "\n".join(_option_markdown(option.letter, option.text) for option in self.options)

    def answer_line(self, letters: Iterable[str]) -> str:
        """The line of Python that gives this answer."""
        quoted = ", ".join(f'"{letter}"' for letter in sorted(letters))
        return f"{self.id} = " + (f"{{{quoted}}}" if self.has_several else quoted)

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
        """Add an option that does not hold, the explanation its chooser reads, and the id of its misconception."""
        self._add(text, False, why, misconception)

    def _add(self, text: str, right: bool, why: str, misconception: str) -> None:
        self.options.append(Option(LETTERS[len(self.options)], text, right, why, misconception))


def _option_markdown(letter: str, text: str) -> str:
    if "\n" not in text:
        return f"- **{letter}.** {text}"
    return f"- **{letter}.**\n\n{textwrap.indent(text.strip(), '  ')}\n"


def read_quiz(id: str, text: str) -> tuple[str, Quiz]:
    """The prompt and the quiz that a file `id`.md holds. Raises ExerciseError with the line of the slip."""
    lines = list(enumerate(text.rstrip().split("\n"), 1))
    end = _end_of_settings(lines)
    settings = _settings(lines[1 : end - 1])
    prompt, options, hints = _sections(lines[end:])
    if not prompt or not options:
        raise ExerciseError("a quiz has a question and below it a task list of options: `- [ ] ...`", end + 1)
    quiz = Quiz(
        id,
        settings["topic"],
        points=settings.get("points", 1.0),
        hints=tuple(_hints(hints)),
        numbers=settings.get("numbers"),
        derive=_derive(settings.get("derived", {})),
        shuffle=settings.get("shuffle", True),
    )
    question = "\n".join(line for _, line in prompt).strip()
    for item in _items(options):
        _add_option(quiz, item)
    _check(quiz, question, options[0][0])
    return question, quiz


Lines = Sequence[tuple[int, str]]  # each with its number in the file, counted from 1


def _end_of_settings(lines: Lines) -> int:
    """The number of the line that closes the comment on top."""
    if lines[0][1].strip() != "<!--":
        raise ExerciseError('a quiz begins with a comment: `<!--`, `topic = "..."`, `-->`, a line each', 1)
    for number, line in lines:
        if line.strip() == "-->":
            return number
    raise ExerciseError("the comment on top is not closed by a line `-->`", 1)


def _settings(lines: Lines) -> dict[str, Any]:
    """What the comment on top says, checked."""
    try:
        settings = tomllib.loads(
            "\n".join(["", *(line for _, line in lines)])
        )  # so that TOML counts the lines as we do
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise ExerciseError(f"the comment on top is not TOML: {error}", int(line[1]) if line else 1) from None
    for name, value in settings.items():
        line_number = next((n for n, line in lines if re.match(rf"\[?{name}\b", line)), 1)
        if name not in SETTINGS:
            raise ExerciseError(f"`{name}` is unknown; a quiz has {', '.join(SETTINGS)}", line_number)
        if not isinstance(value, SETTINGS[name]):
            raise ExerciseError(f"`{name}` has a value of the wrong type: {value!r}", line_number)
    if not settings.get("topic"):
        raise ExerciseError('the comment on top has no `topic = "..."`', 1)
    for name, values in settings.get("numbers", {}).items():
        if not isinstance(values, list) or not values:
            raise ExerciseError(f"`numbers.{name}` is a list of the values to choose from", 1)
    return settings


def _derive(formulas: Mapping[str, str]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Further numbers, each a Python expression of the chosen ones (and of the names of `math`)."""
    compiled = {name: compile(str(formula), f"derived.{name}", "eval") for name, formula in formulas.items()}

    def derive(chosen: dict[str, Any]) -> dict[str, Any]:
        return {name: eval(code, {**FORMULA_NAMES, **chosen}) for name, code in compiled.items()}

    return derive


def _sections(lines: Lines) -> tuple[Lines, Lines, Lines]:
    """The question, the options and the hints. Nothing within a fenced block begins one of them."""
    start_options = start_hints = len(lines)
    fenced = False
    for place, (_, line) in enumerate(lines):
        if FENCE.match(line):
            fenced = not fenced
        elif fenced:
            continue
        elif LIST_ITEM.match(line):
            start_options = min(start_options, place)
        elif HINTS.fullmatch(line):
            start_hints = place
    start_options = min(start_options, start_hints)
    return lines[:start_options], lines[start_options:start_hints], lines[start_hints + 1 :]


def _items(lines: Lines) -> Iterator[Lines]:
    """The options, each with the indented lines below it."""
    starts = [place for place, (_, line) in enumerate(lines) if LIST_ITEM.match(line)]
    for start, stop in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield lines[start:stop]


def _add_option(quiz: Quiz, item: Lines) -> None:
    number, first = item[0]
    parsed = OPTION.fullmatch(first)
    if parsed is None:
        raise ExerciseError("an option is written `- [ ] text <!-- misconception -->` or `- [x] text`", number)
    holds = parsed[1] != " "
    body = [_unindent(n, line) for n, line in item[1:]]
    quoted = next((n for n, line in enumerate(body) if line.startswith(">")), len(body))
    written = _text([parsed[2], *body[:quoted]])
    ids = COMMENT.findall(written)
    if holds and ids:
        raise ExerciseError("an option that holds has no misconception", number)
    if not holds and (len(ids) != 1 or not ids[0].isidentifier()):
        raise ExerciseError("a wrong option ends with its misconception's id: `<!-- id -->`", number)
    if len(quiz.options) == len(LETTERS):
        raise ExerciseError(f"a quiz has at most {len(LETTERS)} options", number)
    quiz._add(COMMENT.sub("", written), holds, _why(number, body[quoted:]), "".join(ids))


def _why(number: int, quotation: Sequence[str]) -> str:
    """The explanation: a quotation, to the end of the option that stands in line `number`."""
    if not quotation:
        raise ExerciseError("the option has no explanation: write it below, as `  > ...`", number)
    if any(line and not line.startswith(">") for line in quotation):
        raise ExerciseError("an option ends with its explanation: lines that begin with `>`", number)
    return _text(line.removeprefix(">").removeprefix(" ") for line in quotation)


def _unindent(number: int, line: str) -> str:
    if line.strip() and not line.startswith("  "):
        raise ExerciseError("what belongs to an option is indented by two spaces", number)
    return line[2:]


def _text(lines: Iterable[str]) -> str:
    """A paragraph as one line; several paragraphs, or a fenced block, as they are."""
    whole = "\n".join(lines).strip("\n")
    return whole if "\n\n" in whole or FENCE.search(whole) else " ".join(whole.split("\n")).strip()


def _hints(lines: Lines) -> Iterator[str]:
    """The items of a numbered list; the further lines of one are indented."""
    hint: list[str] = []
    for number, line in lines:
        item = HINT.fullmatch(line)
        if item:
            if hint:
                yield " ".join(hint)
            hint = [item[1].strip()]
        elif line.strip():
            if not hint or not line.startswith(" "):
                raise ExerciseError("hints are a numbered list: `1. ...`", number)
            hint.append(line.strip())
    if hint:
        yield " ".join(hint)


def _check(quiz: Quiz, question: str, line: int) -> None:
    """That the quiz can be answered, and that every `$name` has a value."""
    if not quiz.key or len(quiz.options) < 2:
        raise ExerciseError("a quiz has two options or more, and one of them holds: `- [x]`", line)
    try:
        quiz.variant(0)
        quiz.with_numbers(question, 0)
    except KeyError as error:
        raise ExerciseError(f"${error.args[0]} is not among the numbers", line) from None
    except Exception as error:
        raise ExerciseError(f"the numbers can't be filled in: {error}", line) from None
