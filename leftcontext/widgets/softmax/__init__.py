"""`Softmax`. In: a row of scores. Out: its weights as bars, under a temperature and a shift."""

from leftcontext.widgets.softmax.widget import Softmax

__all__ = ["Softmax"]
