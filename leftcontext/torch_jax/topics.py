"""Which functions have a counterpart, by topic, and which have none and why."""

from __future__ import annotations

from leftcontext.torch_jax.libraries import TORCH

TOPICS = {
    "masks": "Masks and their conventions",
    "zoo": "The mask zoo",
    "batches": "Masks of a batch",
    "softmax": "Softmax",
    "loss": "Tokens and losses",
    "attention": "Scores and attention",
    "heads": "Heads",
    "cache": "The KV cache",
    "serving": "Serving",
    "generation": "Generation",
    "positions": "Positions",
    "efficient": "Efficient attention",
    "gradients": "Gradients",
    "beyond": "Causal without attention",
    "circuits": "Looking into heads",
    "leaks": "Finding leaks",
    "model": "The whole model",
}
NONE = {
    "leaky_plateau": "a formula of three numbers: no arrays, no library",
    "attention_pairs": "a formula of two numbers: counting needs no library",
    "diagnose_clinic": "a verdict on evidence: no library gives it",
    "diagnose_repairs": "a verdict on evidence: no library gives it",
    "diagnose_incidents": "a verdict on evidence: no library gives it",
    "attend_last": "it calls the kernel that it is given, and needs no library",
    "regression_test": "it calls the model that it is given, and needs no library",
    "isolation_test": "it calls the model that it is given, and needs no library",
    "loss_test": "it calls the loss that it is given, and needs no library",
    "audit_report": "a verdict on evidence: no library gives it",
    "settled_tokens": "it cuts a text, which is no array",
    "sliding_window_mod": "comparisons alone: the same code runs on PyTorch's tensors and in JAX",
    "document_mod": "comparisons and indexing alone: the same code runs on PyTorch's tensors and in JAX",
    "prefix_mod": "comparisons and indexing alone: the same code runs on PyTorch's tensors and in JAX",
    "and_mods": "it calls the functions that it is given; PyTorch has it as and_masks",
    "find_leaks": "it calls the model that it is given, and needs no library",
}


def functions(topic: str) -> list[str]:
    """The ids of a topic's functions, in the order of their module. Raises KeyError for an unknown topic."""
    TOPICS[topic]
    return list(TORCH.sources(topic))
