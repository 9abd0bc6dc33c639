"""The course's model against the same model in eager PyTorch: time of a training step, and where both end.

Same initial weights, same rows, same schedule, same clipping, one thread each. The contestants take turns, a few steps
each, so that whatever else the machine does meets all of them. "matrix products" are the bare products of a step
without anything between them: what NumPy could reach at best.

    python benchmarks/train_vs_torch.py                  # the lesson's size, a whole training
    python benchmarks/train_vs_torch.py --sizes all      # and larger ones, a few steps each
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is imported

import argparse
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from leftcontext.demo import held_out_rows
from leftcontext.language.language import LITTLE_LANGUAGE
from leftcontext.model.evaluation import cross_entropies
from leftcontext.model.training import Adam, Schedule, allowed_by
from leftcontext.model.transformer import SHARPNESS, Config, Transformer

try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError:
    raise SystemExit("This benchmark needs PyTorch: python -m pip install torch") from None

Rows = NDArray[np.intp]
Step = Callable[[Rows, int], object]  # one step of training on rows (B, T + 1) at step number n
SIZES = {
    "lesson": (Config(), 16, 1200),
    "letters": (Config(context=40, width=48, heads=4, hidden=96), 16, 200),
    "larger": (Config(context=64, width=64, heads=4, hidden=256), 32, 60),
}
TURN = 20  # steps that one contestant takes before the next


class Block(nn.Module):
    """One layer, as it is usually written; `fused` takes PyTorch's own attention instead."""

    def __init__(self, c: Config, fused: bool) -> None:
        super().__init__()
        self.heads, self.fused = c.heads, fused
        self.norm1 = nn.RMSNorm(c.width, eps=1e-6, elementwise_affine=False)
        self.norm2 = nn.RMSNorm(c.width, eps=1e-6, elementwise_affine=False)
        self.qkv = nn.Linear(c.width, 3 * c.width, bias=False)
        self.merge = nn.Linear(c.width, c.width, bias=False)
        self.up = nn.Linear(c.width, c.hidden, bias=False)
        self.down = nn.Linear(c.hidden, c.width, bias=False)
        self.register_buffer("mask", torch.full((c.context, c.context), -torch.inf).triu(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        B, T, D = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(B, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4)  # (B, H, T, d)
        if self.fused:
            heads = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            heads = torch.softmax(q @ k.mT * q.shape[-1] ** -0.5 + self.mask, -1) @ v
        x = x + self.merge(heads.transpose(1, 2).reshape(B, T, D))
        return x + self.down(F.relu(self.up(self.norm2(x))))


class TorchModel(nn.Module):
    """The same model from the same weights."""

    def __init__(self, ours: Transformer, fused: bool) -> None:
        super().__init__()
        c = ours.config
        self.token, self.position = nn.Embedding(c.vocab, c.width), nn.Embedding(c.context, c.width)
        self.blocks = nn.Sequential(*(Block(c, fused) for _ in range(c.layers)))
        self.norm = nn.RMSNorm(c.width, eps=1e-6, elementwise_affine=False)
        self.head = nn.Linear(c.width, c.vocab, bias=False)
        with torch.no_grad():
            for name, weight in ours.params.items():
                layer, _, part = name.rpartition(".")
                module = getattr(self.blocks[int(layer)] if layer else self, part)
                is_linear = isinstance(module, nn.Linear)
                module.weight.copy_(torch.from_numpy(weight.T if is_linear else weight))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.token(tokens) + self.position.weight[: tokens.shape[1]]
        return SHARPNESS * self.head(self.norm(self.blocks(x)))


def numpy_step(model: Transformer, schedule: Schedule) -> Step:
    """A step of ours."""
    adam = Adam(model.theta, schedule)

    def step(rows: Rows, n: int) -> None:
        model.loss_and_gradient(rows[:, :-1], rows[:, 1:])
        adam.step(model.theta, model.gradient, schedule.rate_at(n))

    return step


def torch_step(model: TorchModel, schedule: Schedule, fused: bool) -> Step:
    """A step of PyTorch's."""
    betas = (schedule.beta1, schedule.beta2)
    optimizer = torch.optim.Adam(model.parameters(), betas=betas, fused=fused)

    def step(rows: Rows, n: int) -> None:
        optimizer.param_groups[0]["lr"] = schedule.rate_at(n)
        tokens = torch.from_numpy(rows)
        optimizer.zero_grad()
        logits = model(tokens[:, :-1])  # (B, T, V)
        F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten()).backward()
        nn.utils.clip_grad_norm_(model.parameters(), schedule.clip)
        optimizer.step()

    return step


def products_step(c: Config, batch: int) -> Step:
    """The matrix products of a step alone: each weight once forward and twice backward, and those of attention."""
    rng = np.random.default_rng(0)

    def pair(*shapes: tuple[int, ...]) -> tuple[NDArray[np.float32], ...]:
        a, b = (rng.normal(size=shape).astype(np.float32) for shape in shapes)
        return a, b, np.matmul(a, b)

    N, T, d = batch * c.context, c.context, c.width // c.heads
    weights = [(c.width, 3 * c.width), (c.width, c.width), (c.width, c.hidden), (c.hidden, c.width)] * c.layers
    work = []
    for n_in, n_out in [*weights, (c.width, c.vocab)]:
        work += [pair((N, n_in), (n_in, n_out)), pair((N, n_out), (n_out, n_in)), pair((n_in, N), (N, n_out))]
    work.append(pair((c.vocab, N), (N, c.width)))
    for _ in range(3 * c.layers):  # scores or their like: forward once; backward once from V, and dV
        work.append(pair((batch, c.heads, T, d), (batch, c.heads, d, T)))
        work.append(pair((batch, c.heads, T, T), (batch, c.heads, T, d)))

    def step(rows: Rows, n: int) -> None:
        for a, b, out in work:
            np.matmul(a, b, out=out)

    return step


def race(contestants: dict[str, Step], rows: Rows, batch: int, steps: int) -> dict[str, NDArray[np.float64]]:
    """Let all take turns of `TURN` steps over the same rows; name → seconds per step of each turn."""
    turns: dict[str, list[float]] = {name: [] for name in contestants}
    for begin in track(range(0, steps, TURN), "training", transient=True):
        for name, step in contestants.items():
            start = time.perf_counter()
            for n in range(begin, begin + TURN):
                step(rows[n * batch : (n + 1) * batch], n)
            turns[name].append((time.perf_counter() - start) / TURN)
    return {name: np.array(seconds) for name, seconds in turns.items()}


def measure(size: str, console: Console) -> None:
    """Race at one size and print the table."""
    config, batch, steps = SIZES[size]
    schedule = Schedule(steps=steps, batch=batch)
    ours = Transformer(config, allowed=allowed_by("causal", config.context))
    plain, fused = TorchModel(ours, fused=False), TorchModel(ours, fused=True)
    contestants = {
        "NumPy (leftcontext)": numpy_step(ours, schedule),
        "PyTorch: modules, Adam": torch_step(plain, schedule, fused=False),
        "PyTorch: fused attention, Adam": torch_step(fused, schedule, fused=True),
        "NumPy: bare matrix products": products_step(config, batch),
    }
    rows = LITTLE_LANGUAGE.rows(steps * batch, config.context, np.random.default_rng(0))
    seconds = race(contestants, rows, batch, steps)
    base = seconds["NumPy (leftcontext)"]
    held_out = held_out_rows() if size == "lesson" else None
    losses = final_losses([ours, plain, fused], held_out) if held_out is not None else [None] * 3
    title = f"{size}: T={config.context}, D={config.width}, H={config.heads}, batch {batch}, {steps} steps, one thread"
    table = Table(title=title, title_justify="left")
    for column in ("", "ms/step (median)", "ms/step (best)", "time against ours", "held-out loss"):
        table.add_column(column, justify="right" if column else "left")
    for (name, s), loss in zip(seconds.items(), [*losses, None], strict=True):
        ratio = f"{np.median(s / base):.2f} x"  # of turns that followed one another
        loss_text = "" if loss is None else f"{loss:.4f}"
        table.add_row(name, f"{1e3 * np.median(s):.3f}", f"{1e3 * s.min():.3f}", ratio, loss_text)
    console.print(table)
    if held_out is not None:
        console.print(f"entropy of the language: {LITTLE_LANGUAGE.entropy(config.context):.4f} nats a token\n")


def final_losses(models: list[Transformer | TorchModel], rows: Rows) -> list[float]:
    """The loss of each on rows that none was trained on."""
    inputs, targets = rows[:, :-1], rows[:, 1:]
    losses = []
    for model in models:
        if isinstance(model, Transformer):
            logits = model.logits(inputs)
        else:
            with torch.no_grad():
                logits = model(torch.from_numpy(inputs.copy())).numpy()
        losses.append(float(cross_entropies(logits, targets).mean()))
    return losses


def main() -> None:
    """Read the command line and race."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", choices=[*SIZES, "all"], default="lesson")
    chosen = parser.parse_args().sizes
    torch.set_num_threads(1)
    console = Console(width=110)
    console.print(f"NumPy {np.__version__}, PyTorch {torch.__version__}")
    for size in SIZES if chosen == "all" else [chosen]:
        measure(size, console)


if __name__ == "__main__":
    main()
