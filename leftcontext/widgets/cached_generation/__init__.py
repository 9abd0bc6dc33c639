"""`CachedGeneration`. In: Q, K, V. Out: decoding step by step, and the work that is done with and without a KV cache."""

from leftcontext.widgets.cached_generation.widget import CachedGeneration

__all__ = ["CachedGeneration"]
