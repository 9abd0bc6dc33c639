"""Small models in PyTorch: leaky ones with what the audit must say of them, and honest ones that look suspicious."""

from __future__ import annotations

import torch
from torch import nn

V, D, H = 17, 16, 2


class Attention(nn.Module):
    """Two heads; `allowed(T)` is True where a query may see a key."""

    def __init__(self, allowed=None, fill=float("-inf"), dropout=0.0):
        super().__init__()
        self.qkv, self.merge = nn.Linear(D, 3 * D), nn.Linear(D, D)
        self.allowed, self.fill, self.dropout = allowed or causal, fill, nn.Dropout(dropout)

    def forward(self, x):
        B, T, _ = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, H, D // H).permute(2, 0, 3, 1, 4)
        scores = q @ k.mT / (D // H) ** 0.5
        scores = scores.masked_fill(~self.allowed(T, self), self.fill)
        y = self.dropout(scores.softmax(-1)) @ v
        return self.merge(y.transpose(1, 2).reshape(B, T, D))


def causal(T, module):
    return torch.ones(T, T, dtype=torch.bool).tril()


def open_all(T, module):
    return torch.ones(T, T, dtype=torch.bool)


class LM(nn.Module):
    """Embedding, positions, one or more mixing layers with residuals and norms, logits."""

    def __init__(self, *mixers, positions=True, dtype=None):
        super().__init__()
        torch.manual_seed(0)
        for mixer in mixers:
            for part in mixer.modules():
                if hasattr(part, "reset_parameters"):
                    part.reset_parameters()
        self.e, self.p = nn.Embedding(V, D), nn.Embedding(256, D)
        self.mixers = nn.ModuleList(mixers)
        self.norms = nn.ModuleList(nn.LayerNorm(D) for _ in mixers)
        self.mlp, self.head = nn.Sequential(nn.Linear(D, 2 * D), nn.GELU(), nn.Linear(2 * D, D)), nn.Linear(D, V)
        self.positions = positions
        if dtype is not None:
            self.to(dtype)

    def forward(self, tokens):
        x = self.e(tokens)
        if self.positions:
            x = x + self.p(torch.arange(tokens.shape[1]))
        for norm, mixer in zip(self.norms, self.mixers, strict=True):
            x = x + mixer(norm(x))
        return self.head(x + self.mlp(x))


class Mix(nn.Module):
    """A function of rows (B, T, D) as a module, beside a causal attention."""

    def __init__(self, function, **parts):
        super().__init__()
        self.attention, self.function = Attention(), function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.attention(x) + self.function(self, x)


class OverTime(nn.Module):
    """A norm whose statistics are taken over time as well."""

    def __init__(self, norm):
        super().__init__()
        self.attention, self.norm = Attention(), norm

    def forward(self, x):
        return self.attention(x) + self.norm(x.transpose(1, 2)).transpose(1, 2)


class Conv(nn.Module):
    def __init__(self, left, right, size=3):
        super().__init__()
        self.conv, self.pad = nn.Conv1d(D, D, size), (left, right)

    def forward(self, x):
        return self.conv(nn.functional.pad(x.transpose(1, 2), self.pad)).transpose(1, 2)


class Circular(Conv):
    def __init__(self):
        super().__init__(2, 0)

    def forward(self, x):
        return self.conv(torch.cat([x[:, -2:], x], dim=1).mT).mT


class Spectral(nn.Module):
    """A long convolution by FFT, over so many times the length: once wraps around, twice does not."""

    def __init__(self, times):
        super().__init__()
        self.times = times

    def forward(self, x):
        T = x.shape[1]
        kernel, n = torch.exp(-torch.arange(T) / 4.0).to(x), self.times * T
        return torch.fft.irfft(torch.fft.rfft(x, n=n, dim=1) * torch.fft.rfft(kernel, n=n)[:, None], n=n, dim=1)[:, :T]


class Zeroed(nn.Module):
    """No mask, behind a projection that starts at zero."""

    def __init__(self):
        super().__init__()
        self.inner, self.out = Attention(open_all), nn.Linear(D, D)

    def forward(self, x):
        return self.out(self.inner(x))


class Recurrent(nn.Module):
    def __init__(self, both=False):
        super().__init__()
        self.rnn = nn.GRU(D, D // 2 if both else D, batch_first=True, bidirectional=both)

    def forward(self, x):
        return self.rnn(x)[0]


class Router(nn.Module):
    """Mixture of experts: the tokens choose, or the experts do, or the tokens with a capacity in order of time."""

    def __init__(self, how):
        super().__init__()
        self.how, self.gate = how, nn.Linear(D, 4)
        self.experts = nn.ModuleList(nn.Linear(D, D) for _ in range(4))

    def forward(self, x):
        scores = self.gate(x).softmax(-1)  # (B, T, 4)
        if self.how == "experts choose":
            best = scores.topk(max(1, x.shape[1] // 4), dim=1).indices
            weights = torch.zeros_like(scores).scatter(1, best, scores.gather(1, best))
        elif self.how == "depths":
            best = scores[..., :1].topk(max(1, x.shape[1] // 2), dim=1).indices
            weights = torch.zeros_like(scores)
            weights[..., :1] = torch.zeros_like(scores[..., :1]).scatter(1, best, 1.0)
        else:
            best = scores.topk(2, dim=-1).indices
            weights = torch.zeros_like(scores).scatter(-1, best, scores.gather(-1, best))
            if self.how == "capacity":
                weights = weights * ((weights > 0).cumsum(1) <= 6)
        return sum(weights[..., n : n + 1] * expert(x) for n, expert in enumerate(self.experts))


class OneHead(Attention):
    """The second head has no mask."""

    def forward(self, x):
        B, T, _ = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, H, D // H).permute(2, 0, 3, 1, 4)
        scores = q @ k.mT / (D // H) ** 0.5
        scores[:, 0] = scores[:, 0].masked_fill(~causal(T, self), self.fill)
        return self.merge((scores.softmax(-1) @ v).transpose(1, 2).reshape(B, T, D))


class ByFlag(nn.Module):
    """The library's own attention, with its flag or without."""

    def __init__(self, is_causal):
        super().__init__()
        self.qkv, self.is_causal = nn.Linear(D, 3 * D), is_causal

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        return nn.functional.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None], is_causal=self.is_causal)[:, 0]


class Inverted(ByFlag):
    """triu as a boolean mask, where True means may attend; the last row would have nothing."""

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        T = x.shape[1]
        allowed = torch.ones(T, T).triu(1).bool()
        allowed[-1, -1] = True
        return nn.functional.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None], attn_mask=allowed[None, None])[:, 0]


class CastMask(ByFlag):
    """An additive mask cast to bool: -inf is True."""

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        T = x.shape[1]
        additive = torch.full((T, T), float("-inf")).triu(1)
        additive[-1, -1] = -1.0
        return nn.functional.scaled_dot_product_attention(
            q[:, None], k[:, None], v[:, None], attn_mask=additive.bool()[None, None]
        )[:, 0]


class Projected(ByFlag):
    """A Linformer: keys and values are mixed over time."""

    def __init__(self):
        super().__init__(False)
        self.over_time = nn.Parameter(torch.randn(256, 256, generator=torch.Generator().manual_seed(4)) / 16)

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        mix = self.over_time[: x.shape[1], : x.shape[1]]
        return nn.functional.scaled_dot_product_attention(q, mix @ k, mix @ v, is_causal=True)


class Scaled(nn.Module):
    """A parameter that starts at zero in front of something."""

    def __init__(self, function):
        super().__init__()
        self.function, self.gain, self.attention = function, nn.Parameter(torch.zeros(D)), Attention()

    def forward(self, x):
        return self.attention(x) + self.gain * self.function(x)


def next_row(x):
    return nn.functional.pad(x[:, 1:], (0, 0, 0, 1))


def in_blocks(n):
    return lambda T, module: causal(T, module) | (torch.arange(T)[:, None] // n == torch.arange(T) // n)


def mode_mask(leaks_in):
    return lambda T, module: open_all(T, module) if module.training == (leaks_in == "train") else causal(T, module)


def only_in(dtype):
    return lambda module, x: next_row(x) if x.dtype == dtype else torch.zeros_like(x)


def low(*mixers):
    return lambda: LM(*mixers, dtype=torch.bfloat16)


LEAKY = {
    "no mask": (lambda: LM(Attention(open_all)), ("whole row",)),
    "one ahead": (lambda: LM(Attention(lambda T, m: torch.ones(T, T).tril(1).bool())), ("one ahead",)),
    "one ahead in two layers": (lambda: LM(*(Attention(lambda T, m: torch.ones(T, T).tril(1).bool()) for _ in range(2))), ("2 ahead",)),
    "is_causal forgotten": (lambda: LM(ByFlag(False)), ("whole row",)),
    "triu handed over as allowed": (lambda: LM(Inverted(False), positions=False), ("only the future",)),
    "an additive mask cast to bool": (lambda: LM(CastMask(False), positions=False), ("only the future",)),
    "fill with 0": (lambda: LM(Attention(fill=0.0)), ("whole row",)),
    "fill with -1": (lambda: LM(Attention(fill=-1.0)), ("whole row",)),
    "only one head": (lambda: LM(OneHead()), ("whole row",)),
    "mask lost in the second layer": (lambda: LM(Attention(), Attention(open_all)), ("whole row",)),
    "blocks of 16": (lambda: LM(Attention(in_blocks(16))), ("inside blocks of 16",)),
    "only in train mode": (lambda: LM(Attention(mode_mask("train"), dropout=0.1)), ("only in train mode",)),
    "only in eval mode": (lambda: LM(Attention(mode_mask("eval"), dropout=0.1)), ("only in eval mode",)),
    "batch norm": (lambda: LM(OverTime(nn.BatchNorm1d(D))), ("only in train mode",)),
    "instance norm": (lambda: LM(OverTime(nn.InstanceNorm1d(D))), ("whole row",)),
    "group norm over time": (lambda: LM(OverTime(nn.GroupNorm(2, D))), ("whole row",)),
    "mean pooling": (lambda: LM(Mix(lambda m, x: x.mean(1, keepdim=True))), ("whole row",)),
    "max pooling": (lambda: LM(Mix(lambda m, x: x.amax(1, keepdim=True))), ()),
    "expert choice": (lambda: LM(Mix(lambda m, x: m.router(x), router=Router("experts choose"))), ()),
    "mixture of depths": (lambda: LM(Mix(lambda m, x: m.router(x), router=Router("depths"))), ()),
    "convolution padded on both sides": (lambda: LM(Conv(1, 1)), ("one ahead",)),
    "a wide convolution": (lambda: LM(Conv(3, 3, 7)), ("3 ahead",)),
    "bidirectional GRU": (lambda: LM(Recurrent(both=True)), ("whole row",)),
    "Linformer": (lambda: LM(Projected()), ()),
    "FFT that wraps": (lambda: LM(Spectral(1), positions=False), ("wrap-around",)),
    "a circular convolution after attention": (lambda: LM(Attention(), Circular()), ("wrap-around", "first 2 outputs")),
    "roll": (lambda: LM(Mix(lambda m, x: x.roll(1, dims=1))), ("last",)),
    "behind a projection of zeros": (lambda: _zeroed(LM(Mix(lambda m, x: m.inner(x), inner=Zeroed()))), ("starts at zero",)),
    "behind a gain of zero": (lambda: LM(Scaled(next_row)), ("one ahead", "starts at zero")),
    "a millionth": (lambda: LM(Mix(lambda m, x: 1e-6 * next_row(x))), ("one ahead",)),
    "only in bfloat16": (low(Mix(only_in(torch.bfloat16))), ("one ahead", "only in bfloat16")),
    "only in float32": (lambda: LM(Mix(only_in(torch.float32))), ("one ahead", "only in float32")),
    "no mask, bfloat16": (low(Attention(open_all)), ("whole row",)),
    "mean over the batch": (lambda: LM(Mix(lambda m, x: x.mean(0, keepdim=True))), ("another row of the batch",)),
    "only in the first row": (lambda: LM(Mix(lambda m, x: next_row(x) * (torch.arange(len(x)) == 0)[:, None, None])), ("one ahead", "only in one batch row")),
    "only in a batch": (lambda: LM(Mix(lambda m, x: next_row(x) * (len(x) > 1))), ("one ahead", "only in a batch")),
    "divided by the length": (lambda: LM(Mix(lambda m, x: x.cumsum(1) / x.shape[1])), ("number of inputs",)),
    "a flip, only in train mode": (lambda: LM(Mix(lambda m, x: x.flip(1) * m.training)), ("mirrored", "only in train mode")),
    "from 20 positions on": (lambda: LM(Attention(lambda T, m: open_all(T, m) if T >= 20 else causal(T, m))), ("only from 20 positions on",)),
}  # fmt: skip


def _zeroed(model):
    for part in model.modules():
        if isinstance(part, Zeroed):
            nn.init.zeros_(part.out.weight)
            nn.init.zeros_(part.out.bias)
    return model


def frozen_mask():
    """A mask kept as a frozen parameter, which must not be drawn anew."""
    model = LM(Attention(lambda T, module: module.mask[:T, :T] > 0.5))
    model.mixers[0].mask = nn.Parameter(torch.ones(64, 64).tril(), requires_grad=False)
    return model


class Sparse(Attention):
    """Each query keeps the three keys of the highest index score. After a ReLU many scores are 0: equals."""

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        later = ~causal(x.shape[1], self)
        scores = torch.relu(q[..., :1] @ k[..., :1].mT).masked_fill(later, -1.0)
        kept = torch.zeros_like(scores).scatter(-1, scores.topk(min(3, x.shape[1]), dim=-1).indices, 1.0)
        return self.merge((q @ k.mT).masked_fill((kept == 0) | later, -1e30).softmax(-1) @ v)


class Tupled(LM):
    def forward(self, tokens):
        return super().forward(tokens), None


class Wrapped:
    """No module itself, but holds one."""

    def __init__(self):
        self.model = LM(Attention(dropout=0.2))

    def __call__(self, tokens):
        return self.model(tokens)


def strided_as_asked():
    return LM(Conv(2, 0))


HONEST = {
    "causal": lambda: LM(Attention()),
    "two layers with dropout": lambda: LM(Attention(dropout=0.3), Attention(dropout=0.3)),
    "is_causal": lambda: LM(ByFlag(True)),
    "lowest float32": lambda: LM(Attention(fill=torch.finfo(torch.float32).min)),
    "fill with -1e9": lambda: LM(Attention(fill=-1e9)),
    "bfloat16": low(Attention()),
    "bfloat16, two layers": low(Attention(), ByFlag(True)),
    "float64": lambda: LM(Attention(), dtype=torch.float64),
    "tokens choose experts": lambda: LM(Mix(lambda m, x: m.router(x), router=Router("tokens choose"))),
    "capacity in the order of time": lambda: LM(Mix(lambda m, x: m.router(x), router=Router("capacity"))),
    "causal convolution": lambda: LM(Conv(2, 0)),
    "GRU": lambda: LM(Recurrent()),
    "batch norm in each position's width": lambda: LM(Mix(lambda m, x: nn.functional.layer_norm(x, (D,)))),
    "keys centred over time": lambda: LM(Mix(lambda m, x: (x - x.mean(1, keepdim=True)) + x.mean(1, keepdim=True))),
    "padded FFT": lambda: LM(Spectral(2)),
    "a gain of zero before something honest": lambda: LM(Scaled(lambda x: x.cumsum(1))),
    "a mask as a frozen parameter": frozen_mask,
    "no parameter can be trained": lambda: LM(Attention()).requires_grad_(False),
    "a tuple of logits and nothing": lambda: Tupled(Attention()),
    "a function around a module": Wrapped,
    "dropout on the rows": lambda: LM(Mix(lambda m, x: nn.functional.dropout(x, 0.5, m.training))),
    "noise in train mode": lambda: LM(Mix(lambda m, x: torch.randn_like(x) * m.training)),
    "spectral norm": lambda: LM(Mix(lambda m, x: m.lin(x), lin=nn.utils.parametrizations.spectral_norm(nn.Linear(D, D)))),
    "other sums in larger batches": lambda: LM(Mix(lambda m, x: (x.flip(-1) if len(x) > 2 else x).sum(-1, keepdim=True))),
}  # fmt: skip
