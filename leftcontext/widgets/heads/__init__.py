"""`Heads`. In: the queries and keys, or the weights, of several heads. Out: the heads side by side, and how they are merged."""

from leftcontext.widgets.heads.widget import Heads

__all__ = ["Heads"]
