"""One audit under way: the model, what is asked of it, and what has been found so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from leftcontext.audit.inputs import Draws
from leftcontext.audit.libraries import Inputs
from leftcontext.audit.model import Subject
from leftcontext.audit.movements import Movement, repeat_move
from leftcontext.audit.parameters import in_double_precision, uses_single_precision
from leftcontext.audit.statistics import is_systematic
from leftcontext.audit.structure import Structure
from leftcontext.audit.tolerance import tolerance_of

SINGLE = 1e-6  # relative: as much as a float32 inside a float64 may round
AS_IT_IS = "as it is"  # the mode of what has none
SHORT = 12  # at this length every output is asked with every kind of change
INSTEAD = (8, 5, 16, 32, 64)  # where the model does not take so many
SETTLED_AT_MOST = 3  # moves of rounding size that are looked into, for each probe


@dataclass(frozen=True, eq=False)
class Leak:
    """Something that an output depends on and must not.

    probe    the name of the probe that found it
    move    the question and the answer; None where it is no matter of one output and one input
    mode     `eval`, `train`, or as it is
    through  what the leak needs, where that is known: `with a cache`, `through padding` ...
    exam     the examination in which it leaked: with a cache, say, the model is another function
    """

    probe: str
    move: Movement | None
    mode: str
    through: str | None = None
    exam: Examination | None = None


@dataclass(eq=False)
class Examination:
    """What the probes work on, and what they write down."""

    subject: Subject
    draws: Draws
    structure: Structure
    known: Callable[[int], Inputs]  # a number of positions → inputs (1, T, ...) such as those that the model has taken
    length: int
    vocab: int | None = None
    thorough: bool = False
    params: Any = None
    dtype: str = ""  # of the outputs, before anything is changed
    leaks: list[Leak] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    not_tried: list[str] = field(default_factory=list)
    taken: dict[int, bool] = field(default_factory=dict)  # length → whether the model takes so many inputs
    clean: dict[str, list[int]] = field(default_factory=dict)  # mode → lengths at which nothing moved
    noise: float = 0.0  # between two calls with equal inputs
    rounding: float = 0.0  # the largest difference that was found to be rounding, relative
    directed: list[Movement] = field(default_factory=list)  # as small as a float32 rounds, but in one direction
    random: list[str] = field(default_factory=list)  # modes in which equal inputs give other outputs: not audited

    @property
    def modes(self) -> list[str]:
        """The modes to audit in, the more important one first."""
        return [mode for mode in ("eval", "train") if mode not in self.random] if self.subject.has_modes else [AS_IT_IS]

    @property
    def can_be_doubled(self) -> bool:
        """Whether the model can be run in float64, and usually is not."""
        return self.subject.is_in_torch and self.dtype not in ("", "float64")

    @property
    def short(self) -> int:
        """A length at which every output can be asked with every kind of change."""
        wanted = [n for n in (SHORT, *INSTEAD) if n <= self.length]
        return next((fit for n in wanted if self.takes(fit := self.structure.fit(n))), self.length)

    def takes(self, T: int) -> bool:
        """Whether the model can be called with T inputs: some take one length alone, or whole blocks, or no short ones."""
        if T not in self.taken:
            try:
                self.taken[T] = self.subject.outputs(self.known(T)).shape[1] == self.structure.count(T)
            except Exception:  # whatever a model raises that doesn't take so many
                self.taken[T] = False
        return self.taken[T]

    def near(self, T: int) -> int:
        """T, or all inputs where there are fewer, or the short length where the model takes neither."""
        wanted = min(T, self.length)
        return wanted if self.takes(wanted) else self.short

    def rows(self, T: int) -> int:
        """How many rows to put in one call with T inputs."""
        return max(2, min(32, 2048 // T))

    def judge(self, probe: str, mode: str, moves: Iterable[Movement], through: str | None = None) -> bool:
        """Write down a leak if one of the moves is no rounding. Returns whether there was one."""
        by_size = sorted((move for move in moves if move.size > 2 * self.noise), key=lambda move: -move.size / move.scale)
        certain = [move for move in by_size if move.is_certain]
        if certain:
            self._note(probe, min(certain, key=lambda move: (move.length, move.i)), mode, through)
            return True
        for move in by_size[:SETTLED_AT_MOST]:
            if (settled := self.settle(move)) is not None:
                self._note(probe, settled, mode, through)
                return True
            self.rounding = max(self.rounding, move.size / move.scale)
        return False

    def _note(self, probe: str, move: Movement, mode: str, through: str | None) -> None:
        self.leaks.append(Leak(probe, move, mode, through, self))

    def with_subject(self, subject: Subject, structure: Structure | None = None, length: int | None = None) -> Examination:
        """The same examination, its lists shared, of the model in another form."""
        return replace(self, subject=subject, structure=structure or self.structure, length=length or self.length)

    def settle(self, move: Movement) -> Movement | None:
        """The move, where its difference, as small as rounding, is a leak all the same; None where it is rounding."""
        if self.can_be_doubled and move.dtype != "float64":
            try:
                with in_double_precision(self.subject):
                    again = repeat_move(self.subject, move)
                    if again.size <= tolerance_of("float64").nothing * again.scale:
                        return None
                    if not is_systematic(self.subject, self.draws, move):
                        return None
                    return None if self.is_single_rounding(again) else again
            except (RuntimeError, TypeError, ValueError):  # it can't be run in float64: its own precision has to do
                pass
        if not is_systematic(self.subject, self.draws, move):
            return None
        if move.dtype == "float32":  # a sum over everything, less what comes later, rounds in one direction too
            self.directed.append(move)
            return None
        return move

    def is_single_rounding(self, move: Movement) -> bool:
        """Whether a move in float64 is as small as a float32 rounds, and the model computes in float32 inside: a warning."""
        if move.size > SINGLE * move.scale or not uses_single_precision(self.subject, move.base):
            return False
        self.directed.append(move)
        return True
