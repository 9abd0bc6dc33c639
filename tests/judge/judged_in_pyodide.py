"""What runs inside Pyodide: solutions and mistakes of the exercises in ARGUMENTS, and answers that never end."""

import json
import time

from autograder.bank import catalog
from autograder.judge.judge import judge


def spins(*_):
    while True:
        pass


def swallows(*_):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass


def timed(exercise, answer):
    begun = time.monotonic()
    verdict = judge(exercise, answer)
    return {"passed": verdict.passed, "finding": verdict.misconception, "seconds": time.monotonic() - begun}


for id in ARGUMENTS:  # noqa: F821 (set by in_pyodide.mjs)
    exercise = catalog.find(id).load()
    print(json.dumps({"id": id, "kind": "solution", **timed(exercise, exercise.reference)}))
    for mistake in exercise.wrong_answers[:2]:
        print(json.dumps({"id": id, "kind": "mistake", **timed(exercise, mistake.function)}))
for endless in (spins, swallows):
    print(json.dumps({"id": "causal_mask", "kind": "endless", **timed(catalog.find("causal_mask").load(), endless)}))
