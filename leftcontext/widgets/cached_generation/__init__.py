"""A widget of the course: `widget.py` holds its state and checks it, `view.js` draws it."""

from leftcontext.widgets.cached_generation.widget import CachedGeneration

__all__ = ["CachedGeneration"]
