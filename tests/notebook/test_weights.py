"""A cell's points reach `check`, however the call is written, and nothing else is touched."""

import ast

import pytest

from autograder.bank import catalog
from autograder.judge.judge import judge
from autograder.notebook.weights import with_points

OURS = {"check": "leftcontext.check", "np": "numpy"}


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ('check("a", a)', 'check("a", a, points=4)'),
        ('check("a", (a))', 'check("a", (a), points=4)'),
        ('check("a", a, seed=3)', 'check("a", a, seed=3, points=4)'),
        ('check("a", a, points=2)', 'check("a", a, points=4)'),
        ('check("a", a,)', 'check("a", a,points=4)'),
        ('# é\nx = "ü"; check("ä", a  # one, two\n)', '# é\nx = "ü"; check("ä", a  # one, two\n, points=4)'),
        ('%time\ncheck("a", a)', '%time\ncheck("a", a, points=4)'),
        ('check("a", a)\ncheck("b", b)', None),
        ("assert a == 1", None),
        ('check(a, "b")', None),
        ("check(", None),
    ],
)
def test_the_one_call_is_told(source: str, made: str | None) -> None:
    assert with_points(source, 4.0, OURS) == (source if made is None else made)


def test_a_check_of_the_instructors_own_stays_as_it_is() -> None:
    assert with_points('check("a", a)', 4.0, {}) == 'check("a", a)'
    assert with_points('check("a", a)', 4.0, {"check": "helper.check"}) == 'check("a", a)'
    ast.parse(with_points('judge("a", a)', 0.5, {"judge": "autograder.check"}))
    assert "points=0.5" in with_points('judge("a", a)', 0.5, {"judge": "autograder.check"})


@pytest.mark.parametrize("points", [1.0, 2.0, 4.0, 0.5, 7.0])
def test_every_part_of_a_verdict_scales(points: float) -> None:
    def causal_mask(T):  # right for short ones only
        import numpy as np

        return np.triu(np.full((T, T), -np.inf), k=1 if T <= 4 else 0)

    verdict = judge(catalog.find("causal_mask").load(), causal_mask)
    scaled = verdict.scaled(points)
    assert 0 < verdict.score < verdict.max_score
    assert scaled.max_score == pytest.approx(points)
    assert scaled.score / scaled.max_score == pytest.approx(verdict.score / verdict.max_score)
    assert [part.passed for part in scaled.parts] == [part.passed for part in verdict.parts]
