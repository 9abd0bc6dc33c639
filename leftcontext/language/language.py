"""The little language: sampled, checked and measured exactly.

A language here is a deterministic automaton with probabilities: the tokens so far fix the state, the state fixes the
probabilities of the next token (a unifilar hidden Markov source; Cover and Thomas, Elements of Information Theory,
chapter 4). So its texts can be checked token by token, and its entropy computed instead of estimated.

Axis letters: B texts, T tokens of a text, V symbols of the vocabulary, S states of the automaton.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leftcontext.language import grammar

SENTENCE = ("these", "dogs", "near", "the", "cat")  # the sentence of the whole course: "see" must follow, never "sees"
ILLEGAL = -1


@dataclass(frozen=True, eq=False)
class Language:
    """Symbols, their probabilities and the automaton that they drive. State 0 is the beginning of a sentence.

    Token 0 is the full stop; it also stands before every text, so that the first word is a prediction too.
    """

    symbols: tuple[str, ...]
    probability: NDArray[np.float64]  # (S, V) rows sum to 1
    successor: NDArray[np.intp]  # (S, V) the next state, ILLEGAL where the symbol may not come
    separator: str = " "

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, text: str | Iterable[str]) -> NDArray[np.intp]:
        """A string or a sequence of symbols → tokens (T,). Raises ValueError at a word the language does not have."""
        if isinstance(text, str):
            text = text.split() if self.separator else list(text)
        symbols = list(text)
        unknown = [s for s in symbols if s not in self._token]
        if unknown:
            raise ValueError(f"not in the little language: {', '.join(map(repr, unknown))}")
        return np.array([self._token[s] for s in symbols], dtype=np.intp)  # (T,)

    def decode(self, tokens: Iterable[int]) -> str:
        """Tokens (T,) → text."""
        return self.separator.join(self.words(tokens))

    def words(self, tokens: Iterable[int]) -> list[str]:
        """Tokens (T,) → a list of T symbols."""
        return [self.symbols[t] for t in tokens]

    def sample(self, texts: int, length: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Draw fresh texts (B, length), each from the beginning of a sentence."""
        tokens = np.empty((texts, length), dtype=np.intp)  # (B, T)
        state = np.zeros(texts, dtype=np.intp)  # (B,)
        for t in range(length):
            draw = rng.random((texts, 1))  # (B, 1)
            tokens[:, t] = (self._cumulative[state] <= draw).sum(-1)  # (B,)
            state = self.successor[state, tokens[:, t]]
        return tokens

    def rows(self, texts: int, length: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Rows for training (B, length + 1): a full stop, then `length` fresh tokens.

        `rows[:, :-1]` are the inputs, `rows[:, 1:]` the targets.
        """
        return np.pad(self.sample(texts, length, rng), ((0, 0), (1, 0)))  # (B, T + 1)

    def legal_tokens(self, texts: ArrayLike) -> NDArray[np.intp]:
        """Texts (..., T) from the beginning of a sentence → how many tokens stand before the first illegal one (...).

        T where all are legal. A sentence cut off by the end of the text is legal: every legal beginning can go on.
        """
        texts = np.asarray(texts, dtype=np.intp)  # (..., T)
        state = np.zeros(texts.shape[:-1], dtype=np.intp)  # (...)
        legal = np.zeros(texts.shape[:-1], dtype=np.intp)  # (...)
        for t in range(texts.shape[-1]):
            reached = self.successor[state, texts[..., t]]
            state = np.where(state == ILLEGAL, ILLEGAL, reached)  # what has gone wrong stays wrong
            legal += state != ILLEGAL
        return legal

    def is_legal(self, texts: ArrayLike) -> NDArray[np.bool_]:
        """Texts (..., T) → True where every token is legal (...)."""
        return self.legal_tokens(texts) == np.shape(texts)[-1]

    def log_probability(self, texts: ArrayLike) -> NDArray[np.float64]:
        """Texts (..., T) from the beginning of a sentence → log p of each (...), -inf where illegal."""
        texts = np.asarray(texts, dtype=np.intp)  # (..., T)
        state = np.zeros(texts.shape[:-1], dtype=np.intp)  # (...)
        total = np.zeros(texts.shape[:-1])  # (...)
        for t in range(texts.shape[-1]):
            with np.errstate(divide="ignore"):
                total += np.log(self.probability[state, texts[..., t]])
            state = self.successor[state, texts[..., t]]
        return total

    def next_probabilities(self, prefix: Sequence[int] | NDArray[np.intp]) -> NDArray[np.float64]:
        """A legal text (t,) from the beginning of a sentence → the exact distribution of the token after it (V,)."""
        state = 0
        for position, token in enumerate(prefix):
            state = int(self.successor[state, token])
            if state == ILLEGAL:
                raise ValueError(f"{self.symbols[token]!r} at position {position} is not legal")
        return self.probability[state]

    def entropy_per_position(self, length: int) -> NDArray[np.float64]:
        """The entropy of each of the first `length` tokens given all before it, in nats (length,)."""
        state = np.eye(1, len(self.probability))[0]  # (S,) where the text can be, and how likely
        entropy = np.empty(length)  # (T,)
        for t in range(length):
            entropy[t] = state @ self._state_entropy
            state = state @ self._transition
        return entropy

    def entropy(self, length: int) -> float:
        """The entropy of a row of `length` tokens, in nats per token: no honest model's expected loss is lower."""
        return float(self.entropy_per_position(length).mean())

    @cached_property
    def entropy_rate(self) -> float:
        """The limit of `entropy(length)` for endless text: entropy of a sentence over its mean length."""
        return float(self._visits @ self._state_entropy / self.sentence_length)

    @cached_property
    def sentence_length(self) -> float:
        """The mean number of tokens in a sentence, with its full stop."""
        return float(self._visits.sum())

    @cached_property
    def _visits(self) -> NDArray[np.float64]:
        """How often each state is expected in a sentence (S,)."""
        within = self._transition.copy()  # (S, S)
        within[:, 0] = 0  # a sentence ends where the automaton returns to state 0
        start = np.eye(1, len(within))[0]  # (S,)
        return np.linalg.solve(np.eye(len(within)) - within.T, start)

    @cached_property
    def _token(self) -> dict[str, int]:
        return {symbol: token for token, symbol in enumerate(self.symbols)}

    @cached_property
    def _cumulative(self) -> NDArray[np.float64]:
        total = self.probability.cumsum(-1)  # (S, V)
        return total / total[:, -1:]  # ends in exactly 1, above every draw

    @cached_property
    def _state_entropy(self) -> NDArray[np.float64]:
        p = self.probability
        return -(p * np.log(np.where(p > 0, p, 1))).sum(-1)  # (S,)

    @cached_property
    def _transition(self) -> NDArray[np.float64]:
        matrix = np.zeros((len(self.probability),) * 2)  # (S, S)
        state, symbol = np.nonzero(self.probability)
        np.add.at(matrix, (state, self.successor[state, symbol]), self.probability[state, symbol])
        return matrix


def _from_rules(rules: grammar.Rules, symbols: tuple[str, ...]) -> Language:
    states = {name: number for number, name in enumerate(rules)}
    token = {symbol: number for number, symbol in enumerate(symbols)}
    probability = np.zeros((len(states), len(symbols)))  # (S, V)
    successor = np.full(probability.shape, ILLEGAL, dtype=np.intp)  # (S, V)
    for name, choices in rules.items():
        for share, words, then in choices:
            columns = [token[word] for word in words]
            probability[states[name], columns] = share / len(words)
            successor[states[name], columns] = states[then]
    return Language(symbols, probability, successor)


LITTLE_LANGUAGE = _from_rules(grammar.rules(), grammar.words())
