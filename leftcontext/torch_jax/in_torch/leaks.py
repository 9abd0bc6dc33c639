"""Finding leaks in PyTorch: a derivative sees every smooth leak at once, but no step and no plateau."""

import torch


def influence_matrix(attend, Q, K, V):
    by_K, by_V = torch.func.jacrev(attend, argnums=(1, 2))(Q, K, V)  # (T, d_v, T, d) each
    size = by_K.abs().amax(dim=(1, 3)) + by_V.abs().amax(dim=(1, 3))  # (T, T)
    return size > 1e-9


def first_leak(attend, Q, K, V):
    leaks = influence_matrix(attend, Q, K, V).triu(1).nonzero()
    return tuple(leaks[0].tolist()) if len(leaks) else None


def is_causal(f, x):
    size = torch.func.jacrev(f)(x).abs().amax(dim=(1, 3))  # (T, T)
    return not (size.triu(1) > 1e-9).any()


def find_wrong_entry(attend, allowed, Q, K, V):
    wrong = (influence_matrix(attend, Q, K, V) != allowed).nonzero()
    return tuple(wrong[0].tolist()) if len(wrong) else None


def audit(logits_fn, vocab, T):
    tokens = torch.arange(T) % vocab
    before = logits_fn(tokens)
    for j in range(1, T):
        changed = tokens.clone()
        changed[j] = (tokens[j] + 1) % vocab
        if not torch.allclose(logits_fn(changed)[:j], before[:j], rtol=0, atol=1e-9):
            return False
    return True
