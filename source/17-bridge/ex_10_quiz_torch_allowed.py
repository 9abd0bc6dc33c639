"""### One mask, two readings

You have `allowed`, boolean, True where a query **may** attend. Which call is right?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_torch_allowed",
    topic="PyTorch's masks",
    hints=("Which of PyTorch's two interfaces shares this course's convention?", "MultiheadAttention asks what is *not* allowed."),
)
exercise.wrong(
    "`nn.MultiheadAttention(...)(x, x, x, attn_mask=allowed)`",
    "There True means 'not allowed': every query would see only the future.",
    "mask_inverted",
)
exercise.wrong(
    "`F.scaled_dot_product_attention(q, k, v, attn_mask=~allowed)`",
    "There True means 'may attend', as in this course; `~` turns it round.",
    "mask_inverted_again",
)
exercise.wrong(
    "`F.scaled_dot_product_attention(q, k, v, attn_mask=allowed.float())`",
    "A float mask is *added*: 1 and 0 only raise the allowed scores a little, and nothing is hidden.",
    "boolean_added",
)
exercise.right(
    "`F.scaled_dot_product_attention(q, k, v, attn_mask=allowed)`",
    "A boolean mask there means the same as here: True = may attend.",
)
