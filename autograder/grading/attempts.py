"""What follows where a checker's process ends before its notebook is done: the test that ended it is found and left out.

A checker says at which step it is. But a test may evaluate what a student wrote, and that can speak for the checker. Where it
names a step twice, or speaks without end, it is not believed: the notebook is run again up to some of its tests, half of them,
then a quarter more or less, until it is known which test ends its checker. What all the others earn is kept.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from autograder.grading.executor import Result
from autograder.notebook.job import Job, StepKind
from autograder.notebook.note import Note, NoteKind

GRACE = 5.0  # seconds of processor time that a checker has beyond those of its test
MOST_TRIES = 20  # of a notebook, beyond one for each of its tests
MOST_SEARCHED = 12  # runs of a search that end their checker
SPOKE_WITHOUT_END = "asked for more and more, and was ended"


@dataclass(frozen=True)
class TaskAttempt:
    """A run of a task; `job` is what is left of `whole` after the runs before it."""

    job: Job
    whole: Job
    tries: int = 1
    lost_seconds: float = 0.0  # of processor time, of checkers' processes that ended
    search: Search | None = None

    @classmethod
    def first(cls, job: Job) -> TaskAttempt:
        """The first run of a job."""
        return cls(job, job)

    def after_result(self, result: Result) -> TaskAttempt | Result:
        """What to run next after a run that was over; the result if that was all."""
        if self.search is None or self.search.is_whole:
            return result
        return self._searched(self.search.with_good(result))

    def after_loss(self, why: str, at: int | None, seconds: float) -> TaskAttempt | Result:
        """What to run next after a run whose checker ended, a clause says `why`; the result where no more is tried.

        `at` is the step that the checker has named last, and `seconds` the processor time that it used.
        """
        lost = dataclasses.replace(self, tries=self.tries + 1, lost_seconds=self.lost_seconds + seconds)
        if self.search is not None:
            return lost._searched(self.search.with_bad(why))
        if why == SPOKE_WITHOUT_END:
            return lost._searched(Search.begin(self.whole, why))
        if not self.job.report_every_step:
            return dataclasses.replace(lost, job=dataclasses.replace(self.job, report_every_step=True))
        step = at if at is not None else _first_test(self.job)
        tests = sum(step.is_test for step in self.job.steps)
        if step is None or step in self.job.skipped_steps or self.tries > MOST_TRIES + tests:
            return lost._searched(Search.begin(self.whole, why))
        what = "The test" if self.job.steps[step].is_test else "Reading what the cell showed"
        job = self.job.without([step], f"{what} {why}.")
        if lost.is_out_of_time:
            job = job.without(range(step + 1, len(job.steps)), "There was no time left after a step that did not end.")
        return dataclasses.replace(lost, job=job)

    @property
    def is_out_of_time(self) -> bool:
        """Whether the lost runs have cost as much as the notebook may take."""
        return self.lost_seconds > self.whole.total_seconds + GRACE

    def _searched(self, search: Search) -> TaskAttempt | Result:
        if not search.tests or search.lost > MOST_SEARCHED or self.is_out_of_time:
            return search.kept or Result(notes=[Note(NoteKind.ENDED_PYTHON, f"It could not be run: it {search.why}.")])
        return dataclasses.replace(self, job=search.next_job(), search=search)


@dataclass(frozen=True)
class Search:
    """Which test ends its checker. The first `good` of `tests` are known not to, the first `bad` of them to do so."""

    job: Job  # without what has been found
    tests: tuple[int, ...]  # their steps
    why: str
    bad: int
    good: int = 0
    lost: int = 0  # runs whose checker ended
    kept: Result | None = None  # of the first `good` tests

    @classmethod
    def begin(cls, job: Job, why: str) -> Search:
        """For a job that is known to end its checker."""
        tests = tuple(n for n, step in enumerate(job.steps) if step.is_test and n not in job.skipped_steps)
        return cls(dataclasses.replace(job, report_every_step=False), tests, why, len(tests))._without_found()

    @property
    def is_whole(self) -> bool:
        """Whether all tests are in the next run."""
        return self._tried == len(self.tests)

    @property
    def _tried(self) -> int:
        """How many tests are in the next run."""
        return len(self.tests) if self.bad > len(self.tests) else (self.good + self.bad) // 2

    def next_job(self) -> Job:
        """The first tests, and what comes before them."""
        end = len(self.job.steps) if self.is_whole else self.tests[self._tried]
        return self.job.without(range(end, len(self.job.steps)), f"It, or a test before it, {self.why}.")

    def with_good(self, result: Result) -> Search:
        """After a run that was over."""
        return dataclasses.replace(self, good=self._tried, kept=result)._without_found()

    def with_bad(self, why: str) -> Search:
        """After a run whose checker ended."""
        return dataclasses.replace(self, bad=self._tried, why=why, lost=self.lost + 1)._without_found()

    def _without_found(self) -> Search:
        """Without the test that ends its checker, if it is known which: then all others are tried together."""
        if self.bad - self.good != 1 or self.bad > len(self.tests):
            return self
        job = self.job.without([self.tests[self.good]], f"The test {self.why}.")
        tests = self.tests[: self.good] + self.tests[self.bad :]
        return dataclasses.replace(self, job=job, tests=tests, bad=len(tests) + 1)


def _first_test(job: Job) -> int | None:
    tests = (n for n, step in enumerate(job.steps) if step.kind is StepKind.TEST and n not in job.skipped_steps)
    return next(tests, None)
