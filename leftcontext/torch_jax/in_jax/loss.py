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


def free_running_loss(logits_fn, tokens):
    last = [logits_fn(tokens[: i + 1])[-1] for i in range(len(tokens) - 1)]
    return cross_entropy(jnp.stack(last), tokens[1:])


def leak_gap(logits_fn, tokens):
    return free_running_loss(logits_fn, tokens) - teacher_forced_loss(logits_fn, tokens)


def loss_per_position(logits, targets):
    return jax.vmap(cross_entropy, in_axes=1)(logits, targets)  # over positions


def random_token_floor(vocab):
    return jax.scipy.special.entr(jnp.full(vocab, 1 / vocab)).sum()
