"""`GradientPattern`. In: Q, K, V, a mask, a loss. Out: the gradients of attention, and where they are exactly zero."""

from leftcontext.widgets.gradient_pattern.widget import GradientPattern

__all__ = ["GradientPattern"]
