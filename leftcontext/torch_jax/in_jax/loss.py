"""From tokens to losses in JAX."""

import jax
import jax.numpy as jnp


def left_context(tokens, i):
    return tokens[: i + 1]


def next_token_pairs(tokens):
    return tokens[..., :-1], tokens[..., 1:]


def sequence_log_prob(log_probs, targets):
    return jnp.take_along_axis(log_probs, targets[:, None], axis=-1).sum()


def perplexity(log_probs, targets):
    return jnp.exp(-jnp.take_along_axis(log_probs, targets[:, None], axis=-1).mean())


def cross_entropy(logits, targets):
    # optax.softmax_cross_entropy_with_integer_labels is this without the mean.
    log_probs = jax.nn.log_softmax(logits)
    return -jnp.take_along_axis(log_probs, targets[..., None], axis=-1).mean()


def teacher_forced_loss(logits_fn, tokens):
    return cross_entropy(logits_fn(tokens[:-1]), tokens[1:])


def stepwise_loss(logits_fn, tokens):
    last = [logits_fn(tokens[: i + 1])[-1] for i in range(len(tokens) - 1)]
    return cross_entropy(jnp.stack(last), tokens[1:])


def rollout_loss(logits_fn, tokens, prompt, rng):
    text, rows = tokens[:prompt], []
    for key in jax.random.split(rng, len(tokens) - prompt):  # rng: a key, used once
        rows.append(logits_fn(text)[-1])
        text = jnp.append(text, jax.random.categorical(key, rows[-1]))
    return cross_entropy(jnp.stack(rows), tokens[prompt:])


def leak_gap(logits_fn, tokens):
    return stepwise_loss(logits_fn, tokens) - teacher_forced_loss(logits_fn, tokens)


def loss_per_position(logits, targets):
    return jax.vmap(cross_entropy, in_axes=1)(logits, targets)  # over positions


def random_token_floor(vocab):
    return jax.scipy.special.entr(jnp.full(vocab, 1 / vocab)).sum()


def next_token_loss(logits, tokens):
    # Shifted before the texts are joined, so that no text ends in another one.
    return cross_entropy(logits[:, :-1], tokens[:, 1:])


def labels_from(tokens, prompt_length, pad):
    after = jnp.arange(len(tokens)) + 1
    following = jnp.append(tokens[1:], pad)
    return jnp.where((after < prompt_length) | (following == pad), -100, following)


def masked_mean_loss(logits, labels):
    counts = labels != -100
    log_probs = jax.nn.log_softmax(logits)
    picked = jnp.take_along_axis(log_probs, jnp.where(counts, labels, 0)[..., None], axis=-1)[..., 0]
    return -jnp.sum(picked, where=counts) / jnp.maximum(counts.sum(), 1)


def accumulated_loss(losses, counts):
    return jnp.nan_to_num(losses) @ counts / jnp.maximum(counts.sum(), 1)


def pack(documents, T):
    if max(map(len, documents)) > T:
        raise ValueError("a document is longer than a row")
    rows = [[]]
    for document in documents:
        if sum(map(len, rows[-1])) + len(document) > T:
            rows.append([])
        rows[-1].append(document)
    columns = []
    for row in rows:
        segments = [jnp.full_like(document, n) for n, document in enumerate(row)]
        positions = [jnp.arange(len(document)) for document in row]
        labels = [jnp.append(document[1:], -100) for document in row]
        parts = ((row, 0), (segments, -1), (positions, 0), (labels, -100))
        gap = (0, T - sum(map(len, row)))
        columns.append([jnp.pad(jnp.concatenate(part), gap, constant_values=fill) for part, fill in parts])
    return tuple(map(jnp.stack, zip(*columns, strict=True)))


def padding_leak(logits_fn, tokens, is_token, fillers):
    def moved(filler):
        return jnp.abs(logits_fn(jnp.where(is_token, tokens, filler)) - logits_fn(tokens))

    return max(jnp.max(moved(filler), where=is_token[..., None], initial=0.0) for filler in fillers)
