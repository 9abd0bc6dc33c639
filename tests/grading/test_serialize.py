"""What crosses between the student's process and the checker arrives as it was; anything else is refused."""

import contextlib
import json
import math
import struct
import tracemalloc
from collections import OrderedDict, deque
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support.sizes import sized

from autograder.grading.rpc.serialize import MAX_DEPTH, MalformedMessage, NotSerializable, decode, encode

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers(allow_nan=False),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def same(a: object, b: object) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, float) and math.isnan(a):
        return math.isnan(b)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return a == b


@given(plain)
def test_plain_data_arrives_as_it_was(value: object) -> None:
    assert same(decode(encode(value)), value)


@given(arrays.arrays(arrays.scalar_dtypes() , arrays.array_shapes(min_dims=0, min_side=0)))
def test_arrays_arrive_bit_for_bit(value: np.ndarray) -> None:
    back = decode(encode(value))
    assert (type(back), back.dtype, back.shape, back.tobytes()) == (np.ndarray, value.dtype, value.shape, value.tobytes())


@given(st.binary(max_size=300), st.binary(max_size=50))
@settings(max_examples=sized(100, 500))
def test_foreign_bytes_are_garbled_and_nothing_worse(tree: bytes, rest: bytes) -> None:
    for message in (tree, struct.pack("<I", len(tree)) + tree + rest):
        with contextlib.suppress(MalformedMessage):
            decode(message)


atoms = st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.integers(-2, 2**40)
tags = st.sampled_from(["l", "t", "s", "f", "c", "d", "i", "z", "b", "a", "n", "r", "e", "y", "Y", "T", "g", "h", "O"]) | st.text(max_size=3)
dtypes = st.sampled_from(["<f8", ">i4", "|b1", "<U3", "|S0", "<M8[ns]", "|O", "f8,f8", "(9,9)f8", "<U999999999", "x"])
trees = st.recursive(
    atoms | dtypes, lambda inner: st.builds(lambda tag, parts: [tag, *parts], tags, st.lists(inner, max_size=5)) | st.lists(inner, max_size=4), max_leaves=30
)


@given(trees, st.binary(max_size=64))
@settings(max_examples=sized(300, 1500))
def test_what_looks_like_a_message_is_plain_data_or_garbled(tree: object, rest: bytes) -> None:
    text = json.dumps(tree).encode()
    with contextlib.suppress(MalformedMessage):
        value = decode(struct.pack("<I", len(text)) + text + rest, lambda number, name, empty: len)
        with contextlib.suppress(NotSerializable):  # by its depth alone
            decode(encode(value, lambda _: 0), lambda *_: len)


@given(plain | arrays.arrays(np.float64, (3,)), st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=3)), min_size=1, max_size=6))
@settings(max_examples=sized(100, 500))
def test_a_message_that_was_tampered_with_is_another_or_garbled(value: object, changes: list[tuple[int, bytes]]) -> None:
    message = bytearray(encode(value))
    for place, new in changes:
        message[place % len(message) : place % len(message) + 1] = new
    with contextlib.suppress(MalformedMessage):
        decode(bytes(message))


@pytest.mark.parametrize(("kind", "where"), [("MT19937", ("state", "pos")), ("Philox", ("buffer_pos",))])
@pytest.mark.parametrize("stands", [-1, 10**6, -(10**9)])
def test_no_generator_reads_the_memory_beyond_its_buffer(kind: str, where: tuple[str, ...], stands: int) -> None:
    state: dict = getattr(np.random, kind)(1).state
    inner = state
    for name in where[:-1]:
        inner = inner[name]
    inner[where[-1]] = stands
    message = encode(state)
    (length,) = struct.unpack_from("<I", message)
    tree = json.dumps(["g", json.loads(message[4 : 4 + length])]).encode()
    with pytest.raises(MalformedMessage):
        decode(struct.pack("<I", len(tree)) + tree + message[4 + length :])


@pytest.mark.parametrize(
    "tree",
    [
        ["l", *[["a", "<f8", [1_000_000], 0, 8_000_000]] * 100],
        ["l", *[["b", 0, 8_000_000]] * 100],
        ["l", *[[]] * 3_000_000],
        ["l", *[{}] * 3_000_000],
    ],
    ids=["the same array", "the same bytes", "empty lists", "empty objects"],
)
def test_a_message_is_not_much_larger_inside(tree: list) -> None:
    text = json.dumps(tree).encode()
    message = struct.pack("<I", len(text)) + text + bytes(8_000_000)
    tracemalloc.start()
    with pytest.raises(MalformedMessage):
        decode(message)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * len(message)


@pytest.mark.parametrize(
    "tree",
    [
        b'["a","|O",[1],0,8]', b'["a","<f8",[-1],0,8]', b'["a","<f8",[99],0,8]', b'["a","<f8",[1],4,99]', b'["T","type"]',
        b'["F","1e999999999"]', b'["F",["i","1"]]', b'["F",1.5,["i","1"]]', b'["F",["i","1"],["i","0"]]', b'["F",["i","' + b"f" * 10**5 + b'"],["i","1"]]',
        b'["h",1,"f",false]', b'["g",["d"]]', b"[" * 100_000, b'["i","' + b"9" * 10 + b'z"]', b"{}", b"[]", b'["T","eval"]',
    ],
)  # fmt: skip
def test_forged_messages_are_garbled(tree: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode(struct.pack("<I", len(tree)) + tree + bytes(8))


class Liar(np.ndarray):
    def __eq__(self, other: object) -> bool:
        return True

    def __array_function__(self, *_: object) -> object:
        return True


def test_subclasses_cross_as_what_they_are_underneath() -> None:
    assert type(decode(encode(np.zeros(2).view(Liar)))) is np.ndarray
    assert type(decode(encode(OrderedDict(a=1)))) is dict
    assert type(decode(encode(np.float32(1.5)))) is np.float32


@pytest.mark.parametrize("value", [object(), iter([]), int.__add__, Liar, np.array([object()])])
def test_what_is_no_data_gets_a_sentence(value: object) -> None:
    with pytest.raises(NotSerializable, match="It is"):
        encode(value)


@pytest.mark.parametrize(
    "value", [{"a": 1}.keys(), {"a": [1]}.values(), {"a": 1}.items(), deque([1, 2]), Fraction(-2, 3), Decimal("0.10"), Decimal("NaN")]
)
def test_views_queues_and_exact_numbers_arrive_as_they_were(value: object) -> None:
    back = decode(encode(value))
    assert (type(back), repr(back)) == (type(value), repr(value))


def test_a_number_that_would_fill_the_memory_does_not_cross() -> None:
    with pytest.raises(NotSerializable, match="exponent"):
        encode(Decimal("1e999999"))
    with pytest.raises(NotSerializable, match="digits"):
        encode(Fraction(1, 10**99_999))
    tree = b'["D","1e999999"]'
    with pytest.raises(MalformedMessage):
        decode(struct.pack("<I", len(tree)) + tree)


def test_each_byte_of_a_truth_value_is_0_or_1() -> None:
    tree = b'["a","|b1",[2,2],0,4]'
    found = decode(struct.pack("<I", len(tree)) + tree + bytes([0, 1, 2, 255]))
    assert found.view(np.uint8).tolist() == [[0, 1], [1, 1]] and found.flags.writeable


def test_no_bottomless_list_crosses() -> None:
    endless: list = []
    endless.append(endless)
    with pytest.raises(NotSerializable):
        encode(endless)
    deep: list = []
    for _ in range(MAX_DEPTH + 5):
        deep = [deep]
    with pytest.raises(NotSerializable):
        encode(deep)


def test_functions_cross_as_handles_and_generators_by_their_state() -> None:
    known: list = []
    message = encode([len, np.random.default_rng(3)], lambda f: known.append(f) or 7)
    name, rng = decode(message, lambda number, name, empty: (number, name))
    assert known == [len] and name == (7, "len")
    assert rng.random() == np.random.default_rng(3).random()
    assert decode(encode([np.float32, np.dtype("int8"), int])) == [np.float32, np.dtype("int8"), int]


@pytest.mark.long
@pytest.mark.parametrize("tag", ["s", "f", "k"])
def test_numbers_that_all_have_the_same_hash_are_refused_at_once(tag: str) -> None:
    tree = json.dumps([tag, *(["i", format(n * (2**61 - 1), "x")] for n in range(100_000))]).encode()
    with pytest.raises(MalformedMessage, match="the same hash"):
        decode(struct.pack("<I", len(tree)) + tree)
