"""One interface for every model: `Subject.outputs(inputs)`, arrays (B, T, ...) → (B, T_out, ...), the same for the same inputs.

Behind it may be a NumPy, PyTorch or JAX function, a `torch.nn.Module`, a Hugging Face model, on token ids or on rows of numbers.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from leftcontext.audit import libraries
from leftcontext.audit.errors import AuditError
from leftcontext.audit.libraries import Inputs
from leftcontext.audit.randomness import RandomSources, held_by

if TYPE_CHECKING:
    from collections.abc import Iterator

Reset = Callable[[], object]


@dataclass(eq=False)
class Subject:
    """A model as the probes see it.

    call     the model itself, on arrays of its library
    library  `numpy`, `torch` or `jax`
    batched  whether `call` takes a batch axis; where not, rows are given one by one
    axis     where time is in what `call` takes and returns, the batch axis included; negative counts from the end
    stride   how many inputs one output stands for
    widths   where the model takes several arrays: the widths of each, which are joined in the last axis here
    separate whether rows are given in calls of their own, since the rows of a batch influence each other
    coupled  the modes in which they do
    modules  the PyTorch modules inside, for modes and parameters
    """

    name: str
    call: Callable[..., Any]
    library: str = "numpy"
    batched: bool = True
    axis: int = 1
    widths: tuple[int, ...] | None = None
    stride: int = 1
    separate: bool = False
    coupled: set[str] = field(default_factory=set)
    modules: list[Any] = field(default_factory=list)
    reset: Reset | None = None
    sources: RandomSources = field(default_factory=lambda: RandomSources([]))
    dtype: str = ""
    calls: int = 0
    rows: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    buffers: list[tuple[Any, Any]] | None = None

    def outputs(self, inputs: Inputs) -> Inputs:
        """Inputs (B, T, ...) → outputs (B, T_out, ...); every call begins from the same state of all randomness."""
        self.rows += len(inputs)
        if self.batched and not self.separate:
            return self._one_call(inputs)
        return np.concatenate([self._one_call(row[None]) for row in inputs])

    def _one_call(self, inputs: Inputs) -> Inputs:
        self.calls += 1
        self.rewind()
        native = self._arguments(inputs)
        result = libraries.without_gradient(self.library, lambda: self.call(*native, **self.options))
        found = libraries.find_outputs(result)
        if found is None:
            raise AuditError(
                f"{self.name} returns {_describe(result)}, in which there is no array of outputs. "
                "Hand over a function that returns the outputs or logits of every position."
            )
        array, self.dtype = libraries.to_array(found)
        if array.dtype.kind not in libraries.NUMERIC:
            raise AuditError(
                f"{self.name} returns an array of type {self.dtype}, and no numbers. "
                "Hand over a function that returns the outputs or logits of every position."
            )
        return self._time_second(array, inputs.shape[1])

    def rewind(self) -> None:
        """Everything that changes from call to call goes back to where it was: randomness, buffers, what `reset` resets."""
        self.sources.rewind()
        if self.buffers is not None:
            libraries.without_gradient("torch", self._restore_buffers)
        if self.reset is not None:
            self.reset()

    def _restore_buffers(self) -> None:
        for buffer, value in self.buffers or ():
            buffer.copy_(value)

    def keep_buffers(self) -> None:
        """From now on every call begins with the buffers (running statistics, caches) as they are now."""
        self.buffers = [(each, each.detach().clone()) for module in self.modules for each in module.buffers()]

    def _arguments(self, inputs: Inputs) -> list[Any]:
        if not self.batched:
            inputs = inputs[0]
        parts = self.split(inputs)
        time = 1 if self.batched else 0
        like = libraries.first_parameter(self.modules)
        return [libraries.to_native(self.library, np.moveaxis(part, time, self.axis), like) for part in parts]

    def split(self, joined: Any) -> list[Any]:
        """The model's own arrays out of one in which they are joined in the last axis."""
        if self.widths is None:
            return [joined]
        ends = np.cumsum(self.widths).tolist()
        return [joined[..., begin:end] for begin, end in zip([0, *ends], ends, strict=False)]

    def _time_second(self, array: Inputs, T: int) -> Inputs:
        """Any output → (B, T_out, ...). Raises AuditError where there is no time axis."""
        least = 2 if self.batched else 1
        if array.ndim < least:
            raise AuditError(
                f"{self.name} returns an array of shape {array.shape} for {T} positions: that has no time axis. "
                "Hand over a function that returns an output for every position."
            )
        array = np.moveaxis(array, self.axis, 1 if self.batched else 0)
        return array if self.batched else array[None]

    @property
    def is_in_torch(self) -> bool:
        """Whether it is made of PyTorch modules, whose parameters and insides can be reached."""
        return self.library == "torch" and bool(self.modules)

    @property
    def is_hugging_face(self) -> bool:
        """Whether it is a model of the Hugging Face library, whose calls take masks, labels and caches."""
        return bool(self.modules) and is_hugging_face(self.call)

    @property
    def has_modes(self) -> bool:
        """Whether it can be put into train and into eval mode."""
        return bool(self.modules)

    @contextmanager
    def mode(self, name: str) -> Iterator[None]:
        """Within, every module is in `train` or in `eval` mode; afterwards each is in the mode that it was in."""
        before = [(each, each.training) for module in self.modules for each in module.modules()]
        for module in self.modules:
            module.train(name == "train")
        together, self.separate = self.separate, name in self.coupled
        try:
            yield
        finally:
            self.separate = together
            for each, training in before:
                each.training = training


def _describe(result: Any) -> str:
    return "nothing" if result is None else f"an object of type {type(result).__name__}"


def find_modules(model: Any, held: list[Any]) -> list[Any]:
    """The outermost PyTorch modules that a callable is, or holds."""
    found = [thing for thing in (model, *held) if _is_module(thing)]
    inner = {id(part) for module in found for part in module.modules() if part is not module}
    unique = {id(module): module for module in found if id(module) not in inner}
    return list(unique.values())


def _is_module(thing: Any) -> bool:
    return libraries.library_of(thing) == "torch" and hasattr(thing, "parameters") and hasattr(thing, "training")


def hold(model: Any) -> tuple[list[Any], list[Any], RandomSources]:
    """What a model holds: everything, its PyTorch modules, its sources of randomness."""
    held = list(held_by(model))
    modules = find_modules(model, held)
    inside = [value for module in modules for part in module.modules() for value in vars(part).values()]
    return held, modules, RandomSources([*held, *inside])


def options_of(model: Any) -> dict[str, Any]:
    """How a Hugging Face model is called for plain outputs: without a cache, with a result whose parts have names."""
    return {"use_cache": False} if is_hugging_face(model) and takes(model, "use_cache") else {}


def is_hugging_face(model: Any) -> bool:
    """Whether this is a model of the Hugging Face library."""
    return _is_module(model) and any(kind.__module__.startswith("transformers.") for kind in type(model).__mro__)


def takes(model: Any, option: str) -> bool:
    """Whether the forward pass of a Hugging Face model takes an option: by its name, or as its configuration says."""
    named = inspect.signature(model.forward).parameters
    open_ended = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in named.values())
    return option in named or (
        open_ended and any(getattr(each, option, None) is not None for each in configurations(model))
    )


def configurations(thing: Any) -> list[Any]:
    """The configuration of a model, that of its text part first, where it has several."""
    config = getattr(thing, "config", None)
    inner = [getattr(config, name, None) for name in ("text_config", "decoder", "llm_config", "language_config")]
    return [each for each in (*inner, config) if each is not None]
