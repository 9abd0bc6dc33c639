"""A page that shows widgets without a kernel and without any other address: state, modules and a model in one file."""

from __future__ import annotations

import json
from html import escape

from leftcontext.widgets.shared.base import CourseWidget

MODEL = """
function model(state) {
  const heard = {};
  return {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; (heard[`change:${name}`] ?? []).forEach((react) => react()); },
    save_changes: () => {}, // there is no send: nobody would hear it
    on: (event, react) => (heard[event] ??= []).push(react),
    off: (event, react) => { heard[event] = (heard[event] ?? []).filter((other) => other !== react); },
  };
}
for (const script of document.querySelectorAll("script[type='application/json']")) {
  const state = JSON.parse(script.textContent);
  const address = URL.createObjectURL(new Blob([state._esm], { type: "text/javascript" }));
  const style = document.createElement("style");
  style.textContent = state._css;
  document.head.append(style);
  const view = { model: model(state), el: script.nextElementSibling };
  import(address).then((module) => module.default.render(view));
}
"""
STYLE = """
:root { color-scheme: light dark; }
body { margin: 1rem auto; max-width: 46rem; padding: 0 0.5rem; font: 1rem/1.5 system-ui, sans-serif; }
h1 { margin: 1rem 0.25rem 0; font-size: 1.6rem; line-height: 1.25; }
h2 { margin: 2.2rem 0.25rem 0; padding-top: 1rem; border-top: 1px solid #8886; font-size: 1.15rem; line-height: 1.3; }
body p.note { margin: 0.3rem 0.25rem 0.8rem; }
@media (prefers-color-scheme: dark) { body { background: #14181c; color: #e6eaed; } }
"""


def page(widgets: dict[str, CourseWidget], title: str, notes: dict[str, str] | None = None) -> str:
    """An HTML page with each widget under its heading; what a toggle changes still works, training does not.

    `notes` stand below the headings of the same name, or below the title.
    """
    below = {name: f'<p class="note">{escape(text)}</p>' for name, text in (notes or {}).items()}
    parts = [f"<h2>{escape(name)}</h2>{below.get(name, '')}{_holder(widget)}" for name, widget in widgets.items()]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body><main>'
        f'<h1>{escape(title)}</h1>{below.get(title, "")}{"".join(parts)}</main>'
        f'<script type="module">{MODEL}</script></body></html>'
    )


def _holder(widget: CourseWidget) -> str:
    state = {name: value for name, value in widget.get_state().items() if name not in ("layout", "comm")}
    data = json.dumps(state).replace("</", "<\\/")  # else a text in the state could end the script
    return f'<div><script type="application/json">{data}</script><div></div></div>'
