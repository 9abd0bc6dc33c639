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


def labels_from(tokens, prompt_length, pad):
    # Hugging Face's models shift by themselves: they take the labels before the shift.
    labels = tokens.long().clone()
    labels[:prompt_length] = -100
    labels[labels == pad] = -100
    return F.pad(labels[1:], (0, 1), value=-100)


def masked_mean_loss(logits, labels):
    # ignore_index is -100 by default; a mean of nothing is NaN.
    total = F.cross_entropy(logits.flatten(0, -2), labels.flatten(), reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)


def accumulated_loss(losses, counts):
    return (losses.nan_to_num() * counts).sum() / counts.sum().clamp(min=1)


def pack(documents, T):
    if max(map(len, documents)) > T:
        raise ValueError("a document is longer than a row")  # pad with a negative width would cut it off
    rows = [[]]
    for document in documents:
        document = document.long()
        if sum(map(len, rows[-1])) + len(document) > T:
            rows.append([])
        rows[-1].append(document)
    columns = []
    for row in rows:
        segments = [torch.full_like(document, n) for n, document in enumerate(row)]
        positions = [torch.arange(len(document)) for document in row]
        labels = [F.pad(document[1:], (0, 1), value=-100) for document in row]
        parts = ((row, 0), (segments, -1), (positions, 0), (labels, -100))
        columns.append([F.pad(torch.cat(p), (0, T - sum(map(len, row))), value=fill) for p, fill in parts])
    return tuple(map(torch.stack, zip(*columns, strict=True)))


def padding_leak(logits_fn, tokens, is_token, fillers):
    before = logits_fn(tokens)
    moved = [(logits_fn(tokens.where(is_token, filler)) - before)[is_token].flatten() for filler in fillers]
    return torch.cat([before.new_zeros(1), *moved]).abs().max()
