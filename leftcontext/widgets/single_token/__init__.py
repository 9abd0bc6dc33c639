"""`SingleToken`. In: Q, K, V. Out: one position's scores, weights and output as arrows."""

from leftcontext.widgets.single_token.widget import SingleToken

__all__ = ["SingleToken"]
