"""Cheat sheet, glossary and bibliography: the code runs, terms are in order, entries are whole."""

import re

import pytest
from support.clone import ROOT

FOLDER = ROOT / "source/reference"
UNITS = {path.parent.name[:2] for path in (ROOT / "source").glob("*/lesson.md")}
COMING = {"16", "18", "21", "22"}  # units that are still to come
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.md"))}


def test_the_code_of_the_cheat_sheet_runs_and_its_claims_hold() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGES["cheat-sheet"], re.DOTALL)
    assert len(blocks) == PAGES["cheat-sheet"].count("```") / 2 >= 6
    scope: dict[str, object] = {}
    for number, block in enumerate(blocks):
        exec(compile(block, f"cheat sheet, block {number}", "exec"), scope)


def test_the_conventions_of_the_cheat_sheet_are_those_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    q = torch.arange(12.0).reshape(1, 1, 3, 4).sin()
    allowed = torch.ones(3, 3, dtype=torch.bool).tril()
    attention = torch.nn.functional.scaled_dot_product_attention
    expected = attention(q, q, q, is_causal=True)
    assert torch.allclose(attention(q, q, q, attn_mask=allowed), expected)
    assert torch.allclose(attention(q, q, q, attn_mask=torch.where(allowed, 0.0, -torch.inf)), expected)
    layer = torch.nn.MultiheadAttention(4, 1, batch_first=True)
    weights = layer(q[0], q[0], q[0], attn_mask=~allowed)[1]
    assert (weights[0][~allowed] == 0).all()
    assert (weights[0][allowed] > 0).all()


def test_the_glossary_is_in_order_and_names_units_that_are_there() -> None:
    terms = re.findall(r"^\| ([^|]+?) \| ([^|]+) \|$", PAGES["glossary"], re.MULTILINE)[1:]
    assert len(terms) >= 40
    names = [re.sub(r"[-,]", " ", name.partition(" (")[0].lower()) for name, _ in terms]
    assert names == sorted(names)
    assert {unit for name, _ in terms for unit in re.findall(r"\((\d\d)\)", name)} <= UNITS | COMING
    assert [name for name, meaning in terms if not meaning.strip().endswith(".")] == []


def test_every_entry_of_the_bibliography_has_a_title_a_link_a_year_and_a_reason() -> None:
    entries = [line for line in PAGES["bibliography"].splitlines() if line.startswith("- ")]
    form = re.compile(r"- [^:\[]+: \[[^\]]+\]\((https://[^)]+)\) \((\d{4}|3rd edition, draft|documentation)\)\. .+\.")
    assert [entry for entry in entries if not form.fullmatch(entry)] == []
    links = [form.fullmatch(entry)[1] for entry in entries]  # type: ignore[index]
    assert len(set(links)) == len(links)
    assert f": {len(entries)} entries," in PAGES["bibliography"], "the count on top"
    for link, year in re.findall(r"\(https://arxiv\.org/abs/(\d{4})\.\d{5}\) \((\d{4})\)", PAGES["bibliography"]):
        assert year == f"20{link[:2]}", "the year is that of the arXiv number"
