"""The capstone's transformer in PyTorch."""

import torch
from torch.nn import functional as F


def mini_gpt_logits(params, tokens):
    p, T, D = params, tokens.shape[-1], params["E"].shape[1]

    def norm(x):
        return F.rms_norm(x, (D,), eps=1e-5)

    x = F.embedding(tokens, p["E"]) + p["P"][:T]
    h = norm(x)[..., None, :, :]  # (..., 1, T, D)
    q, k, v = h @ p["Wq"], h @ p["Wk"], h @ p["Wv"]  # (..., H, T, d)
    heads = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    x = x + (heads @ p["Wo"]).sum(dim=-3)
    x = x + F.relu(norm(x) @ p["W1"]) @ p["W2"]
    return norm(x) @ p["U"]


def train_mini_gpt(params, batches, steps):
    params = {name: p.clone().requires_grad_() for name, p in params.items()}
    adam = torch.optim.Adam(params.values(), lr=0.015, betas=(0.9, 0.98))

    def slower(t):
        return min((t + 1) / 30, 1) * (1 - 0.95 * (t + 1) / steps)

    rate = torch.optim.lr_scheduler.LambdaLR(adam, slower)
    for t in range(steps):
        rows = batches[t % len(batches)]
        logits = mini_gpt_logits(params, rows[:, :-1])
        loss = F.cross_entropy(logits.mT, rows[:, 1:])
        adam.zero_grad()
        loss.backward()
        adam.step()
        rate.step()
    return {name: p.detach() for name, p in params.items()}
