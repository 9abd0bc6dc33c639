"""What an output may see: the causal structure that the audit holds a model to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leftcontext.audit.errors import AuditError

Bool = NDArray[np.bool_]
Allowed = ArrayLike | Callable[[int], ArrayLike]


@dataclass(frozen=True, eq=False)
class Structure:
    """Causal, unless said otherwise.

    prefix   this many first inputs may be seen by everybody, as in a prefix LM
    stride   output k stands for inputs k·stride to k·stride + stride - 1, and may see those and all before
    given    a matrix (T_out, T), or a function of T that returns one: True where output i may see input j
    """

    prefix: int = 0
    stride: int = 1
    given: Allowed | None = None

    def count(self, T: int) -> int:
        """How many outputs there are for T inputs."""
        return -(-T // self.stride)

    def fit(self, T: int) -> int:
        """The greatest number of inputs up to T that whole outputs stand for; at least two outputs."""
        return max(T - T % self.stride, 2 * self.stride) if self.stride > 1 else T

    def allowed(self, T: int) -> Bool:
        """(T_out, T): True where output i may depend on input j."""
        if self.given is not None:
            matrix = np.asarray(self.given(T) if callable(self.given) else self.given, dtype=bool)
            if matrix.ndim != 2 or min(matrix.shape) < self.count(T) or matrix.shape[1] < T:
                raise AuditError(f"allowed=... is of shape {matrix.shape}, but {T} positions need ({self.count(T)}, {T}).")
            return matrix[: self.count(T), :T]
        last = (np.arange(self.count(T)) + 1) * self.stride - 1
        allowed = np.arange(T) <= last[:, None]
        allowed[:, : self.prefix] = True
        return allowed

    @property
    def is_plain(self) -> bool:
        """Whether an output may see exactly what stands to its left, and itself."""
        return self.prefix == 0 and self.given is None

    @property
    def can_be_cut(self) -> bool:
        """Whether the first n outputs may be asked of the first n inputs alone."""
        return self.given is None
