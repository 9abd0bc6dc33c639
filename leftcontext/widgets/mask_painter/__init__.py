"""`MaskPainter`. In: a mask to begin with. Out: the mask that is painted, as `painter.allowed`, what leaks, and its pattern."""

from leftcontext.widgets.mask_painter.widget import MaskPainter

__all__ = ["MaskPainter"]
