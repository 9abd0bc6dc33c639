"""Names from before: folders of units that were moved or divided, and ids of exercises that were renamed.

Learners have workspaces, instructors have courses and answers in files that use them. Nothing else keeps such a table.
"""

from __future__ import annotations

from collections.abc import Iterable

# A unit's folder then, and where its contents are now; a learner's notebook of it goes with the first.
UNITS = {
    "04-causal-mask": ("05-causal-mask",),
    "05-masked-softmax": ("06-masked-softmax",),
    "06-single-token": ("04-single-token",),
    "08-train-and-inference": ("08-train-and-inference", "09-leak-audits"),
    "09-debugging": ("10-debugging", "11-clinic"),
    "10-generation": ("14-generation",),
    "11-kv-cache": ("15-kv-cache",),
    "12-mask-zoo": ("17-mask-zoo",),
    "14-efficient-attention": ("19-efficient-attention",),
    "15-gradients": ("20-gradients",),
    "16-capstone": ("23-capstone",),
    "17-bridge": ("12-libraries",),
}

# An exercise's id then, and now. A function, an answer in a file, a record of progress may still have the former one.
EXERCISES = {
    "causal_norm": "running_norm",  # in drafts of the unit
    "free_running_loss": "stepwise_loss",
    "fix_off_by_one": "repair_1",
    "fix_transposed": "repair_2",
    "fix_mask_after_softmax": "repair_3",
    "fix_softmax_axis": "repair_4",
    "fix_scale": "repair_5",
    "fix_zero_fill": "repair_6",
    "fix_in_place": "repair_7",
    "fix_two_bugs": "repair_two",
}


def present_id(id: str) -> str:
    """An exercise's id, given this or a former one."""
    return EXERCISES.get(id, id)


def ids_of(id: str) -> list[str]:
    """The names that an answer may have: the id that was asked for, the present one, then the former ones."""
    now = present_id(id)
    return list(dict.fromkeys([id, now, *(old for old, new in EXERCISES.items() if new == now)]))


def id_notice(id: str) -> str:
    """A sentence that names the present id of an exercise; empty where `id` is that."""
    return "" if present_id(id) == id else f"{id} is now called {present_id(id)}."


def unit_moved(name: str) -> str:
    """A sentence that says where the unit `name` is now, with a space before it; empty for every other name."""
    now = UNITS.get(name, (name,))
    return "" if name in now else f" The unit {name} is now {' and '.join(now)}."


def unit_in_path_moved(parts: Iterable[str]) -> str:
    """The same for a path's parts: the first of them that was a unit's folder or notebook."""
    return next((said for part in parts if (said := unit_moved(part.removesuffix(".ipynb")))), "")


def folders_of(unit: str) -> list[str]:
    """Where a learner may have answered the exercises of `unit`: its own folder first, then those they were in before."""
    before = [(new[0], old) for old, new in UNITS.items() if unit in new]
    return list(dict.fromkeys([unit, *(folder for pair in before for folder in pair)]))
