"""Golden values: minimum class confusion with its gradient, and the criteria that need no target labels.

Usage: python adaptation_without_labels.py > packages/adaptation/test/golden/without-labels.json

Written from the papers' equations (Jin et al. 2020, 3-8; Saito et al. 2021, 1-3; You et al. 2019, algorithm 1), in doubles.
"""
import json

import numpy as np
import torch

rng = np.random.default_rng(7)


def f32(x):
    return np.asarray(x, dtype=np.float32)


def confusion(z, temperature):
    p = (z / temperature).softmax(1)
    entropy = -(p * p.log()).sum(1).detach()
    w = 1 + (-entropy).exp()
    w = w / w.sum() * len(z)
    c = torch.einsum("ij,i,ik->jk", p, w, p)
    c = c / c.sum(1, keepdim=True)
    return (c.sum() - c.diag().sum()) / z.shape[1]


def density(z, temperature):
    p = z.softmax(1)
    f = p / p.norm(dim=1, keepdim=True)
    n = len(z)
    s = (f @ f.T / temperature)[~torch.eye(n, dtype=torch.bool)].reshape(n, n - 1)
    q = s.softmax(1)
    return -(q * q.log()).sum(1).mean()


def validated(loss, weight):
    weighted = loss * weight
    eta = -np.cov(weighted, weight, ddof=1)[0, 1] / np.var(weight, ddof=1)
    return float(weighted.mean() + eta * weight.mean() - eta)


cases = []
for rows, classes, scale, temperature in [(12, 5, 2.0, 2.5), (7, 3, 6.0, 1.0)]:
    values = f32(rng.normal(size=(rows, classes)) * scale)
    z = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    loss = confusion(z, temperature)
    loss.backward()
    p = z.detach().softmax(1)
    entropy = float(-(p * p.log()).sum(1).mean())
    mean = p.mean(0)
    loss_rows = f32(rng.uniform(0, 2, rows)).astype(np.float64)
    weights = f32(rng.gamma(2.0, 0.6, rows)).astype(np.float64)
    cases.append({
        "logits": values.tolist(), "temperature": temperature, "confusion": loss.item(), "gradient": z.grad.tolist(),
        "density": {str(t): density(z.detach(), t).item() for t in (0.05, 0.5)},
        "entropy": entropy, "information": float(-(mean * mean.log()).sum()) - entropy,
        "losses": loss_rows.tolist(), "weights": weights.tolist(),
        "risk": float((loss_rows * weights).mean()), "riskWithControl": validated(loss_rows, weights),
    })
print(json.dumps({"generator": "scripts/golden/adaptation_without_labels.py", "torch": torch.__version__, "numpy": np.__version__, "seed": 7, "cases": cases}))
