"""The only language that the student's process and the checker share: plain data, bounded, never pickle.

A message is a JSON tree followed by the raw bytes that it points into. Whatever it holds, decoding it makes numbers, strings,
containers, plain arrays, handles of functions, and iterators over them, and nothing else; a message that is anything else is
`MalformedMessage`.
"""

from __future__ import annotations

import array
import builtins
import functools
import itertools
import json
import math
import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from autograder.judge.unwritten import is_unwritten

MAX_BYTES = 64 * 1024 * 1024
MAX_NODES = 1_000_000
MAX_DEPTH = 60
MAX_DIGITS = 10_000  # of a Decimal, which int() would write out, and of both numbers of a fraction, which has to be reduced
KINDS = "biufcSUmM"  # of arrays: nothing that holds a pointer
GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
_JSON = json.JSONEncoder(separators=(",", ":"))
MANY_PARTS = 1000  # from so many on, it matters how many have the same hash
NO_NAME = "function"  # what a function is called whose name is not told
TYPES = ("bool", "int", "float", "complex", "str", "bytes", "list", "tuple", "dict", "set", "object")

Export = Callable[[Callable[..., Any]], int]
Import = Callable[[int, str, bool], Any]
Back = Callable[[Any], int | None]  # the number of a function that the other end has handed over, None for any other value
Own = Callable[[int], Any]


class NotSerializable(Exception):
    """A value that is no plain data; the message names its type. No TypeError: a test may expect that of a function."""


class MalformedMessage(ValueError):
    """Bytes that are no message."""


def encode(value: Any, export: Export | None = None, back: Back | None = None, tells_names: bool = True) -> bytes:
    """A message that holds `value`; `export` numbers the functions in it, `back` those that the other end has handed over.

    `tells_names` says whether it holds what the functions are called. Raises NotSerializable.
    """
    writer = _Writer(export, back, tells_names)
    tree = _JSON.encode(writer.tree(value, 0)).encode()
    message = struct.pack("<I", len(tree)) + tree + b"".join(writer.blobs)
    if len(message) > MAX_BYTES:
        raise NotSerializable(f"It is too big to be judged: more than {MAX_BYTES // 2**20} MB.")
    return message


def decode(message: bytes, imported: Import | None = None, own: Own | None = None) -> Any:
    """The value in a message; `imported` makes something to call of a function's number, `own` finds a function of this end.

    Raises MalformedMessage.
    """
    try:
        (length,) = struct.unpack_from("<I", message)
        text = message[4 : 4 + length]
        if text.count(b"[") + text.count(b"{") > MAX_NODES:  # three bytes of text are a container of sixty
            raise MalformedMessage("too many parts")
        return _Reader(message[4 + length :], imported, own).value(json.loads(text.decode()), 0)
    except MalformedMessage:
        raise
    except Exception as error:  # foreign bytes: whatever goes wrong, it is their fault
        raise MalformedMessage(f"no message: {type(error).__name__}") from None


class _Writer:
    def __init__(self, export: Export | None, back: Back | None, tells_names: bool) -> None:
        self.export, self.back, self.blobs, self.size, self.nodes = export, back, list[bytes](), 0, 0
        self.tells_names = tells_names

    def tree(self, value: Any, depth: int) -> Any:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise NotSerializable("It is nested too deeply, or has too many parts, to be judged.")
        if value is None or value is True or value is False:
            return value
        kind: Any = type(value)
        write = _writer_of(kind)
        return write(self, value, depth + 1) if write else self._by_name(value)

    def parts(self, tag: str, parts: Iterable[Any], depth: int) -> list[Any]:
        return [tag, *[self.tree(part, depth) for part in parts]]

    def dict(self, value: dict[Any, Any], depth: int) -> list[Any]:
        return ["d", *([self.tree(key, depth), self.tree(part, depth)] for key, part in dict.items(value))]

    def array(self, value: np.ndarray[Any, Any], depth: int) -> list[Any]:
        plain = value if type(value) is np.ndarray else np.array(value, copy=True, subok=False)
        if plain.dtype.kind == "O":
            return ["O", list(plain.shape), [self.tree(item, depth) for item in plain.reshape(-1).tolist()]]
        if plain.dtype.kind not in KINDS:
            raise NotSerializable(f"It is an array of dtype {plain.dtype}, which can't be judged. Return numbers.")
        return ["a", plain.dtype.str, list(plain.shape), *self.blob(plain.tobytes())]

    def decimal(self, value: Decimal, _depth: int) -> list[Any]:
        if value.is_finite() and abs(value.adjusted()) > MAX_DIGITS:
            raise NotSerializable("It is a Decimal with too large an exponent to be judged.")
        return ["D", Decimal.__str__(value)]

    def fraction(self, value: Fraction, depth: int) -> list[Any]:
        if not _may_be_reduced(value.numerator, value.denominator):
            raise NotSerializable("It is a Fraction of too many digits to be judged.")
        return self.parts("F", (value.numerator, value.denominator), depth)

    def blob(self, data: bytes) -> list[int]:
        start = self.size
        self.size += len(data)
        if self.size > MAX_BYTES:
            raise NotSerializable(f"It is too big to be judged: more than {MAX_BYTES // 2**20} MB.")
        self.blobs.append(data)
        return [start, len(data)]

    def _by_name(self, value: Any) -> list[Any]:
        if value is Ellipsis:
            return ["e"]
        if isinstance(value, np.dtype) and value.kind in KINDS:
            return ["y", value.str]
        if isinstance(value, type) and issubclass(value, np.generic) and np.dtype(value).kind in KINDS:
            return ["Y", np.dtype(value).str]
        if isinstance(value, type) and value.__name__ in TYPES and getattr(builtins, value.__name__) is value:
            return ["T", value.__name__]
        if isinstance(value, np.random.Generator) and type(value.bit_generator).__name__ in GENERATORS:
            return ["g", self.tree(value.bit_generator.state, 1)]
        if (plain := _as_array(value)) is not None:
            return self.array(plain, 1)
        if self.back and (number := self.back(value)) is not None:
            return ["m", number]
        if self.export and callable(value):  # a class too: who only calls it needs no more
            name = str(getattr(value, "__name__", NO_NAME))[:80] if self.tells_names else NO_NAME
            return ["h", self.export(value), name, is_unwritten(value)]
        if self.export and isinstance(value, Iterator):
            return ["x", self.export(functools.partial(_step, value))]
        raise NotSerializable(f"It is {_kind(value)}, which can't be handed over to the tests as plain data.")


Write = Callable[[_Writer, Any, int], Any]
_WRITERS: tuple[tuple[Any, Write], ...] = (
    # In this order: np.float64 is a float too. Subclasses cross as what they are underneath.
    (np.ndarray, _Writer.array),
    (np.generic, lambda w, v, _: ["n", *w.array(np.asarray(v), 0)[1:]]),
    (int, lambda w, v, _: ["i", format(int.__index__(v), "x")]),
    (float, lambda w, v, _: float.__float__(v)),
    (complex, lambda w, v, _: ["z", complex(v).real, complex(v).imag]),
    (str, lambda w, v, _: str.__str__(v)),
    ((bytes, bytearray), lambda w, v, _: ["b", *w.blob(bytes(v))]),
    (list, lambda w, v, depth: w.parts("l", list.__iter__(v), depth)),
    (tuple, lambda w, v, depth: w.parts("t", tuple.__iter__(v), depth)),
    (set, lambda w, v, depth: w.parts("s", set.__iter__(v), depth)),
    (frozenset, lambda w, v, depth: w.parts("f", frozenset.__iter__(v), depth)),
    (dict, _Writer.dict),
    (type({}.keys()), lambda w, v, depth: w.parts("k", v, depth)),
    (type({}.values()), lambda w, v, depth: w.parts("v", v, depth)),
    (type({}.items()), lambda w, v, depth: w.parts("p", v, depth)),
    (deque, lambda w, v, depth: w.parts("q", deque.__iter__(v), depth)),
    (Decimal, _Writer.decimal),
    (Fraction, _Writer.fraction),
    (range, lambda w, v, _: ["r", *(format(part, "x") for part in (v.start, v.stop, v.step))]),
    (slice, lambda w, v, depth: w.parts("c", (v.start, v.stop, v.step), depth)),
)


def _hashed(parts: list[Any]) -> list[Any]:
    """The parts of a set or the keys of a dict. Raises MalformedMessage where so many have one hash that it never ends.

    `n * (2**61 - 1)` has the hash 0 for every n: a hundred thousand of them in a set take half a minute.
    """
    if len(parts) > MANY_PARTS and len({hash(part) for part in parts}) < len(parts) / 2:
        raise MalformedMessage("too many parts with the same hash")
    return parts


def _as_dict(pairs: list[Any]) -> dict[Any, Any]:
    _hashed([key for key, _ in pairs])
    return dict(pairs)


_MAKERS: dict[str, Callable[[list[Any]], Any]] = {
    "l": list,
    "t": tuple,
    "s": lambda parts: set(_hashed(parts)),
    "f": lambda parts: frozenset(_hashed(parts)),
    "q": deque,
    "k": lambda parts: dict.fromkeys(_hashed(parts)).keys(),
    "v": lambda parts: dict(enumerate(parts)).values(),
    "p": lambda parts: _as_dict(parts).items(),
    "c": lambda parts: slice(*parts),
    "F": lambda parts: _fraction(*parts),
}


@functools.lru_cache(maxsize=256)
def _writer_of(kind: type) -> Write | None:
    return next((write for types, write in _WRITERS if issubclass(kind, types)), None)


class _Reader:
    def __init__(self, blobs: bytes, imported: Import | None, own: Own | None) -> None:
        self.blobs, self.imported, self.own, self.nodes = blobs, imported, own, 0
        self.read = 0  # of the blobs

    def value(self, tree: Any, depth: int) -> Any:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise MalformedMessage("too deep or too many parts")
        if type(tree) is not list:
            if type(tree) in _BARE:
                return tree
            raise MalformedMessage("a bare number or object")
        tag, parts = tree[0], tree[1:]
        if type(tag) is not str:
            raise MalformedMessage("an unknown kind of value")
        if (make := _MAKERS.get(tag)) is not None:
            return make([self.value(part, depth + 1) for part in parts])
        if tag == "d":
            return _as_dict([(self.value(key, depth + 1), self.value(part, depth + 1)) for key, part in parts])
        kinds, read = _READERS.get(tag, (None, None))
        if read is None or tuple(map(type, parts)) != kinds:
            raise MalformedMessage("an unknown kind of value")
        return read(self, depth, *parts)

    def read_array(self, _depth: int, dtype: str, shape: list[Any], start: int, size: int) -> np.ndarray[Any, Any]:
        if not all(type(n) is int and n >= 0 for n in shape):
            raise MalformedMessage("no shape")
        kind, parts = _dtype(dtype), math.prod(shape)
        if parts * kind.itemsize != size or parts > MAX_BYTES:
            raise MalformedMessage("another size than its shape says")
        data = bytearray(self.read_bytes(0, start, size))  # writable, as an array of one's own is
        if kind.kind == "b" and data:  # NumPy believes that each is 0 or 1, and counts others differently in each function
            flags = np.frombuffer(data, np.uint8)
            np.minimum(flags, 1, out=flags)
        return np.ndarray(shape, kind, data) if size else np.empty(shape, kind)

    def read_object_array(self, depth: int, shape: list[Any], items: list[Any]) -> np.ndarray[Any, Any]:
        return _object_array(shape, [self.value(item, depth + 1) for item in items])

    def read_bytes(self, _depth: int, start: int, size: int) -> bytes:
        # Each byte is pointed at once, in order: else a thousand arrays could be made of the same ones.
        if start != self.read or not 0 <= size <= len(self.blobs) - start:
            raise MalformedMessage("points elsewhere than to what comes next")
        self.read += size
        return self.blobs[start : self.read]

    def read_function(self, _depth: int, number: int, name: str, empty: bool) -> Any:
        if self.imported is None:
            raise MalformedMessage("an unknown kind of value")
        return self.imported(number, name[:80], empty)

    def read_iterator(self, depth: int, number: int) -> Any:
        return _stepwise(self.read_function(depth, number, "next", False))

    def read_own_function(self, _depth: int, number: int) -> Any:
        if self.own is None:
            raise MalformedMessage("an unknown kind of value")
        return self.own(number)


def _as_array(value: Any) -> np.ndarray[Any, Any] | None:
    """The array that another library's array, tensor or buffer is; None for what is none of these."""
    if isinstance(value, type) or not (hasattr(value, "__array__") or isinstance(value, memoryview | array.array)):
        return None
    try:
        return np.array(value, copy=True, subok=False)
    except Exception as error:  # a tensor that still follows gradients, or one on another device
        raise NotSerializable(f"It is {_kind(value)}, which can't become an array ({type(error).__name__}).") from None


def _object_array(shape: list[Any], items: list[Any]) -> np.ndarray[Any, Any]:
    if not all(isinstance(n, int) and n >= 0 for n in shape) or math.prod(shape) != len(items):
        raise MalformedMessage("another size than its shape says")
    made = np.empty(len(items), object)
    for number, item in enumerate(items):
        made[number] = item
    return made.reshape(shape)


def _may_be_reduced(*parts: int) -> bool:
    """Whether the two numbers of a fraction are so small that finding their common divisor takes no time."""
    return all(part.bit_length() <= 4 * MAX_DIGITS for part in parts)


def _fraction(numerator: Any, denominator: Any) -> Fraction:
    # Of a text such as "1e999999999" it would make a number with a billion digits.
    if type(numerator) is not int or type(denominator) is not int or not _may_be_reduced(numerator, denominator):
        raise MalformedMessage("no fraction of two short numbers")
    return Fraction(numerator, denominator)


def _decimal(digits: str) -> Decimal:
    number = Decimal(digits)
    if number.is_finite() and abs(number.adjusted()) > MAX_DIGITS:
        raise MalformedMessage("a number with too many digits")
    return number


def _step(iterator: Iterator[Any]) -> list[Any]:
    """The next item, in a list of its own; an empty list after the last."""
    return list(itertools.islice(iterator, 1))


def _stepwise(step: Callable[[], Any]) -> Iterator[Any]:
    """The other process's iterator, one call an item: it may be endless, or wait for what happens in between."""
    while True:
        match step():
            case [item]:
                yield item
            case _:
                return


@functools.lru_cache(maxsize=256)
def _dtype(name: str) -> np.dtype[Any]:
    dtype = np.dtype(name)
    if dtype.kind not in KINDS or dtype.subdtype or dtype.names:
        raise MalformedMessage("no plain dtype")
    return dtype


def _builtin_type(name: str) -> Any:
    if name not in TYPES:
        raise MalformedMessage("no known type")
    return getattr(builtins, name)


def _generator(state: Any) -> np.random.Generator:
    if state["bit_generator"] not in GENERATORS:
        raise MalformedMessage("no known generator")
    # NumPy believes where in its buffer a generator stands; it would read this process's memory from there.
    if not 0 <= int(state.get("buffer_pos", 0)) <= 4 or not 0 <= int(state["state"].get("pos", 0)) <= 624:
        raise MalformedMessage("a generator beyond its buffer")
    bits = getattr(np.random, state["bit_generator"])()
    bits.state = state
    return np.random.Generator(bits)


def _kind(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"of type {type(value).__name__}"


_BARE = (float, str, bool, type(None))
_ARRAY: tuple[type, ...] = (str, list, int, int)
# What a list that begins with a tag holds, and what it stands for; those of `_MAKERS` hold any number of values.
_READERS: dict[str, tuple[tuple[type, ...], Callable[..., Any]]] = {
    "i": ((str,), lambda _r, _depth, digits: int(digits, 16)),
    "z": ((float, float), lambda _r, _depth, real, imaginary: complex(real, imaginary)),
    "b": ((int, int), _Reader.read_bytes),
    "a": (_ARRAY, _Reader.read_array),
    "n": (_ARRAY, lambda reader, depth, *parts: reader.read_array(depth, *parts)[()]),
    "r": ((str, str, str), lambda _r, _depth, *ends: range(*(int(end, 16) for end in ends))),
    "D": ((str,), lambda _r, _depth, digits: _decimal(digits)),
    "O": ((list, list), _Reader.read_object_array),
    "g": ((list,), lambda reader, depth, state: _generator(reader.value(state, depth + 1))),
    "e": ((), lambda _r, _depth: Ellipsis),
    "y": ((str,), lambda _r, _depth, name: _dtype(name)),
    "Y": ((str,), lambda _r, _depth, name: _dtype(name).type),
    "T": ((str,), lambda _r, _depth, name: _builtin_type(name)),
    "h": ((int, str, bool), _Reader.read_function),
    "x": ((int,), _Reader.read_iterator),
    "m": ((int,), _Reader.read_own_function),
}
