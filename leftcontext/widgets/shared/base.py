"""What the course's widgets have in common: one look, one small JavaScript, one static form where nothing can run.

A widget is a folder: `widget.py` (state and validation), `view.js` (view) and `view.css` (what its look adds to the
shared one). Views are ES modules that import from `shared/`; anywidget wants one module without imports and one
stylesheet, which `npm run build` joins into `bundles/`. Those are committed, so that nobody needs Node to use a widget.
Rules of a `view.css` stand inside `.lc.lc { }`: each widget brings the shared rules along, and the next one's must not
win over them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets as t
from numpy.typing import ArrayLike

from leftcontext.language.language import SENTENCE
from leftcontext.plots.picture import Picture
from leftcontext.widgets.shared.arrays import sequence
from leftcontext.widgets.shared.word_vectors import KEYS, QUERIES, VALUES

BUNDLES = Path(__file__).resolve().parents[1] / "bundles"
MAX_TOKENS = 16  # tokens that still fit on a page as a table


class CourseWidget(anywidget.AnyWidget):
    """A widget of the course; a subclass names its view: `_esm, _css = load_view("attention_map")`."""

    def picture(self) -> Picture:
        """What stands in the widget's place where no JavaScript runs: on GitHub, on paper, in a terminal."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        bundle = super()._repr_mimebundle_(**options)
        if bundle is None:  # a widget that was closed
            return None
        data, metadata = bundle
        picture = self.picture()
        return data | {"text/html": picture.html, "text/plain": picture.text}, metadata


class SequenceWidget(CourseWidget):
    """A widget about one sequence: a query, a key and a value for each token, the course's sentence unless they are given."""

    tokens = t.List(t.Unicode()).tag(sync=True)
    _queries = t.List(t.List(t.Float())).tag(sync=True)  # (T, d)
    _keys = t.List(t.List(t.Float())).tag(sync=True)  # (T, d)
    _values = t.List(t.List(t.Float())).tag(sync=True)  # (T, d_v)

    def __init__(
        self, Q: ArrayLike | None, K: ArrayLike | None, V: ArrayLike | None, tokens: Sequence[str] | None, **state: Any
    ) -> None:
        if Q is None and K is None and V is None:
            Q, K, V, tokens = QUERIES, KEYS, VALUES, tokens or SENTENCE
        self.Q, self.K, self.V, names = sequence(Q, K, V, tokens, MAX_TOKENS)
        super().__init__(
            tokens=names, _queries=self.Q.tolist(), _keys=self.K.tolist(), _values=self.V.tolist(), **state
        )


def load_view(name: str) -> tuple[str, str]:
    """The JavaScript and the CSS of a view, with all that it imports, as `bundle.mjs` has joined them."""
    return (BUNDLES / f"{name}.js").read_text(encoding="utf-8"), (BUNDLES / f"{name}.css").read_text(encoding="utf-8")
