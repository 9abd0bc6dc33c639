"""A widget of the course: `widget.py` holds its state and checks it, `view.js` draws it."""

from leftcontext.widgets.left_context.widget import LeftContext

__all__ = ["LeftContext"]
