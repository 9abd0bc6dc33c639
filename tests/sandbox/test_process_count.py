"""The processes of the user whom a process at level `basic` becomes are counted, and counted again once that is too old."""

import os

import pytest

from autograder.sandbox import restrict
from autograder.sandbox.restrict import NOBODY, ProcessCount


@pytest.mark.parametrize(("other", "user"), [(None, os.geteuid()), (NOBODY, NOBODY)])
def test_it_is_counted_again_once_it_is_too_old(monkeypatch: pytest.MonkeyPatch, other: int | None, user: int) -> None:
    now, there, asked = [100.0], [3], []

    def count(of: int) -> int:
        asked.append(of)
        return there[0]

    monkeypatch.setattr(restrict.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(restrict, "other_user", lambda: other)
    monkeypatch.setattr(restrict, "_count_processes", count)
    counted = ProcessCount()
    assert counted.now() == 3
    there[0] = 9
    now[0] += 0.9 * ProcessCount.SECONDS
    assert counted.now() == 3
    now[0] += 0.2 * ProcessCount.SECONDS
    assert counted.now() == 9
    assert asked == [user, user]
