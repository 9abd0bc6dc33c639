"""`MaskZoo`. In: a kind of mask, tokens. Out: the masks of real models, each with a slider for its parameter."""

from leftcontext.widgets.mask_zoo.widget import MaskZoo

__all__ = ["MaskZoo"]
