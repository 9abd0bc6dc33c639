"""`LeftContext`. In: a sentence and a mask. Out: what each position may read, and what it has to predict."""

from leftcontext.widgets.left_context.widget import LeftContext

__all__ = ["LeftContext"]
