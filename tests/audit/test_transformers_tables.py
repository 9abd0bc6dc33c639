"""The tables of the audited transformers: what their heads and benchmarks/README.md say is what their rows say."""

import re
from collections import Counter
from pathlib import Path

import pytest
from support.clone import ROOT

TABLES = {path.stem.removeprefix("audit-transformers-"): path for path in (ROOT / "benchmarks").glob("audit-transformers-*.md")}
REAL = {"BigBirdForCausalLM", "DogeForCausalLM", "MegatronBertForCausalLM", "RemBertForCausalLM", "RoFormerForCausalLM"}
AS_THEY_ARE = {
    "XLMWithLMHeadModel": "not causal as configured",
    "XLNetLMHeadModel": "not causal as configured",
    "CpmAntForCausalLM": "not causal by design",
    "ReformerModelWithLMHead": "not causal by design",
}
BOTH = {"ProphetNetForCausalLM"}  # test_hugging_face.py shows why
ACCUSED = {"5.17.0": REAL | BOTH | {"MoshiForCausalLM"}, "5.24.0": BOTH}


def rows(path: Path) -> dict[str, str]:
    """Architecture → verdict."""
    cells = [line.strip("| \n").split(" | ") for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return {name: verdict.strip("*") for name, verdict, *_ in cells[1:]}


def test_both_versions_have_a_table() -> None:
    assert set(TABLES) == set(ACCUSED)


@pytest.mark.parametrize("version", ACCUSED)
def test_the_real_leaks_are_accused_and_of_the_others_those_that_the_text_names(version: str) -> None:
    found = rows(TABLES[version])
    assert {name for name, verdict in found.items() if verdict == "leaks"} == ACCUSED[version]
    assert {name: verdict for name, verdict in found.items() if verdict.startswith("not causal")} == AS_THEY_ARE


@pytest.mark.parametrize("version", ACCUSED)
def test_the_head_counts_the_rows(version: str) -> None:
    text, verdicts = TABLES[version].read_text(encoding="utf-8"), Counter(rows(TABLES[version]).values())
    head = re.search(r"(\d+) architectures, of which (\d+) got a verdict", text)
    assert head
    total, judged = map(int, head.groups())
    assert total == sum(verdicts.values())
    assert judged == total - verdicts["no verdict"] >= 130
    assert f"transformers {version}" in text
    assert all(f"{count} {verdict}" in text for verdict, count in verdicts.items())
    took = re.search(r"It took (\d+) s of processor time", text)
    assert took
    seconds = int(took[1])
    assert seconds < 2 * 600
    said = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    assert f"| {version} | {total} | {judged} | {verdicts['leaks']} | {verdicts['causal']} | {seconds} |" in said
