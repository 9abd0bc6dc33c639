"""Gradients in JAX."""

import jax
import jax.numpy as jnp

from leftcontext.torch_jax.in_jax.attention import causal_attention


def numerical_gradient(f, x, eps=1e-6):
    # Exact, without eps. jax.test_util.check_grads compares it with nudges.
    return jax.grad(f)(x)


def softmax_backward(weights, grad_weights):
    scores = jnp.log(weights)  # softmax gives the same weights back
    _, backward = jax.vjp(jax.nn.softmax, scores)
    return backward(grad_weights)[0]


def causal_attention_backward(Q, K, V, grad_output):
    _, backward = jax.vjp(causal_attention, Q, K, V)
    return backward(grad_output)
