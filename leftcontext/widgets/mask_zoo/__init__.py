"""A widget of the course: `widget.py` holds its state and checks it, `view.js` draws it."""

from leftcontext.widgets.mask_zoo.widget import MaskZoo

__all__ = ["MaskZoo"]
