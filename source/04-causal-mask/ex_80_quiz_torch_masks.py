"""### Two masks called the same

In PyTorch, `MultiheadAttention` takes a boolean `attn_mask`, and so does `scaled_dot_product_attention`. You have
`allowed`, True where the query may attend. What do you pass to each?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_torch_masks",
    topic="the conventions of masks",
    hints=("In which of the two does True mean 'may attend'?", "The table above names each convention's home."),
)
exercise.right(
    "`~allowed` to `MultiheadAttention`, `allowed` to `scaled_dot_product_attention`",
    "In the first True blocks, in the second True allows. The additive mask means the same in both.",
)
exercise.wrong(
    "`allowed` to both: a boolean mask has only one meaning",
    "It has two. To `MultiheadAttention` True means 'blocked', so it would hide the past and the present and show the future.",
    "mask_inverted",
)
exercise.wrong(
    "`allowed` to `MultiheadAttention`, `~allowed` to `scaled_dot_product_attention`",
    "Just the other way round: both models would attend to the future, and only to the future.",
    "conventions_swapped",
)
exercise.wrong(
    "`allowed.float()` to both: floats are safe",
    "A float mask is *added* in both: 1 and 0 would shift the scores a little and hide nothing. Safe is the additive mask, 0 and -inf.",
    "boolean_added",
)
