"""The words and rules of the little language.

A sentence is `subject verb (object) .`, where the subject may carry a modifier between its noun and its verb:

    these dogs near the cat see a bird .
    every child that hears the robots waits .

The verb agrees with the subject's noun, however many words of the other number stand between them.
"""

from collections.abc import Iterable

STOP = "."
NUMBERS = ("singular", "plural")
BOTH = "either"  # "the" leaves the number open until the noun

DETERMINERS = {"singular": ("a", "this", "every"), "plural": ("these", "many"), BOTH: ("the",)}
ADJECTIVES = ("big", "small", "young", "brave", "quiet", "clever")
NOUNS = {
    "singular": ("dog", "cat", "fox", "bird", "child", "robot", "queen", "wizard"),
    "plural": ("dogs", "cats", "foxes", "birds", "children", "robots", "queens", "wizards"),
}
PREPOSITIONS = ("near", "behind", "beside", "under")
TRANSITIVE = {"singular": ("sees", "hears", "likes", "follows"), "plural": ("see", "hear", "like", "follow")}
INTRANSITIVE = {"singular": ("sleeps", "sings", "waits"), "plural": ("sleep", "sing", "wait")}

Choice = tuple[float, tuple[str, ...], str]  # probability, shared equally by these words; the state that follows
Rules = dict[str, list[Choice]]
START = "subject"


def rules() -> Rules:
    """The grammar as an automaton: for each state, the words that may come next and the state each leads to."""
    table: Rules = {}
    table |= _noun_phrase("subject", {n: f"{n} subject" for n in NUMBERS}, adjective=0.3)
    for n in NUMBERS:
        table[f"{n} subject"] = [
            (0.25, PREPOSITIONS, f"{n} modifier"),
            (0.15, ("that",), f"{n} clause"),
            *_verb(n, 0.6, "object", "end"),
        ]
        table[f"{n} clause"] = _verb(n, 1.0, f"{n} modifier", f"{n} verb")
        table |= _noun_phrase(f"{n} modifier", dict.fromkeys(NUMBERS, f"{n} verb"), adjective=0.0)
        table[f"{n} verb"] = _verb(n, 1.0, "object", "end")
    table |= _noun_phrase("object", dict.fromkeys(NUMBERS, "end"), adjective=0.3)
    table["end"] = [(1.0, (STOP,), START)]
    return table


def words() -> tuple[str, ...]:
    """The full stop, then the 47 words."""
    groups: Iterable[tuple[str, ...]] = (
        *DETERMINERS.values(),
        ADJECTIVES,
        *NOUNS.values(),
        ("that",),
        PREPOSITIONS,
        *TRANSITIVE.values(),
        *INTRANSITIVE.values(),
    )
    return (STOP, *(word for group in groups for word in group))


def _verb(number: str, share: float, with_object: str, without: str) -> list[Choice]:
    return [(0.7 * share, TRANSITIVE[number], with_object), (0.3 * share, INTRANSITIVE[number], without)]


def _noun_phrase(start: str, after: dict[str, str], adjective: float) -> Rules:
    """The states of `determiner (adjective) noun`; `after[number]` is the state that follows the noun."""
    phrase: Rules = {start: []}
    for number, share in (("singular", 0.3), ("plural", 0.3), (BOTH, 0.4)):
        phrase[start].append((share, DETERMINERS[number], f"{start}, {number}"))
        open_to = NUMBERS if number == BOTH else (number,)
        nouns: list[Choice] = [(1 / len(open_to), NOUNS[n], after[n]) for n in open_to]
        phrase[f"{start}, {number}"] = [((1 - adjective) * p, group, then) for p, group, then in nouns]
        if adjective:
            phrase[f"{start}, {number}"].append((adjective, ADJECTIVES, f"{start}, {number}, adjective"))
            phrase[f"{start}, {number}, adjective"] = nouns
    return phrase
