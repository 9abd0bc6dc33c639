"""`Sampling`. In: beginnings of sentences. Out: the next word's probabilities under temperature, top-k and top-p."""

from leftcontext.widgets.sampling.widget import Sampling

__all__ = ["Sampling"]
