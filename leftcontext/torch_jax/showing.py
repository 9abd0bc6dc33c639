"""A topic's functions as a lesson shows them: both counterparts beside each other, and how far they agree with the course."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from leftcontext.plots.picture import Picture
from leftcontext.torch_jax.comparing import compare
from leftcontext.torch_jax.libraries import LIBRARIES, Library
from leftcontext.torch_jax.topics import TOPICS, functions

Solutions = Callable[[str], Callable[..., Any]]
CARD = (
    "display:flex;flex-wrap:wrap;gap:0 1em;border-top:1px solid #9aa5ae;padding:.35em 0;max-width:76em;line-height:1.4"
)
BOX = "flex:1 1 19em;min-width:0"  # two beside each other, or one below the other on a phone
CODE = (
    "margin:.2em 0;padding:.4em .7em;white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;font:12.5px/1.4 monospace;"
    "background:rgba(127,127,127,.12);border-radius:4px"
)


def counterparts(topic: str, solutions: Solutions) -> Picture:
    """Every function of a topic in PyTorch and in JAX, run and compared with `solutions(id)` where the library is installed.

    Only shown where `solutions` raises LookupError. Raises KeyError for an unknown topic.
    """
    found: dict[tuple[str, ...], list[str]] = {}  # functions that share one code share one card
    sources = [library.sources(topic) for library in LIBRARIES]
    for id in functions(topic):
        found.setdefault(tuple(source[id] for source in sources), []).append(id)
    cards = [_card([], [library.name for library in LIBRARIES], [library.imports(topic) for library in LIBRARIES])]
    for codes, ids in found.items():
        heads = [f"{library.name}: {_agreement(library, topic, ids, solutions)}" for library in LIBRARIES]
        cards.append(_card(ids, heads, codes))
    label = f'role="group" aria-label="{escape(TOPICS[topic])} in PyTorch and JAX"'
    html = "".join(card.html for card in cards)
    return Picture(f"<div {label}>{html}</div>", "\n\n".join(card.text for card in cards))


def _card(ids: list[str], heads: Sequence[str], codes: Sequence[str]) -> Picture:
    names = ", ".join(ids)
    html: list[str] = []
    text = [names] if ids else []
    for head, code in zip(heads, codes, strict=True):
        box = f'<pre style="{CODE}">{"".join(map(_line, code.splitlines()))}</pre>'
        name = f"<b>{names}</b> · " if ids and not html else ""  # before the first one only
        html.append(f'<div style="{BOX}">{name}{escape(head)}{box}</div>')
        text += [f"  {head}", *(f"    {line}" for line in code.splitlines())]
    return Picture(f'<div style="{CARD}">{"".join(html)}</div>', "\n".join(text))


def _line(code: str) -> str:
    """A line of code that hangs where it has to wrap, so that it is not taken for two."""
    hang = len(code) - len(code.lstrip()) + 4
    return f'<span style="display:block;padding-left:{hang}ch;text-indent:-{hang}ch">{escape(code) or "&nbsp;"}</span>'


def _agreement(library: Library, topic: str, ids: list[str], solutions: Solutions) -> str:
    if not library.installed:
        return "not installed, so not run"
    try:
        ours = [solutions(id) for id in ids]
    except LookupError:
        return "not compared, since the course's solution is not here"  # as where a grader runs the lesson
    found = [compare(library, topic, id, solution) for id, solution in zip(ids, ours, strict=True)]
    return str(max(found, key=lambda comparison: comparison.difference))
