"""A widget of the course: `widget.py` holds its state and checks it, `view.js` draws it."""

from leftcontext.widgets.heads.widget import Heads

__all__ = ["Heads"]
