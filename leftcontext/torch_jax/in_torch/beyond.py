"""Layers that are causal without attention, in PyTorch."""

import torch
from torch.nn import functional as F


def causal_conv1d(x, kernel):
    # conv1d is a cross-correlation: its kernel begins with the oldest row.
    padded = F.pad(x.T[:, None].to(kernel), (len(kernel) - 1, 0))  # (d, 1, k - 1 + T)
    return F.conv1d(padded, kernel.flip(0)[None, None])[:, 0].T


def causal_pool(x, stride):
    T, d = x.shape
    means = x[: T // stride * stride].double().reshape(-1, stride, d).mean(dim=1)  # (complete blocks, d)
    waiting = torch.zeros(stride - 1, d)
    return torch.cat([waiting, means.repeat_interleave(stride, dim=0)])[:T]


def fft_causal_conv(x, kernel):
    n = len(x) + len(kernel) - 1
    product = torch.fft.rfft(x, n, dim=0) * torch.fft.rfft(kernel, n)[:, None]
    return torch.fft.irfft(product, n, dim=0)[: len(x)]


def running_norm(x, eps):
    seen = [x[: t + 1].double() for t in range(len(x))]
    mean = torch.stack([rows.mean() for rows in seen])[:, None]
    variance = torch.stack([rows.var(correction=0) for rows in seen])[:, None]
    return (x - mean) / torch.sqrt(variance + eps)


def route_tokens(logits, k, capacity):
    best, experts = logits.topk(k, dim=1)
    weights = torch.zeros_like(logits).scatter(1, experts, best.softmax(dim=1))
    chosen = torch.zeros_like(logits).scatter(1, experts, 1.0)
    return weights * (chosen.cumsum(dim=0) <= capacity)


def chunked_scan(a, b, chunk):
    h, carry = [], torch.zeros_like(a[0])
    for decay, local in zip(a.split(chunk), b.to(a, copy=True).split(chunk), strict=True):
        for i in range(1, len(local)):
            local[i] += decay[i] * local[i - 1]
        h.append(local + decay.cumprod(dim=0) * carry)
        carry = h[-1][-1]
    return torch.cat(h)
