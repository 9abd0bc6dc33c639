"""### Which tokens are settled?

A tokenizer cuts a text from the left: each token is the **longest** entry of `vocab` with which the rest of the text \
begins. So the last tokens of a prompt can change when more characters follow.

Write `settled_tokens(text, vocab)`: how many tokens of `text`, counted from its start, stay the same whatever is \
written after `text`? `text` is a string, and `vocab` a list of strings that contains each single character of `text`. \
Any characters may follow. A token is settled only if all tokens before it are.
"""

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Integer

exercise = Exercise(
    topic="token boundaries",
    answer=Integer(),
    hides_expected=True,
    hints=(
        "With the entries a, b and ab: what is the first token of a? And of ab? And of ac?",
        "A token that begins at `start` can still change if some entry is longer than text[start:] and begins with it.",
        "Go from token to token; stop where any(e != rest and e.startswith(rest) for e in vocab), with rest = "
        "text[start:].",
    ),
)


@exercise.solution
def settled_tokens(text, vocab):
    """text, vocab (strings) -> int: how many tokens from the start stay the same whatever follows."""
    start, settled = 0, 0
    while start < len(text):
        rest = text[start:]
        if any(entry != rest and entry.startswith(rest) for entry in vocab):
            break  # with the right characters behind it, this token would be longer
        start += max(len(entry) for entry in vocab if rest.startswith(entry))
        settled += 1
    return settled


LETTERS = ["a", "b", "c"]
CAT = ["t", "h", "e", " ", "c", "a", "s", "the", " cat", " cats", "cat", " c"]


@exercise.part("By hand", points=1)
def by_hand(rng):
    yield case("a", [*LETTERS, "ab"], note="a b may follow")
    yield case("abc", [*LETTERS, "ab"], note="tokens ab and c")
    yield case("the cat", CAT, note="an s may follow")
    yield case("the ", CAT, note="the last character is a blank")


@exercise.part("Any text", points=1)
def any_text(rng):
    yield case("ab", [*LETTERS, "abc"], note="tokens a and b, and the entry abc")
    yield case("cab", [*LETTERS, "abcc", "ca"], note="tokens ca and b")
    yield case("aab", [*LETTERS, "abca"], note="the last two tokens can melt into one")
    yield case("abcab", [*LETTERS, "ab", "abc", "cabb"], note="tokens abc and ab")
    yield case("cc", [*LETTERS, "ab"], note="no entry goes on after a c")
    yield case("c", LETTERS, note="single characters only")
    yield case("abab", [*LETTERS, "ab", "abab"], note="one token, which no entry continues")
    yield case("", LETTERS, note="an empty text")
    yield case("bca", [*LETTERS, "bc", "bcab"], note="the whole text begins an entry")
    yield case("abcc", ["ab", "c", "abc", "b", "a"], note="the entries stand in any order")
    for _ in range(12):
        size = rng.integers(2, 5, size=4)
        entries = ["".join(rng.choice(LETTERS, size=n)) for n in size]
        text = "".join(rng.choice(LETTERS, size=rng.integers(1, 9)))
        yield case(text, [*LETTERS, *entries])


def _tokens(text, vocab):
    found = []
    while text:
        found.append(max((entry for entry in vocab if text.startswith(entry)), key=len))
        text = text[len(found[-1]) :]
    return found


@exercise.equivalent
def try_every_continuation(text, vocab):
    now = _tokens(text, vocab)
    settled = len(now)
    for tail in {entry[n:] for entry in vocab for n in range(1, len(entry))}:
        later = _tokens(text + tail, [*vocab, *tail])
        same = 0
        while same < len(now) and now[same] == later[same]:
            same += 1
        settled = min(settled, same)
    return settled


@exercise.equivalent
def by_prefixes(text, vocab):
    unfinished = {entry[:n] for entry in vocab for n in range(1, len(entry))}
    count, start = 0, 0
    for token in _tokens(text, vocab):
        if text[start:] in unfinished:
            return count
        count, start = count + 1, start + len(token)
    return count


@exercise.equivalent
def recursive(text, vocab):
    if not text or any(len(entry) > len(text) and entry[: len(text)] == text for entry in vocab):
        return 0
    return 1 + recursive(text[len(_tokens(text, vocab)[0]) :], vocab)


# https://github.com/karpathy/llama2.c/issues/180: a prompt that ends with a blank
@exercise.mistake("All tokens")
def all_tokens(text, vocab):
    """All tokens of the text were counted, as if nothing could follow that changes one of them.

    - With the entries a, b and ab: what becomes of the token a when a b follows?
    - It becomes a part of the token ab.
    - Stop at the first token that can still change.
    """
    return len(_tokens(text, vocab))


# https://github.com/karpathy/llama2.c/pull/248: taking back the last token is too much for some texts,
# and too little for others
@exercise.mistake("All but the last token")
def all_but_the_last(text, vocab):
    """Always the last token was taken back. Some last tokens cannot change, and elsewhere several can.

    - With the entries a, b, c and abc: which tokens of ab can change?
    - Both: abc would replace them by one.
    - Ask each token, from the start.
    """
    return max(0, len(_tokens(text, vocab)) - 1)


@exercise.mistake("Only the last token was asked")
def last_token_only(text, vocab):
    """Only the last token was compared with longer entries. Earlier tokens can change together with it.

    - With the entries a, b, c and abc: which tokens of ab can change?
    - Both, though no entry begins with the last token, b.
    - Compare with the whole rest of the text from each token on, text[start:].
    """
    tokens = _tokens(text, vocab)
    return len(tokens) - any(tokens and e != tokens[-1] and e.startswith(tokens[-1]) for e in vocab)


@exercise.mistake("The token in place of the rest")
def token_in_place_of_rest(text, vocab):
    """A token was taken for unsettled because a longer entry begins with it, even where the text goes on otherwise.

    - With the entries a, b, c and ab: can the first token of ac change?
    - No: what follows is a c already.
    - Compare entries with text[start:], not with the token.
    """
    settled = 0
    for token in _tokens(text, vocab):
        if any(e != token and e.startswith(token) for e in vocab):
            break
        settled += 1
    return settled


@exercise.mistake("One character more only")
def one_character_more(text, vocab):
    """Only entries that are longer by one character were looked for; more characters may follow.

    - How much may be written after the text?
    - As much as you like.
    - e != rest and e.startswith(rest), whatever the length of e
    """
    start, settled = 0, 0
    for token in _tokens(text, vocab):
        rest = text[start:]
        if any(len(e) == len(rest) + 1 and e.startswith(rest) for e in vocab):
            break
        start, settled = start + len(token), settled + 1
    return settled


@exercise.mistake("The entry itself was counted as longer")
def equal_counts(text, vocab):
    """A rest that is an entry was taken for unsettled, even where no longer entry begins with it.

    - Does "ab" continue "ab"?
    - Only longer entries can replace a token.
    - e != rest and e.startswith(rest)
    """
    start, settled = 0, 0
    for token in _tokens(text, vocab):
        if any(e.startswith(text[start:]) for e in vocab):
            break
        start, settled = start + len(token), settled + 1
    return settled


@exercise.mistake("Characters were counted")
def characters(text, vocab):
    """The number of settled characters was returned; asked for is the number of tokens.

    - How many tokens are "the" and " cat"?
    - Two.
    """
    return sum(map(len, _tokens(text, vocab)[: settled_tokens(text, vocab)]))


@exercise.mistake("The unsettled tokens were counted")
def unsettled(text, vocab):
    """The tokens that can still change were counted; asked for are those that cannot.

    - How many tokens are there, and how many can change?
    - Take the difference.
    """
    return len(_tokens(text, vocab)) - settled_tokens(text, vocab)


@exercise.mistake("Settled tokens behind an unsettled one")
def counted_behind(text, vocab):
    """Tokens behind one that can still change were counted; where that one grows, they are cut differently or vanish.

    - May a token be settled, if the one before it is not?
    - No: it begins where the one before ends.
    - Stop at the first token that can still change.
    """
    tokens = _tokens(text, vocab)
    rests = ["".join(tokens[n:]) for n in range(len(tokens))]
    return sum(not any(e != rest and e.startswith(rest) for e in vocab) for rest in rests)


@exercise.mistake("The first entry was taken")
def first_entry(text, vocab):
    """The first entry that fits was taken, in the order of `vocab`; the token is the longest one.

    - With the entries a, b and ab: how many tokens has ab?
    - One, wherever ab stands in the list.
    - max by length
    """
    start, count = 0, 0
    while start < len(text) and not any(e != text[start:] and e.startswith(text[start:]) for e in vocab):
        start += len(next(e for e in vocab if text.startswith(e, start)))
        count += 1
    return count


@exercise.mistake("The shortest entry was taken")
def shortest(text, vocab):
    """The text was cut into its shortest entries, single characters; the longest entry that fits is the token.

    - With the entries a, b and ab: how many tokens has ab?
    - One.
    - max by length
    """
    start = 0
    while start < len(text) and not any(e != text[start:] and e.startswith(text[start:]) for e in vocab):
        start += 1
    return start


exercise.equivalent_mutant(
    "start < len(text) -> start <= len(text)", because="every entry begins with an empty rest, so the loop ends"
)
