"""### How large is a cache?

Before a server accepts a text, it asks whether the text's cache fits into the memory that is left.

Write `cache_bytes(layers, kv_heads, head_dim, tokens, bytes_per_number)`: how many bytes the keys and the values of \
`tokens` positions take, an int. Each of the `layers` has `kv_heads` key-value heads, and in each of them a position \
has one key and one value of `head_dim` numbers.
"""

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Integer

exercise = Exercise(
    topic="cache size",
    answer=Integer(),
    hints=(
        "How many vectors does one token leave in one head of one layer?",
        "Two vectors, a key and a value, in every key-value head of every layer.",
        "Multiply 2 and all five arguments.",
    ),
)


@exercise.solution
def cache_bytes(layers, kv_heads, head_dim, tokens, bytes_per_number):
    """Five ints -> int, the bytes of all keys and values."""
    return 2 * layers * kv_heads * head_dim * tokens * bytes_per_number


@exercise.part("By hand", points=1)
def by_hand(rng):
    yield case(1, 1, 1, 1, 1, note="one key and one value, each one number of one byte")
    yield case(3, 2, 5, 7, 4, note="3 layers with 2 key-value heads of width 5; 7 tokens in float32")


@exercise.part("Real sizes", points=1)
def real_sizes(rng):
    yield case(32, 8, 128, 1, 2, note="one token of a model with 32 layers and 8 key-value heads of width 128")
    yield case(32, 32, 128, 4096, 2, note="32 key-value heads")
    yield case(32, 1, 128, 4096, 2, note="multi-query attention: one key-value head")
    yield case(126, 8, 128, 2**20, 2, note="a million tokens of a model with 126 layers: more than 2**32 bytes")
    yield case(28, 4, 64, 0, 2, note="nothing has been read yet")
    for _ in range(4):
        yield case(*(int(n) for n in rng.integers(2, 40, size=5)))


@exercise.equivalent
def count_the_vectors(layers, kv_heads, head_dim, tokens, bytes_per_number):
    vectors = 0
    for _layer in range(layers):
        vectors += kv_heads * tokens  # keys
        vectors += kv_heads * tokens  # values
    return vectors * head_dim * bytes_per_number


@exercise.equivalent
def from_the_shape(layers, kv_heads, head_dim, tokens, bytes_per_number):
    import math

    return math.prod((layers, 2, kv_heads, tokens, head_dim)) * bytes_per_number


@exercise.equivalent
def per_token_first(layers, kv_heads, head_dim, tokens, bytes_per_number):
    width = kv_heads * head_dim
    per_token = layers * (width + width) * bytes_per_number
    return tokens * per_token


@exercise.mistake("Keys without values")
def keys_only(layers, kv_heads, head_dim, tokens, bytes_per_number):
    """Only the keys, or only the values, were counted; the cache holds both.

    - What does a later query need from an earlier token?
    - Its key for the score, and its value for the output.
    - Multiply by 2.
    """
    return layers * kv_heads * head_dim * tokens * bytes_per_number


@exercise.mistake("The queries were counted too")
def queries_too(layers, kv_heads, head_dim, tokens, bytes_per_number):
    """Three vectors were counted; an old query is never used again, so it is not kept.

    - Which of query, key and value does a later token read?
    - The key and the value.
    - Multiply by 2, not by 3.
    """
    return 3 * layers * kv_heads * head_dim * tokens * bytes_per_number


# https://github.com/jranaraki/vllm-fit/issues/2
@exercise.mistake("The heads were counted twice")
def heads_twice(layers, kv_heads, head_dim, tokens, bytes_per_number):
    """head_dim is the width of one head; the number of heads was multiplied in twice.

    - How many numbers has the key of one head?
    - It has head_dim of them, and all heads together have kv_heads * head_dim.
    - Multiply by kv_heads once.
    """
    return 2 * layers * kv_heads * (kv_heads * head_dim) * tokens * bytes_per_number


@exercise.mistake("Numbers, not bytes")
def numbers_not_bytes(layers, kv_heads, head_dim, tokens, bytes_per_number):
    """The numbers were counted; each of them takes bytes_per_number bytes.

    - How many bytes does a bfloat16 number take?
    - Bytes are numbers times bytes per number.
    - Multiply by bytes_per_number as well.
    """
    return 2 * layers * kv_heads * head_dim * tokens


@exercise.mistake("Bits, not bytes")
def bits(layers, kv_heads, head_dim, tokens, bytes_per_number):
    """The result is 8 times too large: it counts bits.

    - How many bits has a byte?
    - bytes_per_number counts bytes already.
    - Leave out the factor 8.
    """
    return 16 * layers * kv_heads * head_dim * tokens * bytes_per_number


@exercise.mistake("One layer only")
def one_layer(layers, kv_heads, head_dim, tokens, bytes_per_number):
    """Only one layer was counted; each layer has keys and values of its own.

    - Can layer 2 use the keys of layer 1?
    - Each layer keeps its own cache.
    - Multiply by layers.
    """
    return 2 * kv_heads * head_dim * tokens * bytes_per_number


@exercise.mistake("One head only")
def one_head(layers, kv_heads, head_dim, tokens, bytes_per_number):
    """Only one key-value head was counted.

    - How many keys does a token have in one layer?
    - One in each key-value head.
    - Multiply by kv_heads.
    """
    return 2 * layers * head_dim * tokens * bytes_per_number


@exercise.mistake("One token only")
def one_token(layers, kv_heads, head_dim, tokens, bytes_per_number):
    """That is the cache of a single token, whatever the length of the text.

    - Does the cache grow with the text?
    - Each token adds the same number of bytes.
    - Multiply by tokens.
    """
    return 2 * layers * kv_heads * head_dim * bytes_per_number


# https://github.com/KolosalAI/model-memory-calculator/issues/2
@exercise.mistake("Heads and width were added")
def heads_added(layers, kv_heads, head_dim, tokens, bytes_per_number):
    """The heads were added to the width of a head; each head has all head_dim numbers.

    - How wide are the keys of all heads together?
    - kv_heads * head_dim
    - Multiply, do not add.
    """
    return 2 * layers * (kv_heads + head_dim) * tokens * bytes_per_number


@exercise.mistake("A square of scores was counted")
def square_of_tokens(layers, kv_heads, head_dim, tokens, bytes_per_number):
    """The result grows with the square of the tokens; scores do, but scores are not kept.

    - By how many bytes does one more token make the cache grow?
    - By the same number each time.
    - Multiply by tokens once.
    """
    return 2 * layers * kv_heads * head_dim * tokens * tokens * bytes_per_number
