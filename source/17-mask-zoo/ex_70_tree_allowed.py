"""### Ancestors only

Speculative decoding tries several continuations at once. They form a tree: `parents[n]` is the node that node `n` \
continues, `-1` for a root.
Parents come before their children. The position of a node in the text is its depth in the tree; here you write the \
mask.

Write `tree_allowed(parents)`: `parents` is `(T,)`, integers. Return `(T, T)` booleans: each node sees itself and \
its ancestors (its parent, that one's
parent, and so on to a root), and nothing else.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="tree attention",
    answer=Array("bool"),
    hints=(
        "If you know what the parent sees, what does the child see?",
        "Row n is the parent's row, and n itself.",
        (
            "Go through the nodes in order; allowed[n] = allowed[parents[n]] unless the parent is -1; then "
            "allowed[n, n] = True."
        ),
    ),
)


@exercise.solution
def tree_allowed(parents):
    """parents (T,) int, -1 for a root -> (T, T) bool: node n sees itself and its ancestors."""
    allowed = np.eye(len(parents), dtype=bool)
    for node, parent in enumerate(parents):
        if parent >= 0:
            allowed[node] |= allowed[parent]
    return allowed


@exercise.part("Five nodes", points=1)
def five(rng):
    yield case(np.array([-1, 0, 0, 1, 1]), note="0 has the children 1 and 2; 1 has 3 and 4")
    yield case(np.array([-1, 0, 1, 2]), note="a chain: the causal mask")


@exercise.part("Any tree", points=1)
def any_tree(rng):
    yield case(np.array([-1]))
    yield case(np.array([-1, -1, -1]), note="three roots")
    yield case(np.array([-1, -1, 0, 1, 2, 3, 2]), note="two trees")
    yield case(np.arange(-1, 29), note="a chain of 30: the causal mask again")
    for T in (6, 9, 12, 40):
        yield case(np.array([rng.integers(-1, n) if n else -1 for n in range(T)]))


@exercise.equivalent
def climb(parents):
    T = len(parents)
    out = [[False] * T for _ in range(T)]
    for n in range(T):
        at = n
        while at != -1:
            out[n][at] = True
            at = parents[at]
    return out


@exercise.equivalent
def power_of_the_parent_matrix(parents):
    T = len(parents)
    step = np.eye(T)
    step[np.arange(T)[parents >= 0], parents[parents >= 0]] = 1
    return np.linalg.matrix_power(step, T) > 0


@exercise.equivalent
def with_recursion(parents):
    def ancestors(n):
        return set() if n < 0 else {n} | ancestors(parents[n])

    return np.array([[j in ancestors(i) for j in range(len(parents))] for i in range(len(parents))])


def _parent_only(parents):
    allowed = np.eye(len(parents), dtype=bool)
    for node, parent in enumerate(parents):
        if parent >= 0:
            allowed[node, parent] = True
    return allowed


@exercise.mistake("That is the plain causal mask")
def causal_not_tree(parents):
    """Nodes of other branches are visible, but they are other continuations.

    - Does node 2 continue node 1?
    - Only ancestors count.
    - Follow parents, not positions.
    """
    return np.tri(len(parents), dtype=bool)


@exercise.mistake("Only the parent, not its ancestors")
def parent_only(parents):
    """The path stops after one step; a node sees the whole way up to its root.

    - What does the parent see?
    - Row n contains the parent's row.
    - allowed[n] |= allowed[parent]
    """
    return _parent_only(parents)


@exercise.mistake(mc.TRANSPOSED)
def transposed(parents):
    """Ancestors see their descendants: rows and columns are swapped."""
    return tree_allowed(parents).T


@exercise.mistake(mc.OWN_POSITION_EXCLUDED)
def own_position_excluded(parents):
    """A node can't see itself."""
    return tree_allowed(parents) & ~np.eye(len(parents), dtype=bool)


@exercise.mistake(mc.INVERTED)
def inverted(parents):
    return ~tree_allowed(parents)


@exercise.mistake("-1 was used as an index")
def root_wraps_around(parents):
    """For a root the parent is -1, and index -1 is the last node: the root sees it.

    - What is allowed[-1]?
    - A root has no parent.
    - Skip the parent where it is -1.
    """
    return _wrapping(parents)


exercise.add_mistakes(
    (root_wraps_around, lambda parents: _wrapping_to_the_end(parents)),
)


@exercise.mistake("Siblings see each other")
def siblings_visible(parents):
    """Nodes with the same parent are rival continuations; none may see another.

    - Can two rival tokens stand at the same place?
    - Only ancestors count.
    - Follow parents only.
    """
    return tree_allowed(parents) | (np.tri(len(parents), dtype=bool) & (parents[:, None] == parents))


@exercise.mistake("Every node sees node 0")
def roots_are_shared(parents):
    """Node 0 was taken for everybody's ancestor; a tree of its own has its own root.

    - Is node 0 an ancestor of every node?
    - Climb to the node's own root.
    - Don't open column 0.
    """
    return tree_allowed(parents) | (np.arange(len(parents)) == 0)


@exercise.mistake("Only two steps up")
def two_steps_only(parents):
    """Parent and grandparent are allowed, but the way up may be longer.

    - How long can the way to the root be?
    - Until the root.
    - Use the parent's whole row.
    """
    return (_parent_only(parents).astype(int) @ _parent_only(parents)) > 0


def _wrapping(parents):
    allowed = np.eye(len(parents), dtype=bool)
    for node, parent in enumerate(parents):
        allowed[node] |= allowed[parent]
    return allowed


def _wrapping_to_the_end(parents):
    T = len(parents)
    step = np.eye(T, dtype=int)
    step[np.arange(T), parents] = 1
    for _ in range(T):
        step = (step @ step > 0).astype(int)
    return step > 0
