"""`AttentionMap`. In: a sentence or Q, K, V, and a mask. Out: the stages from scores to output, one after the other."""

from leftcontext.widgets.attention_map.widget import AttentionMap

__all__ = ["AttentionMap"]
