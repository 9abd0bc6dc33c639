"""Arrays in and out of NumPy, PyTorch and JAX. The last two are touched only where the audited model is theirs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Inputs = NDArray[Any]
NUMERIC = "biufc"  # the kinds of NumPy's numbers
NAMES = ("logits", "last_hidden_state", "prediction_logits", "sample", "output", "outputs")


def library_of(thing: Any) -> str:
    """`torch`, `jax` or `numpy`: whose array or module this is."""
    names = {kind.__module__.split(".")[0] for kind in type(thing).__mro__}
    if "torch" in names:
        return "torch"
    return "jax" if names & {"jax", "jaxlib", "flax", "equinox"} else "numpy"


def is_loaded(library: str) -> bool:
    """Whether the library has been imported: a model can only be of one that has."""
    return library == "numpy" or library in sys.modules


def to_native(library: str, inputs: Inputs, like: Any = None) -> Any:
    """An array (B, T, ...) as the library's own; in PyTorch with the device and the type of the parameter `like`."""
    if library == "torch":
        import torch

        tensor = torch.from_numpy(np.array(inputs))  # a copy: what works in place must not spoil ours
        if like is None:
            return tensor
        return tensor.to(like.device, like.dtype if tensor.is_floating_point() else tensor.dtype)
    if library == "jax":
        import jax.numpy as jnp

        return jnp.asarray(inputs)
    return np.array(inputs)  # a copy, too


def to_array(value: Any) -> tuple[Inputs, str]:
    """What a model returned, as a NumPy array, and the name of the dtype that it had."""
    if library_of(value) == "torch":
        name = str(value.dtype).removeprefix("torch.")
        value = value.detach().cpu()
        narrow = name in ("bfloat16", "float16") or name.startswith("float8")
        return (value.float() if narrow else value).numpy().copy(), name
    array = np.asarray(value)
    name = array.dtype.name
    if name in ("bfloat16", "float16") or name.startswith("float8"):
        array = array.astype(np.float32)
    return np.array(array), name


def find_outputs(result: Any) -> Any:
    """The array of a result: itself, its `logits`, the first array of a tuple. None where there is none."""
    if hasattr(result, "shape") and hasattr(result, "dtype"):
        return result
    for name in NAMES:
        value = result.get(name) if isinstance(result, Mapping) else getattr(result, name, None)
        if hasattr(value, "shape"):
            return value
    parts = list(result.values()) if isinstance(result, Mapping) else result
    if isinstance(parts, list) and parts and all(isinstance(part, int | float | list) for part in parts):
        return _from_lists(parts)
    if isinstance(parts, tuple | list):
        return next((part for part in parts if hasattr(part, "shape") and len(part.shape)), None)
    return None


def _from_lists(parts: list[Any]) -> Any:
    try:
        return np.array(parts)
    except ValueError:  # rows of different lengths
        return None


def first_parameter(modules: list[Any]) -> Any:
    """The first floating parameter of PyTorch modules; None where there is none."""
    for module in modules:
        for parameter in module.parameters():
            if parameter.is_floating_point():
                return parameter
    return None


def without_gradient(library: str, function: Callable[[], Any]) -> Any:
    """Call, in PyTorch without recording for the backward pass."""
    if library != "torch":
        return function()
    import torch

    with torch.no_grad():
        return function()
