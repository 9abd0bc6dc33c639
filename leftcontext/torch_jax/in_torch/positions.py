"""Positions in PyTorch."""

import torch


def sinusoidal_positions(T, d):
    frequency = 10000 ** (-torch.arange(0, d, 2).double() / d)  # in float32 an angle of 100 is off by 4e-6
    angle = torch.outer(torch.arange(T).double(), frequency)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(-2)


def rope(x, positions):
    d = x.shape[-1]
    angle = torch.outer(positions.double(), 10000 ** (-torch.arange(0, d, 2).double() / d))
    turn = torch.polar(torch.ones_like(angle), angle)  # e^(i angle)
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * turn).flatten(-2).to(x.dtype)


def position_ids(is_token):
    return (is_token.cumsum(dim=-1) - 1).clamp(min=0)


def rotate_half_rope(x, positions):
    d = x.shape[-1]
    angle = torch.outer(positions.double(), 10000 ** (-torch.arange(0, d, 2).double() / d)).repeat(1, 2)  # (T, d)
    first, second = x.chunk(2, dim=-1)
    return (x * angle.cos() + torch.cat([-second, first], dim=-1) * angle.sin()).to(x.dtype)


def add_positions(x, is_token, rates):
    n = x.shape[1]
    positions = (is_token.cumsum(dim=1) - 1)[:, -n:]
    added = torch.sin(positions[..., None] * rates)
    return torch.where(is_token[:, -n:, None], x + added, x)
