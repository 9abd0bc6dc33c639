"""A widget of the course: `widget.py` holds its state and checks it, `view.js` draws it."""

from leftcontext.widgets.gradient_pattern.widget import GradientPattern

__all__ = ["GradientPattern"]
