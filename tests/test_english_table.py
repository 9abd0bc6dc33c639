"""The numbers of the models of real English in unit 08 are those that were measured."""

import re

from support.clone import ROOT

from leftcontext.model.english import table
from leftcontext.widgets.shared.mask_rules import LABELS

LESSON = (ROOT / "source/08-train-and-inference/lesson.md").read_text(encoding="utf-8")


def test_the_table_of_the_lesson_is_what_was_measured() -> None:
    section = LESSON.partition("## The same with real English")[2]
    rows = [[cell.strip() for cell in row.split("|")] for row in re.findall(r"^\|(.+)\|$", section, re.MULTILINE)]
    counted = f"{table()['ngrams']['5']:.2f}"
    wanted = []
    for mask, uses in table()["models"].items():
        own, causal = uses[mask], uses["causal"]
        bits = (own["held_out"], causal["held_out"], own["judged"])
        wanted.append([LABELS[mask], *(f"{x:.2f}" for x in bits), f"{own['known_words']:.0%}"])
    assert rows[2:] == [*wanted, ["a 5-gram model", counted, counted, "", ""]]
