"""Change a model's parameters or precision for a while, and put back every bit of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from leftcontext.audit.model import Subject

SPREAD = 0.3  # what is added to vectors (gains, biases): enough to open a gate that starts closed


@contextmanager
def redraw_parameters(subject: Subject, given: Any = None, seed: int = 0, size: float = 1.0) -> Iterator[None]:
    """Within, noise is added to every trainable parameter, so that a projection that starts at zero lets things through.

    Matrices get normal numbers of standard deviation size / sqrt(fan-in), vectors of `SPREAD`. Frozen parameters and buffers
    stay: a mask may be among them. `given` are NumPy arrays that are parameters, changed in place. Afterwards all are as before.
    """
    rng = np.random.default_rng([seed, 77])
    tensors = [each for module in subject.modules for each in module.parameters() if each.requires_grad]
    arrays = list(_arrays(given))
    kept = [(each, each.data.clone()) for each in tensors], [(each, each.copy()) for each in arrays]
    try:
        for tensor in tensors:
            if tensor.is_floating_point():
                tensor.data += _noise(tensor, int(rng.integers(2**31)), size)
        for array in arrays:
            array += (rng.normal(size=array.shape) * _deviation(array.shape, size)).astype(array.dtype)
        yield
    finally:
        for tensor, value in kept[0]:
            tensor.data.copy_(value)
        for array, former in kept[1]:
            array[...] = former


def _deviation(shape: tuple[int, ...], size: float) -> float:
    """Of noise for a parameter: that of a usual initialisation, by the number of inputs."""
    return size / float(np.prod(shape[1:])) ** 0.5 if len(shape) > 1 else SPREAD


def uses_single_precision(subject: Subject, inputs: Any) -> bool:
    """Whether a PyTorch model, as it is now, computes something in float32: then even in float64 it rounds as float32 does."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    found = False

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            nonlocal found
            result = func(*args, **(kwargs or {}))
            parts = result if isinstance(result, tuple | list) else (result,)
            found |= any(getattr(part, "dtype", None) in (torch.float32, torch.complex64) for part in parts)
            return result

    with Watch():
        subject.outputs(inputs)
    return found


def _noise(tensor: Any, seed: int, size: float) -> Any:
    import torch

    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(tensor.shape, generator=generator) * _deviation(tuple(tensor.shape), size)
    return drawn.to(tensor.device, tensor.dtype)


def _arrays(given: Any) -> Iterable[Any]:
    if isinstance(given, np.ndarray):
        return [given] if np.issubdtype(given.dtype, np.floating) else []
    if isinstance(given, Mapping):
        given = list(given.values())
    return [array for each in given for array in _arrays(each)] if isinstance(given, list | tuple) else []


def can_be_redrawn(subject: Subject, given: Any = None) -> bool:
    """Whether there are parameters to draw anew."""
    return bool(list(_arrays(given))) or any(each.requires_grad for module in subject.modules for each in module.parameters())


@contextmanager
def in_double_precision(subject: Subject) -> Iterator[None]:
    """Within, every floating parameter and buffer of the PyTorch modules is a float64."""
    import torch

    parameters = [(each, each.data) for module in subject.modules for each in module.parameters() if each.is_floating_point()]
    parts = [part for module in subject.modules for part in module.modules()]
    buffers = [(part, dict(part._buffers)) for part in parts]
    default, kept = torch.get_default_dtype(), subject.buffers
    try:
        torch.set_default_dtype(torch.float64)  # for masks and positions that are made on the way
        for parameter, value in parameters:
            parameter.data = value.double()
        for part, named in buffers:
            part._buffers.update({k: v.double() if v is not None and v.is_floating_point() else v for k, v in named.items()})
        subject.keep_buffers()
        yield
    finally:
        torch.set_default_dtype(default)
        subject.buffers = kept
        for parameter, value in parameters:
            parameter.data = value
        for part, named in buffers:
            part._buffers.update(named)
