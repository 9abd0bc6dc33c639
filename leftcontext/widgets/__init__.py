"""Pictures one can touch: state in Python, view in the browser."""

from leftcontext.widgets.attention_map import AttentionMap

__all__ = ["AttentionMap"]
