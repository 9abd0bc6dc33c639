"""A widget of the course: `widget.py` holds its state and checks it, `view.js` draws it."""

from leftcontext.widgets.attention_map.widget import AttentionMap

__all__ = ["AttentionMap"]
