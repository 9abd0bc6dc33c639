"""### Read a cache that lies in pages

A paged cache is cut into **pages** of the same number of tokens. A text owns any of them, in any order, and its \
**table** says which page holds its first tokens, which the next ones, and so on.

Write `paged_gather(pages, table, length)`: `pages` is `(P, page, d)`, the keys (or values) of all texts; `table` is \
`(n,)`, the pages of this text in order. Return `(length, d)`: its first `length` rows, `length` at least 1. The end \
of the last page, and pages of other texts, hold other rows, which may be huge or NaN. The table may have more entries \
than the text needs; what stands in these does not count and may be -1 or no page at all.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case

exercise = Exercise(
    topic="paged cache",
    hints=(
        "With pages of 4 tokens, in which entry of the table does token 9 lie, and in which row of that page?",
        "Token t lies in page table[t // page], row t % page.",
        "t = np.arange(length); then pages[table[t // page], t % page].",
    ),
)


@exercise.solution
def paged_gather(pages, table, length):
    """pages (P, page, d), table (n,) int, length -> (length, d), the rows of one text in order."""
    page = pages.shape[1]
    t = np.arange(length)
    return pages[table[t // page], t % page]


def _pages(rng, P, page, d, text):
    """Random pages, a table for `text` tokens, and in what the text does not use, NaN and huge numbers."""
    pages = rng.normal(size=(P, page, d))
    need = -(-text // page)
    table = rng.permutation(P)[:need]
    unused = np.ones((P, page), dtype=bool)
    t = np.arange(text)
    unused[table[t // page], t % page] = False
    pages[unused] = rng.choice([np.nan, 1e6], size=(int(unused.sum()), 1))
    return pages, table


@exercise.part("Pages of two tokens", points=1)
def two_tokens(rng):
    pages = 10.0 * np.arange(4)[:, None, None] + np.arange(2)[:, None]  # (4, 2, 1): page 3 holds 30 and 31
    yield case(pages, np.array([2, 0]), 3, note="tokens 0 and 1 lie in page 2, token 2 in page 0")
    yield case(pages, np.array([3, 1, 2]), 6, note="three full pages")


@exercise.part("Any table", points=1)
def any_table(rng):
    for P, page, d, text in ((6, 4, 3, 9), (3, 3, 3, 1), (5, 1, 4, 5), (8, 5, 2, 23), (4, 16, 3, 17), (9, 4, 4, 16)):
        pages, table = _pages(rng, P, page, d, text)
        yield case(pages, table, text)
    pages, table = _pages(rng, 7, 4, 3, 10)
    yield case(pages, np.append(table, [-1, -1]), 10, note="two entries more than the text needs, -1")
    yield case(
        pages, np.append(table, [99]), 10, note="one entry too many, left from another text: there is no page 99"
    )
    pages, table = _pages(rng, 7, 4, 3, 8)
    yield case(pages, np.append(table, [99]), 8, note="two full pages, and an entry too many: there is no page 99")
    yield case(pages, table.astype(np.int32), 6, note="fewer rows than the pages hold; int32")
    pages = rng.normal(size=(2, 3, 4)).astype(np.float32)
    yield case(pages, np.array([1, 0, 1, 0]), 10, note="each page is used twice; float32")


@exercise.equivalent
def token_by_token(pages, table, length):
    page = pages.shape[1]
    return np.stack([pages[table[t // page]][t % page] for t in range(length)])


@exercise.equivalent
def page_by_page(pages, table, length):
    rows = []
    for number in table:
        missing = length - len(rows)
        if missing <= 0:
            break
        rows.extend(pages[number][:missing])
    return np.array(rows)


@exercise.equivalent
def all_pages_then_cut(pages, table, length):
    needed = table[: -(-length // pages.shape[1])]
    return np.concatenate(pages[needed])[:length]


@exercise.equivalent
def flat_slots(pages, table, length):
    P, page, d = pages.shape
    slots = (np.asarray(table)[:, None] * page + np.arange(page)).reshape(-1)[:length]
    return pages.reshape(P * page, d)[slots]


def _flat(pages):
    return pages.reshape(-1, pages.shape[-1])


# https://github.com/tanishqkumar/ssd/issues/23
@exercise.mistake("The table plays no part")
def table_ignored(pages, table, length):
    """The pages were read in the order in which they lie in memory.

    - Which page holds the first tokens of this text?
    - The one that table[0] names.
    - Index pages with the table.
    """
    return _flat(pages)[:length]


# https://github.com/hw-native-sys/pypto/pull/470
@exercise.mistake("Only the first entry of the table was used")
def only_the_first_entry(pages, table, length):
    """The text was read on from its first page; its next page may lie anywhere.

    - Which page holds the second part of the text?
    - The one that table[1] names.
    - Look every page up in the table.
    """
    P, page, _ = pages.shape
    return _flat(pages)[(table[0] * page + np.arange(length)) % (P * page)]


@exercise.mistake("The last page was not cut")
def last_page_whole(pages, table, length):
    """The result holds all rows of the last page, also those that the text has not written.

    - How many rows does the result have?
    - length
    - [:length]
    """
    return np.concatenate(pages[table[: -(-length // pages.shape[1])]])


@exercise.mistake("The last page is missing")
def last_page_missing(pages, table, length):
    """A page that is not full was left out, and its tokens with it.

    - How many pages do 9 tokens need, if a page holds 4?
    - Round up, not down.
    - -(-length // page)
    """
    return _flat(pages[table[: length // pages.shape[1]]])


@exercise.mistake("Page and row are swapped")
def page_and_row_swapped(pages, table, length):
    """The tokens were dealt out to the pages in turn; a page holds neighbours.

    - In which page does token 1 lie?
    - In the same as token 0, unless a page holds one token only.
    - table[t // page], and row t % page
    """
    n = -(-length // pages.shape[1])
    t = np.arange(length)
    return pages[table[t % n], t // n]


@exercise.mistake("The pages were sorted")
def pages_sorted(pages, table, length):
    """The pages were read in the order of their numbers; the order of the table is the order of the text.

    - What does the order of the table say?
    - table[0] holds the first tokens, whatever its number is.
    - Use the table as it is.
    """
    return np.concatenate(pages[np.sort(table[: -(-length // pages.shape[1])])])[:length]


@exercise.mistake("The last rows instead of the first")
def last_rows(pages, table, length):
    """The rows were cut off at the start.

    - Which rows of the last page are not written yet?
    - Those at its end.
    - [:length], not [-length:]
    """
    return np.concatenate(pages[table[: -(-length // pages.shape[1])]])[-length:]


@exercise.mistake("The table counts from the end")
def table_reversed(pages, table, length):
    """The table was read backwards.

    - Which page does table[0] name?
    - The one with the first tokens of the text.
    - Use the table as it is.
    """
    return np.concatenate(pages[table[: -(-length // pages.shape[1])][::-1]])[:length]


# https://github.com/vllm-project/vllm/issues/42494
@exercise.mistake("Entries that do not count were looked up")
def stale_entries_read(pages, table, length):
    """Entries behind those of the text were looked up too; they may name pages that are not there.

    - How many pages does the text need?
    - length / page, rounded up; what stands after them in the table does not count.
    - Cut the table before you use it.
    """
    return np.concatenate(pages[table])[:length]


exercise.add_mistakes(
    (
        stale_entries_read,
        lambda pages, table, length: _flat(pages[table[: length // pages.shape[1] + 1]])[:length],
    ),
)


@exercise.mistake(mc.ONE_SIZE)
def page_size_fixed(pages, table, length):
    """The number of tokens in a page is fixed in the code; pages.shape[1] says it."""
    t = np.arange(length)
    return pages[table[t // 2], t % 2]


@exercise.mistake(mc.CHANGES_INPUTS)
def cleans_up(pages, table, length):
    """Unused rows were overwritten; another text may own them."""
    t = np.arange(length)
    out = pages[table[t // pages.shape[1]], t % pages.shape[1]]
    pages[...] = 0
    return out
