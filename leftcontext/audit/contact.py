"""The first contact: how does this model want to be called, and does it answer the same question twice in the same way?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from leftcontext.audit import libraries
from leftcontext.audit.errors import AuditError
from leftcontext.audit.libraries import Inputs
from leftcontext.audit.model import Reset, Subject, configurations, hold, options_of
from leftcontext.audit.tolerance import difference, scale_of, tolerance_of

LENGTH = 160  # of token models that don't say how many tokens they take: longer than two blocks of 64
SIZES = ("vocab_size", "n_vocab", "num_tokens", "vocab", "n_tokens")
CONTEXTS = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "block_size", "context_length", "context")
FIRST = 5  # tokens in the first call; not the number of rows
OTHERS = (16, 64, 128)  # tokens in further calls, where that fails
MOST = 4096
ROWS = 3


NEEDY = "If some tokens need more, as those of images do, leave them out: smaller vocab=... (--vocab)."


class NotPerPosition(AuditError):
    """There is an output for every text, but none for every position."""


def meet_token_model(
    model: Any,
    vocab: int | None,
    asked: int | None,
    batched: bool | None,
    axis: int | None,
    stride: int,
    reset: Reset | None,
) -> tuple[Subject, int, int]:
    """A model on token ids, ready to be probed, the size of its vocabulary, and a number of tokens that it takes.

    `asked` is the number of tokens that the caller wants. Raises AuditError where it can't be called.
    """
    subject = _prepare(model, reset)
    subject.stride = stride
    size = vocab if vocab is not None else _number_of(model, subject, SIZES) or _embedding_size(subject)
    if size is None:
        raise AuditError(
            f"How many tokens does {subject.name} know? Say it: vocab=... (--vocab), or hand over rows: audit(model, x)."
        )
    if size < 2:
        raise AuditError(f"{subject.name} names a vocabulary of {size}. Say how many tokens it knows: vocab=... (--vocab).")
    lengths = (FIRST, asked or FIRST, _number_of(model, subject, CONTEXTS) or FIRST, *OTHERS)
    whole = dict.fromkeys(-(-n // stride) * stride for n in lengths)
    first = _find_length(subject, size, [n for n in whole if 2 <= n <= MOST], batched, axis)
    _check_vocabulary(subject, size, first)
    return subject, size, first.shape[1]


def _find_length(subject: Subject, size: int, lengths: list[int], batched: bool | None, axis: int | None) -> Inputs:
    """The tokens of the first length with which it can be called. Most take any; some one alone, or multiples of a block."""
    failure: AuditError | None = None
    for n in lengths:
        first = known_tokens(size, ROWS, n)
        try:
            _find_call(subject, first, batched, axis, "token ids")
        except NotPerPosition:
            raise
        except AuditError as error:
            failure = failure or error
        else:
            return first
    assert failure is not None
    raise failure


def known_tokens(vocab: int, rows: int, T: int) -> Inputs:
    """Tokens (rows, T) such as those that a model was first called with: small ids."""
    return ((np.arange(rows * T).reshape(rows, T) * 7 + 1) % min(vocab, 11)).astype(np.int64)


def meet_array_function(
    model: Any,
    x: Inputs,
    widths: tuple[int, ...] | None,
    batched: bool,
    axis: int | None,
    stride: int,
    reset: Reset | None,
) -> Subject:
    """A function of rows x (B, T, ...), ready to be probed. Raises AuditError where it can't be called."""
    subject = _prepare(model, reset)
    subject.widths, subject.stride = widths, stride
    _find_call(subject, x, batched, axis, "arrays")
    return subject


def _prepare(model: Any, reset: Reset | None) -> Subject:
    if not callable(model):
        raise AuditError(
            f"An object of type {type(model).__name__} can't be called. "
            "Hand over a function, a module, or a factory that returns one."
        )
    if isinstance(model, type):
        raise AuditError(f"{model.__name__} is a class. Hand over a model of it: {model.__name__}(...).")
    name = getattr(model, "__name__", None) or type(model).__name__
    _, modules, sources = hold(model)
    subject = Subject(name, model, modules=modules, sources=sources, reset=reset, options=options_of(model))
    if modules:
        subject.keep_buffers()
    return subject


def _number_of(model: Any, subject: Subject, names: tuple[str, ...]) -> int | None:
    """A size that a model, its modules or their configuration name; the smallest where there are several."""
    things = [model, *subject.modules]
    places = [place for thing in things for place in (thing, *configurations(thing))]
    found = [value for place in places for name in names if isinstance(value := getattr(place, name, None), int)]
    positive = [value for value in found if value > 0 and not isinstance(value, bool)]
    return min(positive) if positive else None


def _embedding_size(subject: Subject) -> int | None:
    for module in subject.modules:
        for part in module.modules():
            if type(part).__name__ == "Embedding" and hasattr(part, "num_embeddings"):
                return int(part.num_embeddings)
    return None


def _find_call(subject: Subject, inputs: Inputs, batched: bool | None, axis: int | None, what: str) -> None:
    """Try the libraries that may be meant, with a batch axis and without, until outputs for every position come back."""
    failures: list[tuple[Exception, tuple[int, ...]]] = []
    for library in _possible_libraries(subject, inputs):
        subject.library = library
        for with_batch in (True, False) if batched is None else (batched,):
            subject.batched, subject.axis = with_batch, axis if axis is not None else int(with_batch)
            try:
                outputs = subject.outputs(inputs[: ROWS if with_batch else 1])
                _check_time_axis(subject, inputs, outputs)
            except NotPerPosition:  # it takes a batch, and would take a single text for one
                raise
            except AuditError as error:
                failures.insert(0, (error, inputs.shape))  # it ran: the better explanation
            except Exception as error:  # whatever a model raises
                failures.append((error, inputs.shape if with_batch else inputs.shape[1:]))
            else:
                if batched is None and with_batch and _wants_single_rows(subject, inputs):
                    subject.batched, subject.axis = False, axis if axis is not None else 0
                return
    cause, shape = failures[0]
    if isinstance(cause, AuditError):
        raise cause
    raise AuditError(
        f"{subject.name} can't be called with {what} of shape {shape}: {one_line(cause)}. "
        "Try a function around it that takes such an array and returns an output for every position."
    ) from cause


def _possible_libraries(subject: Subject, inputs: Inputs) -> Iterator[str]:
    own = "torch" if subject.modules else libraries.library_of(subject.call)
    yield own
    yield from (name for name in ("numpy", "torch", "jax") if name != own and libraries.is_loaded(name))


def _check_time_axis(subject: Subject, inputs: Inputs, outputs: Inputs) -> None:
    """Raises AuditError where the outputs are not one for every position."""
    rows, T = len(inputs[: ROWS if subject.batched else 1]), inputs.shape[1]
    if outputs.ndim >= 2 and outputs.shape[0] == rows and outputs.shape[1] == -(-T // subject.stride):
        return
    if outputs.shape[0] == rows and T in outputs.shape[2:]:
        place = outputs.shape.index(T, 2)
        hint = f"Its axis {place} has that length: try axis={place}."
    else:
        hint = "Hand over a function that returns an output for every position, not only for the last one or for the whole text."
    kind = NotPerPosition if subject.batched and outputs.shape[0] == rows else AuditError
    raise kind(f"{subject.name} returns outputs of shape {outputs.shape} for inputs of shape {inputs[:rows].shape}. {hint}")


def _wants_single_rows(subject: Subject, inputs: Inputs) -> bool:
    """Whether a function that took a batch takes its first axis for time: it was written for one text.

    Its rows, one by one, then give something else, and within a row of the batch nothing depends on anything.
    """
    together = subject.outputs(inputs[:ROWS])
    single = Subject(**{**vars(subject), "batched": False, "axis": 0})
    try:
        alone = single.outputs(inputs[:1])
    except Exception:  # it takes batches only
        return False
    if alone.shape[1:] != together.shape[1:] or _is_close(alone, subject.outputs(inputs[:1]), single.dtype):
        return False
    return not _mixes_within_rows(subject, inputs[:ROWS], together)


def _mixes_within_rows(subject: Subject, inputs: Inputs, outputs: Inputs) -> bool:
    """Whether another output moves, earlier or later in the same row, when one input is changed."""
    T = inputs.shape[1]
    for j in (0, T // 2, T - 1):
        changed = inputs.copy()
        changed[:, j] = np.roll(changed[:, j], 1, axis=0)
        moved = difference(subject.outputs(changed), outputs)
        moved[:, j // subject.stride] = 0
        if moved.any():
            return True
    return False


def _is_close(a: Inputs, b: Inputs, dtype: str) -> bool:
    return bool(difference(a, b).max() <= tolerance_of(dtype).other_shape * scale_of(a))


def _check_vocabulary(subject: Subject, vocab: int, first: Inputs) -> None:
    """Raises AuditError where the model does not take the last ids of the vocabulary."""
    last = np.full_like(first, vocab - 1)
    try:
        subject.outputs(last)
    except Exception as error:
        raise AuditError(
            f"{subject.name} takes token {int(first.max())} but not token {vocab - 1}: {one_line(error)}. "
            f"Its vocabulary seems to be smaller than {vocab}: try another vocab=... (--vocab)."
        ) from error


def longest_of(
    model: Any, subject: Subject, asked: int | None, met: int, call: Callable[[int], object]
) -> tuple[int, str | None]:
    """How many tokens to audit with, and a remark where the model takes fewer than were meant; `met` is a number that it takes.

    Raises AuditError where a length was asked for that the model doesn't take.
    """
    named = _number_of(model, subject, CONTEXTS)
    length = asked or min(named or LENGTH, LENGTH)
    wanted = length
    while length >= 2:
        try:
            call(length)
        except AuditError:
            raise
        except Exception as error:
            if asked is not None:
                raise AuditError(
                    f"{subject.name} can't be called with {asked} tokens: {one_line(error)}. Try fewer: T=... (--length)."
                ) from error
            length //= 2
        else:
            return (
                length,
                None if length == wanted else f"more than {length} tokens: the model does not take {2 * length}",
            )
    return met, f"other lengths than {met} tokens: the model does not take {wanted}"


def make_repeatable(subject: Subject, inputs: Inputs) -> float:
    """Make equal inputs give equal outputs, and return the noise that is left (0, or rounding).

    Raises AuditError where the outputs are random, or not a number everywhere.
    """
    try:
        first = subject.outputs(inputs)
    except AuditError:
        raise
    except Exception as error:
        raise AuditError(f"{subject.name} fails with random inputs: {one_line(error)}. {NEEDY}") from error
    if not np.isfinite(first).any():
        raise AuditError(
            f"{subject.name} returns nothing but {'NaN' if np.isnan(first).all() else 'NaN and infinity'}. "
            "Try other inputs or a smaller initialisation: there is nothing to compare."
        )
    noise = np.inf
    bound = tolerance_of(subject.dtype).certain * scale_of(first)
    for _ in range(3):  # what changes only at the first call has settled by then
        second = subject.outputs(inputs)
        noise = float(difference(first, second).max())
        if noise <= bound:
            break
        first = second
    else:
        raise AuditError(
            f"{subject.name} is random: two calls with the same inputs, from the same seeds, differ by {noise:.2g}. "
            "Try eval mode, or hand over what puts its own randomness or state back: reset=..."
        )
    return noise


def one_line(error: BaseException) -> str:
    """What an exception says, in one line of at most 200 characters."""
    text = " ".join(str(error).split())
    said = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return said.rstrip(".")[:200]
