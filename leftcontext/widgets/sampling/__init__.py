"""A widget of the course: `widget.py` holds its state and checks it, `view.js` draws it."""

from leftcontext.widgets.sampling.widget import Sampling

__all__ = ["Sampling"]
