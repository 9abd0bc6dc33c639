"""A widget of the course: `widget.py` holds its state and checks it, `view.js` draws it."""

from leftcontext.widgets.single_token.widget import SingleToken

__all__ = ["SingleToken"]
