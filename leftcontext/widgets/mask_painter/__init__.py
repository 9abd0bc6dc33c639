"""A widget of the course: `widget.py` holds its state and checks it, `view.js` draws it."""

from leftcontext.widgets.mask_painter.widget import MaskPainter

__all__ = ["MaskPainter"]
