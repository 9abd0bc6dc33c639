"""### The report

You have been handed `suspect`, a GPT of two blocks, with the words "it is causal". Three leaks are planted in its \
code. Audit it, part by part, and hand in what you found.

Write `audit_report(part)`: the name of a part, one of `suspect.PARTS`, → the list of the kinds of leak in **this \
part**, numbers of `suspect.KINDS` in increasing order, such as `[2]`; `[0]` for a part that is right. One mistake in \
the code may harm two parts, and a part may have two kinds. A part that is right, and only gets rows in which the \
future is already, is not to blame.
"""

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="auditing a model",
    answer=Array("int"),
    hides_expected=True,
    hints=(
        "Give each part rows of its own, alone: which outputs move when a later row changes? In one pass, and in "
        "chunks?",
        "Two kinds of part are to blame. In one of them, ask whether the answer is the same with a cache and without.",
        'found = {"attention 0": [...], ...}; return found.get(part, [0])',
    ),
)


@exercise.solution
def audit_report(part):
    """The name of a part -> list of the kinds of leak in it, increasing; [0] where there is none."""
    found = {"attention 0": [3], "attention 1": [1, 3], "mlp_norm 0": [2]}
    return found.get(part, [0])


@exercise.part("The norms", points=1)
def norms(rng):
    for part in ("mlp_norm 0", "mlp_norm 1", "attention_norm 0", "attention_norm 1", "norm"):
        yield case(part)


@exercise.part("The attentions", points=2)
def attentions(rng):
    yield case("attention 0")
    yield case("attention 1")


@exercise.part("The rest", points=1)
def rest(rng):
    yield case("mlp 0")
    yield case("mlp 1")


@exercise.equivalent
def part_by_part(part):
    if part.startswith("attention "):
        return [3] if part.endswith("0") else [1, 3]
    return [2] if part == "mlp_norm 0" else [0]


@exercise.equivalent
def as_tuples(part):
    return {"attention 1": (1, 3), "attention 0": (3,), "mlp_norm 0": (2,)}.get(part, (0,))


@exercise.equivalent
def kind_by_kind(part):
    where = {1: ["attention 1"], 2: ["mlp_norm 0"], 3: ["attention 0", "attention 1"]}
    return [kind for kind, parts in where.items() if part in parts] or [0]


def _but(**found):
    """The right report, with other answers for some parts; _ stands for the space in a name."""
    return lambda part: found.get(part.replace(" ", "__"), audit_report(part))


@exercise.mistake("The cache was not tried")
def cache_not_tried(part):
    """In one pass only one attention looks ahead. With a cache both do.

    - What does an attention show of five new rows to the first of them, when there is a cache?
    - Run both attentions in chunks, such as (5, 4).
    """
    return _but(attention__0=[0], attention__1=[1])(part)


@exercise.mistake("One mistake, two parts")
def one_attention_only(part):
    """Both blocks have the same code for the cache, and so the same leak.

    - Is the code of the cache different in the two blocks?
    - Run the other attention in chunks too.
    """
    return _but(attention__1=[1])(part)


@exercise.mistake(one_attention_only)
def first_attention_left_out(part):
    return _but(attention__0=[0])(part)


@exercise.mistake("One pass was not tried")
def mask_not_seen(part):
    """The second attention looks ahead without a cache, too: one row.

    - Which outputs of `attention 1` move when row 3 changes, in one pass?
    - Output 2 moves, and it must not.
    """
    return _but(attention__1=[3])(part)


@exercise.mistake("The norm was not tried")
def norm_not_seen(part):
    """A norm has no mask, and may look ahead all the same, along the wrong axis.

    - Over which axis does each of the five norms take its mean?
    - Change a later row, and look at earlier outputs of each norm alone.
    """
    return _but(mlp_norm__0=[0])(part)


@exercise.mistake("All norms were accused")
def all_norms_accused(part):
    """The norms are the same class with different axes, and only one of them runs over time.

    - Which norms move earlier outputs when they are given rows of their own?
    - One of five.
    """
    return [2] if "norm" in part else audit_report(part)


@exercise.mistake("What gets a leak is not what leaks")
def downstream_accused(part):
    """Behind the first leak all rows hold the future already. A part is to blame only if it leaks on rows that are
    handed to it alone.

    - Does `mlp 0` move an earlier output when its input rows are yours?
    - suspect.run_part gives a part rows of its own.
    """
    return _but(mlp__0=[2], mlp__1=[1])(part)


@exercise.mistake("Every part is right")
def nothing_found(part):
    """Three leaks are planted, and this report names none.

    - What does the audit say of the whole model?
    - Go through it part by part.
    """
    return [0]


@exercise.mistake("The first attention has the mask of the second")
def both_masks_accused(part):
    """In one pass the first attention is right: the mistake in the mask grows with the number of the block.

    - Which outputs of `attention 0` move in one pass?
    - What is `self.layer` in the first block?
    """
    return _but(attention__0=[1, 3])(part)
