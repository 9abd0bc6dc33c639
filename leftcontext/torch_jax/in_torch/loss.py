"""From tokens to losses in PyTorch."""

import torch
from torch.nn import functional as F


def left_context(tokens, i):
    return tokens[: i + 1]


def next_token_pairs(tokens):
    return tokens[..., :-1], tokens[..., 1:]


def sequence_log_prob(log_probs, targets):
    return -F.nll_loss(log_probs, targets, reduction="sum")


def perplexity(log_probs, targets):
    return F.nll_loss(log_probs, targets).exp()


def cross_entropy(logits, targets):
    return F.cross_entropy(logits.flatten(0, -2), targets.flatten())


def teacher_forced_loss(logits_fn, tokens):
    return F.cross_entropy(logits_fn(tokens[:-1]), tokens[1:])


def stepwise_loss(logits_fn, tokens):
    last = [logits_fn(tokens[: i + 1])[-1] for i in range(len(tokens) - 1)]
    return F.cross_entropy(torch.stack(last), tokens[1:])


def rollout_loss(logits_fn, tokens, prompt, rng):
    text, rows = tokens[:prompt], []
    for _ in tokens[prompt:]:
        rows.append(logits_fn(text)[-1])
        drawn = torch.multinomial(rows[-1].softmax(dim=-1), 1, generator=rng)  # rng: a torch.Generator
        text = torch.cat([text, drawn])
    return F.cross_entropy(torch.stack(rows), tokens[prompt:])


def leak_gap(logits_fn, tokens):
    return stepwise_loss(logits_fn, tokens) - teacher_forced_loss(logits_fn, tokens)


def loss_per_position(logits, targets):
    # The vocabulary stands on axis 1 here: (B, vocab, T).
    return F.cross_entropy(logits.mT, targets, reduction="none").mean(dim=0)


def random_token_floor(vocab):
    return torch.distributions.Categorical(logits=torch.zeros(vocab, dtype=torch.float64)).entropy()


def next_token_loss(logits, tokens):
    # Shifted before the texts are joined, so that no text ends in another one.
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())
