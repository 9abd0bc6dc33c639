"""Choosing the next token in PyTorch."""

import torch


def greedy_decode(logits_fn, prompt, n):
    tokens = prompt
    for _ in range(n):
        best = logits_fn(tokens)[-1].argmax()
        tokens = torch.cat([tokens, best[None]])
    return tokens


def sample_token(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return logits.argmax()
    if top_k is not None and top_k < len(logits):
        least = logits.topk(top_k).values[-1]
        logits = logits.where(logits >= least, -torch.inf)
    probs = torch.softmax(logits / temperature, dim=-1)
    return torch.multinomial(probs, 1, generator=rng)[0]  # rng: a torch.Generator


def nucleus(logits, p):
    probs, order = torch.softmax(logits, dim=-1).sort(descending=True)
    before = probs.cumsum(dim=-1) - probs
    kept = probs.where(before < p, 0)
    return torch.zeros_like(probs).scatter(-1, order, kept / kept.sum())
