"""### Why can linear attention forget the keys?

Softmax attention has to keep every key. Linear attention keeps one matrix and one vector, however long the text. Why?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_linear",
    topic="linear attention",
    hints=("Where can the sum over j be put in brackets?", "phi(q) . phi(k) is a product, exp(q . k) is not one of finitely many features."),
)
exercise.wrong("Because its weights are all equal.", "They are not: phi(q) . phi(k) depends on both.", "uniform_mean")
exercise.wrong("Because it looks at the last few keys only.", "That would be a window; linear attention sums over the whole past.", "forgets_the_past")
exercise.wrong("Because it needs no causal mask.", "Causality is there: it is the running sum that stops at i.", "no_mask")
exercise.right(
    "Because phi(q) can be taken out of the sum over keys, so one running sum serves every later query.",
    "sum_j (phi(q) . phi(k_j)) v_j = phi(q) . (sum_j phi(k_j) v_j^T). With exp(q . k) this is not possible.",
)
