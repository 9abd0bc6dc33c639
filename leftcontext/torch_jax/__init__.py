"""The course's functions in PyTorch and JAX. In: an exercise's id. Out: its counterparts, and their results where installed.

`in_torch/` and `in_jax/` hold them under the exercises' own names, a module for each topic. Nothing here imports
either library before it is needed.
"""

from leftcontext.torch_jax import mask_mods
from leftcontext.torch_jax.comparing import Comparison, compare
from leftcontext.torch_jax.libraries import JAX, LIBRARIES, TORCH, Library
from leftcontext.torch_jax.scaled_dot_product import sdpa
from leftcontext.torch_jax.showing import counterparts
from leftcontext.torch_jax.topics import NONE, TOPICS, functions

__all__ = [
    "JAX",
    "LIBRARIES",
    "NONE",
    "TOPICS",
    "TORCH",
    "Comparison",
    "Library",
    "compare",
    "counterparts",
    "functions",
    "mask_mods",
    "sdpa",
]
