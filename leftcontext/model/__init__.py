"""A small transformer in NumPy. In: tokens, a mask, a seed. Out: logits, trained weights, generated texts, measurements."""

from leftcontext.model.evaluation import held_out_loss, influence, leak, position_losses
from leftcontext.model.generation import generate, generate_texts, share_legal
from leftcontext.model.mask_at_inference import legal_under, unmasked_change
from leftcontext.model.training import MASKS, Adam, Progress, Schedule, allowed_by, train
from leftcontext.model.transformer import IGNORED, Config, Transformer

__all__ = [
    "IGNORED",
    "MASKS",
    "Adam",
    "Config",
    "Progress",
    "Schedule",
    "Transformer",
    "allowed_by",
    "generate",
    "generate_texts",
    "held_out_loss",
    "influence",
    "leak",
    "legal_under",
    "position_losses",
    "share_legal",
    "train",
    "unmasked_change",
]
