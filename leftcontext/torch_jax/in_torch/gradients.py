"""Gradients in PyTorch."""

import torch

from leftcontext.torch_jax.in_torch.attention import causal_attention


def numerical_gradient(f, x, eps=1e-6):
    # Exact, without eps. torch.autograd.gradcheck compares it with nudges.
    return torch.func.grad(f)(x)


def softmax_backward(weights, grad_weights):
    scores = weights.log()  # softmax gives the same weights back
    _, backward = torch.func.vjp(lambda s: s.softmax(dim=-1), scores)
    return backward(grad_weights)[0]


def causal_attention_backward(Q, K, V, grad_output):
    _, backward = torch.func.vjp(causal_attention, Q, K, V)
    return backward(grad_output)
