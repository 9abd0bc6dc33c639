"""### Positions in a tree of drafts

A server can verify several drafts at once, as a tree: `parents[n]` is the node that node `n` continues, -1 for a \
root. Parents come before their children. Two nodes that continue the same node stand for the same place in the text, \
so they need the same position.

Write `tree_positions(parents)`: `parents` is `(T,)`, integers. Return `(T,)` integers: the depth of each node, which \
is 0 for a root and one more than the parent's for every other node.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="tree attention",
    answer=Array("int"),
    hints=(
        "If you know the position of the parent, what is that of the child?",
        "depth[n] = depth[parents[n]] + 1, and 0 for a root.",
        "Go through the nodes in order, and treat -1 before you use it as an index.",
    ),
)


@exercise.solution
def tree_positions(parents):
    """parents (T,) int, -1 for a root -> depth (T,) int, 0 for a root."""
    depth = np.zeros(len(parents), dtype=int)
    for node, parent in enumerate(parents):
        if parent >= 0:
            depth[node] = depth[parent] + 1
    return depth


@exercise.part("Five nodes", points=1)
def five(rng):
    yield case(np.array([-1, 0, 0, 1, 1]), note="0 has the children 1 and 2; 1 has 3 and 4")
    yield case(np.array([-1, 0, 1, 2]), note="a chain: 0, 1, 2, 3")


@exercise.part("Any tree", points=1)
def any_tree(rng):
    yield case(np.array([-1]))
    yield case(np.array([-1, -1, -1]), note="three roots")
    yield case(np.array([-1, -1, 0, 1, 2, 3, 2]), note="two trees")
    yield case(np.array([-1, 0, 0, 0, 0]), note="four children of one node")
    yield case(np.array([-1, 0, 0, 2, 3, 1], dtype=np.int32), note="the last node is not the deepest; int32")
    yield case(np.arange(-1, 39), note="a chain of 40")
    for T in (6, 9, 12, 40):
        yield case(np.array([rng.integers(-1, n) if n else -1 for n in range(T)]))


@exercise.equivalent
def climb(parents):
    depths = []
    for n in range(len(parents)):
        at, steps = parents[n], 0
        while at != -1:
            at, steps = parents[at], steps + 1
        depths.append(steps)
    return depths


@exercise.equivalent
def ancestors_counted(parents):
    T = len(parents)
    sees = np.eye(T, dtype=bool)
    for n, parent in enumerate(parents):
        if parent != -1:
            sees[n] |= sees[parent]
    return sees.sum(axis=1) - 1


@exercise.equivalent
def all_at_once(parents):
    known = np.append(parents, -1)  # index -1 finds the -1 at the end
    at, depth = np.array(parents), np.zeros(len(parents), dtype=int)
    while (at >= 0).any():
        depth += at >= 0
        at = known[at]
    return depth


@exercise.equivalent
def with_recursion(parents):
    def depth(n):
        return -1 if n < 0 else depth(parents[n]) + 1

    return np.array([depth(n) for n in range(len(parents))])


@exercise.mistake("Numbered in order")
def numbered_in_order(parents):
    """The nodes were numbered as if they were a chain; rival nodes need the same position.

    - At which place of the text do two children of one node stand?
    - At the same: one after their parent.
    - Follow parents, not the order.
    """
    return np.arange(len(parents))


# https://github.com/sgl-project/sglang/pull/25015
@exercise.mistake("One position too far")
def counted_from_one(parents):
    """Every position is one too large: a root has depth 0.

    - What is the depth of a root?
    - It has no ancestor, so 0.
    - Count the ancestors without the node itself.
    """
    return tree_positions(parents) + 1


@exercise.mistake("The parent's number plus one")
def parents_number(parents):
    """The position of a node is not the number of its parent plus 1, but the parent's position plus 1.

    - What is the position of the parent?
    - depth[n] = depth[parents[n]] + 1
    - Look the parent's depth up.
    """
    return np.asarray(parents, dtype=int) + 1


@exercise.mistake("-1 was used as an index")
def root_wraps_around(parents):
    """For a root the parent is -1, and index -1 is the last node.

    - What is depth[-1]?
    - A root has no parent.
    - Skip the parent where it is -1.
    """
    depth = np.full(len(parents), len(parents), dtype=int)
    for node, parent in enumerate(parents):
        depth[node] = depth[parent] + 1
    return depth


@exercise.mistake("Only the first node is a root")
def one_root_only(parents):
    """Another root was counted as a child of node 0.

    - What does parents[n] == -1 mean?
    - Every such node has the position 0.
    - Treat -1 the same at every node.
    """
    depth = np.zeros(len(parents), dtype=int)
    for node in range(1, len(parents)):
        depth[node] = depth[max(parents[node], 0)] + 1
    return depth


@exercise.mistake("Only two levels")
def two_levels_only(parents):
    """Roots got 0 and all others 1; a tree may be deeper.

    - What is the position of a grandchild?
    - Each level adds 1.
    - Add 1 to the parent's depth.
    """
    return (np.asarray(parents) >= 0).astype(int)


@exercise.mistake("Siblings were numbered")
def siblings_numbered(parents):
    """Nodes with the same parent got different positions; they are rivals for one place.

    - Can two rival tokens stand at different places?
    - One after the parent, for each of them.
    - Follow the parent only.
    """
    depth, children = [], {}
    for parent in parents:
        children[int(parent)] = children.get(int(parent), -1) + 1
        depth.append(children[int(parent)] + (depth[parent] + 1 if parent >= 0 else 0))
    return np.array(depth)


@exercise.mistake("The height was counted")
def height_counted(parents):
    """The levels below a node were counted; its position is the number of nodes above it.

    - What stands before a node in its text?
    - Its ancestors.
    - Climb from the node to its root.
    """
    height = np.zeros(len(parents), dtype=int)
    for node in reversed(range(len(parents))):
        if parents[node] >= 0:
            height[parents[node]] = max(height[parents[node]], height[node] + 1)
    return height
