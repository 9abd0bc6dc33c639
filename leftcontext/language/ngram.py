"""An n-gram model: what counting alone can predict, with the best known smoothing.

Interpolated Kneser-Ney (Kneser and Ney 1995; Chen and Goodman 1999, section 2.7): each order takes a discount off its
counts and gives it to the next shorter one, which counts in how many contexts a symbol was seen, not how often.

Axis letters: T tokens, V vocabulary.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Order:
    """The counts of one order k, where a k-gram is one number in base V."""

    grams: NDArray[np.int64]  # (g,) sorted
    counts: NDArray[np.int64]  # (g,)
    contexts: NDArray[np.int64]  # (c,) sorted; a k-gram without its last symbol
    totals: NDArray[np.int64]  # (c,) the counts of a context, added up
    kinds: NDArray[np.int64]  # (c,) how many symbols were seen after it
    discount: float


class NGram:
    """`NGram(5, tokens, vocab)`: a 5-gram model, which predicts from four tokens."""

    def __init__(self, n: int, tokens: NDArray[np.integer], vocab: int) -> None:
        if n < 1 or len(tokens) < n or vocab**n > 2**62:
            raise ValueError(f"an n-gram model needs 1 to {int(62 / np.log2(vocab))} as n, and as many tokens; n is {n}")
        self.n, self.vocab = n, vocab
        grams, counts = np.unique(self._numbers(tokens, n)[n - 1 :], return_counts=True)
        self.orders = [_order(grams, counts, vocab)]
        for k in range(n - 1, 0, -1):
            grams, counts = np.unique(grams % vocab**k, return_counts=True)  # in how many contexts, not how often
            self.orders.insert(0, _order(grams, counts, vocab))

    def log_probability(self, tokens: NDArray[np.integer]) -> NDArray[np.float64]:
        """Tokens (T,) → ln p of each, given those before it (T,); the first ones have fewer before them."""
        p = np.full(len(tokens), 1 / self.vocab)  # (T,)
        for k, order in enumerate(self.orders, 1):
            numbers = self._numbers(tokens, k)  # (T,)
            count = _look_up(order.grams, order.counts, numbers)
            total = _look_up(order.contexts, order.totals, numbers // self.vocab)
            kinds = _look_up(order.contexts, order.kinds, numbers // self.vocab)
            seen = (total > 0) & (np.arange(len(tokens)) >= k - 1)
            mixed = np.maximum(count - order.discount, 0) + order.discount * kinds * p
            p = np.where(seen, mixed / np.maximum(total, 1), p)
        return np.log(p)

    def _numbers(self, tokens: NDArray[np.integer], k: int) -> NDArray[np.int64]:
        """The k-gram that ends at each position, as a number (T,); before the first token stands token 0."""
        padded = np.pad(tokens.astype(np.int64), (k - 1, 0))
        windows = np.lib.stride_tricks.sliding_window_view(padded, k)  # (T, k)
        return windows @ self.vocab ** np.arange(k - 1, -1, -1, dtype=np.int64)


def _order(grams: NDArray[np.int64], counts: NDArray[np.int64], vocab: int) -> Order:
    contexts, where = np.unique(grams // vocab, return_inverse=True)
    once, twice = max(1, int((counts == 1).sum())), int((counts == 2).sum())  # 1: what was never seen keeps a share
    discount = once / (once + 2 * twice)  # Ney, Essen and Kneser 1994
    totals = np.bincount(where, counts).astype(np.int64)
    return Order(grams, counts, contexts, totals, np.bincount(where), discount)


def _look_up(keys: NDArray[np.int64], values: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """The value of each wanted key, 0 where there is none."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0)
