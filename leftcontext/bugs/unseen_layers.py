"""Layers that no lesson shows: honest ones that look suspicious, and broken ones, to try a learner's test with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from leftcontext.bugs.incident_layers import PADDING, Array, BlockSummary, Bool, Cache, CausalLayer, FiniteFill, Ints


class OtherNumbers(CausalLayer):
    """Honest: the path that is not fused scales its outputs, as dropout may."""

    def step(self, x: Array, cache: Cache | None, fused: bool = True) -> tuple[Array, Cache]:
        output, cache = super().step(x, cache, fused)
        return (output if fused else 0.8 * output), cache


class Rounding(CausalLayer):
    """Honest: rounding of about 1e-11 that depends on everything."""

    def step(self, x: Array, cache: Cache | None, fused: bool = True) -> tuple[Array, Cache]:
        output, cache = super().step(x, cache, fused)
        return output + 1e-11 * np.tanh(x.sum()), cache


class Window(CausalLayer):
    """Honest: a query sees three keys."""

    def allowed(self, T_q: int, T_k: int) -> Bool:
        return super().allowed(T_q, T_k) & ~np.tri(T_q, T_k, k=T_k - T_q - 3, dtype=bool)


class LateLeak(CausalLayer):
    """From 64 rows in the cache on there is no mask between the new ones."""

    def step_mask(self, T_q: int, T_k: int, cache: Cache | None, fused: bool) -> Array:
        return np.zeros((T_q, T_k)) if cache is not None and len(cache[0]) >= 64 else self.mask(T_q, T_k)


class OtherPathInChunks(CausalLayer):
    """No mask on one path, and there only with a cache."""

    def step_mask(self, T_q: int, T_k: int, cache: Cache | None, fused: bool) -> Array:
        return self.mask(T_q, T_k) if fused or cache is None else np.zeros((T_q, T_k))


class OneAheadBehindTheCache(CausalLayer):
    """Each row but the last of a chunk sees the next one, where there is a cache with rows in it."""

    def step_mask(self, T_q: int, T_k: int, cache: Cache | None, fused: bool) -> Array:
        ahead = int(cache is not None and len(cache[0]) > 0)
        return np.where(np.tri(T_q, T_k, k=T_k - T_q + ahead, dtype=bool), 0.0, -np.inf)


class OneOfEight(CausalLayer):
    """One row of eight sees the next one, in one pass and in chunks alike."""

    row, numbers, size, period = 3, slice(None), 1.0, 8

    def step(self, x: Array, cache: Cache | None, fused: bool = True) -> tuple[Array, Cache]:
        output, longer = super().step(x, cache, fused)
        at = np.arange(len(x) - 1) + (0 if cache is None else len(cache[0]))
        leaks = np.where(at % self.period == self.row, self.size, 0.0)[:, None]
        output[:-1, self.numbers] += leaks * np.sin(x[1:, self.numbers])
        return output, longer


class LastButOneOfEight(OneOfEight):
    """The same, for the row before the last one of eight."""

    row = 6


class IntoOneNumber(OneOfEight):
    """The same, for one number of the four."""

    numbers = slice(1, 2)


class LittleOfEight(OneOfEight):
    """The same, by a ten thousandth."""

    size = 1e-4


class FirstSeesSecond(OneOfEight):
    """The very first row sees the second one, and no other row sees a later one."""

    row, period = 0, 128


class LittleBesideTen(OneOfEight):
    """A hundred-thousandth, in outputs of about 10: within the relative tolerance of np.allclose."""

    size = 1e-5

    def step(self, x: Array, cache: Cache | None, fused: bool = True) -> tuple[Array, Cache]:
        output, longer = super().step(x, cache, fused)
        return output + 10, longer


class OpenWhereFused(CausalLayer):
    """No mask on the fused path, in one pass and in chunks."""

    def step_mask(self, T_q: int, T_k: int, cache: Cache | None, fused: bool) -> Array:
        return np.zeros((T_q, T_k)) if fused else self.mask(T_q, T_k)


class OpenInOneChunk(CausalLayer):
    """A text that comes in one chunk is read without a mask; in several chunks, and without a cache, all is right."""

    at_once = False

    def __call__(self, x: Array, fused: bool = True, chunks: Sequence[int] | None = None) -> Array:
        self.at_once = chunks is not None and len(chunks) == 1
        return super().__call__(x, fused, chunks)

    def step_mask(self, T_q: int, T_k: int, cache: Cache | None, fused: bool) -> Array:
        return np.zeros((T_q, T_k)) if self.at_once else self.mask(T_q, T_k)


class CoarseCache(CausalLayer):
    """The cache keeps values with two digits behind the point, so outputs in chunks are others."""

    def step(self, x: Array, cache: Cache | None, fused: bool = True) -> tuple[Array, Cache]:
        output, (keys, values) = super().step(x, cache, fused)
        return output, (keys, np.round(values, 2))


class LongBlocks(BlockSummary):
    """Blocks of 32 rows, of which only whole ones are summed up."""

    block = 32

    def mix(self, x: Array) -> Array:
        out = x.copy()
        for start in range(0, len(x) - self.block + 1, self.block):
            out[start : start + self.block] += x[start : start + self.block].mean(axis=0)
        return out


class FiniteOnOnePath(FiniteFill):
    """A finite fill on the path that is not fused."""

    def step(self, x: Array, cache: Cache | None, fused: bool = True) -> tuple[Array, Cache]:
        return super().step(x, cache, fused) if not fused else CausalLayer.step(_Sound(self), x, cache, fused)


class _Sound(CausalLayer):
    """The parameters of another layer, and no bug."""

    def __init__(self, other: CausalLayer) -> None:
        self.__dict__ |= other.__dict__


class ForgetsTheCache(CausalLayer):
    """Too little is seen: in chunks, only the last row of the cache."""

    def step(self, x: Array, cache: Cache | None, fused: bool = True) -> tuple[Array, Cache]:
        return super().step(x, cache if cache is None else (cache[0][-1:], cache[1][-1:]), fused)


class AtTheBorder(CausalLayer):
    """One row of each document sees the next row, or the one before, of another document."""

    shift = 1

    def packed(self, x: Array, documents: Ints) -> Array:
        out, near = super().packed(x, documents), np.roll(documents, self.shift)
        near[0 if self.shift > 0 else -1] = PADDING
        other = (near != PADDING) & (near != documents)
        return out + np.where(other[:, None], np.roll(x, self.shift, axis=0), 0.0)


class AtTheEnd(AtTheBorder):
    """The last row of each document sees the first one of the next."""

    shift = -1


class InTheMiddle(CausalLayer):
    """Of each document, only the row in its middle is moved by the document before it."""

    def packed(self, x: Array, documents: Ints) -> Array:
        out = super().packed(x, documents)
        for n in range(1, int(documents.max()) + 1):
            own, before = np.flatnonzero(documents == n), np.flatnonzero(documents == n - 1)
            if len(before) and len(own) > 2:
                out[own[len(own) // 2]] += x[before[0]]
        return out
