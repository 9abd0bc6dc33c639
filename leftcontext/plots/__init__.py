"""The figures of the lessons. In: arrays and labels. Out: matrices, curves, texts, arrows, each with a text alternative."""

from leftcontext.plots.charts import (
    show_curves,
    show_losses,
    show_losses_beside,
    show_matrices,
    show_matrix,
    show_texts,
    show_tokens,
)
from leftcontext.plots.transformer import show_transformer
from leftcontext.plots.vectors import show_arrows, show_mixture

__all__ = [
    "show_arrows",
    "show_curves",
    "show_losses",
    "show_losses_beside",
    "show_matrices",
    "show_matrix",
    "show_mixture",
    "show_texts",
    "show_tokens",
    "show_transformer",
]
