"""The audit of a two-layer transformer of width 256 at T = 256, in PyTorch on one thread: processor time, default probes."""

import os
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import torch
from torch import nn

from leftcontext.audit import audit

torch.set_num_threads(1)
V, D, T = 1000, 256, 256


class Model(nn.Module):
    def __init__(self, layers=2):
        super().__init__()
        layer = nn.TransformerEncoderLayer(D, 4, 4 * D, batch_first=True, norm_first=True)
        self.tokens, self.positions, self.head = nn.Embedding(V, D), nn.Embedding(T, D), nn.Linear(D, V)
        self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)

    def forward(self, tokens):
        n = tokens.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(n)
        return self.head(self.layers(self.tokens(tokens) + self.positions(torch.arange(n)), mask=mask))


def main():
    """Print the seconds, and those of one forward pass of a row, to compare with."""
    torch.manual_seed(0)
    model = Model()
    tokens = torch.randint(V, (4, T))
    with torch.no_grad():
        model(tokens)
        began = time.process_time()
        model(tokens)
        row = (time.process_time() - began) / len(tokens)
    began = time.process_time()
    report = audit(model, vocab=V, T=T)
    taken = time.process_time() - began
    print(f"{taken:.2f} s of processor time, {report.calls} calls")
    print(f"A row of {T} tokens takes {row * 1e3:.0f} ms, so it is worth {taken / row:.0f} rows.")
    print(report)


if __name__ == "__main__":
    main()
