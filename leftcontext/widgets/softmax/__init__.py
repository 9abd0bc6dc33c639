"""A widget of the course: `widget.py` holds its state and checks it, `view.js` draws it."""

from leftcontext.widgets.softmax.widget import Softmax

__all__ = ["Softmax"]
