"""Golden curves: the README's recipe for DANN, MCC and DAN in PyTorch, with the same weights, data order and schedule.

Usage: python adaptation_recipe.py > packages/adaptation/test/golden/recipe.json

Batch normalisation with statistics of each domain's own, of which the target's are kept, lambda (or the weight) along DANN's schedule, Adam 1e-3 with beta1 0.5.
Weights and pictures come from a formula, u(k, s) = fract(43758.5453 sin(12.9898 (k + 1) + 78.233 s)), in doubles, rounded to float32.
"""
import json
import math

import numpy as np
import torch
import torch.nn.functional as F

STEPS, BATCH, FILTERS, HIDDEN, CLASSES, SIDE = 40, 8, (4, 6), 12, 10, 28
FEATURES = FILTERS[1] * 16


def u(n, s):
    v = 43758.5453 * np.sin(12.9898 * (np.arange(n) + 1.0) + 78.233 * s)
    return (v - np.floor(v)).astype(np.float64)


# Name, shape in our order (height, width, in, out; in, out).
SHAPES = [("features/conv2d/kernel", (5, 5, 3, FILTERS[0])), ("features/conv2d_1/kernel", (5, 5, FILTERS[0], FILTERS[1])),
          ("label/0/kernel", (FEATURES, HIDDEN)), ("label/1/kernel", (HIDDEN, CLASSES)),
          ("domain/0/kernel", (FEATURES, HIDDEN)), ("domain/1/kernel", (HIDDEN, 2))]


def weights(seed):
    out = {}
    for j, (name, shape) in enumerate(SHAPES):
        fan_in = int(np.prod(shape[:-1]))
        values = ((2 * u(int(np.prod(shape)), seed + j) - 1) / math.sqrt(fan_in)).astype(np.float32).reshape(shape)
        out[name] = torch.tensor(values, dtype=torch.float64)
        out[name.replace("kernel", "bias")] = torch.zeros(shape[-1], dtype=torch.float64)
    for i, n in enumerate(FILTERS):
        layer = "features/normal" + (f"_{i}" if i else "")
        out[layer + "/gamma"], out[layer + "/beta"] = torch.ones(n, dtype=torch.float64), torch.zeros(n, dtype=torch.float64)
    return {k: v.requires_grad_() for k, v in out.items()}


def pictures(step, domain):
    """Bright squares on a noisy ground whose place is the class; the target's ground is brighter and inverted."""
    labels = [(3 * i + step) % CLASSES for i in range(BATCH)]
    x = 0.3 * u(BATCH * SIDE * SIDE * 3, 1000 + 2 * step + domain).reshape(BATCH, SIDE, SIDE, 3)
    for i, label in enumerate(labels):
        row, column = 3 + 12 * (label // 5), 1 + 5 * (label % 5)
        x[i, row:row + 8, column:column + 5] += 0.7
    if domain:
        x = 0.9 - 0.8 * x
    return torch.tensor((2 * x - 1).astype(np.float32), dtype=torch.float64).permute(0, 3, 1, 2), torch.tensor(labels)


class Reversal(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, strength):
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx, gradient):
        return -ctx.strength * gradient, None


def extract(w, x, running):
    for i in range(2):
        conv, layer = "features/conv2d" + ("_1" if i else ""), "features/normal" + (f"_{i}" if i else "")
        x = F.conv2d(x, w[conv + "/kernel"].permute(3, 2, 0, 1), w[conv + "/bias"])
        x = F.batch_norm(x, running[i][0], running[i][1], w[layer + "/gamma"], w[layer + "/beta"], training=True, momentum=0.1, eps=1e-5)
        x = F.max_pool2d(F.relu(x), 2)
    return x.permute(0, 2, 3, 1).flatten(1)


def head(w, name, x):
    return F.relu(x @ w[f"{name}/0/kernel"] + w[f"{name}/0/bias"]) @ w[f"{name}/1/kernel"] + w[f"{name}/1/bias"]


def mmd(x, y):
    z = torch.cat([x, y])
    d = ((z[:, None] - z[None]) ** 2).sum(2)
    n = len(z)
    mean = (d.sum() / (n * (n - 1))).detach()
    k = sum(torch.exp(-d / (mean * f)) for f in (0.25, 0.5, 1, 2, 4))
    m = len(x)
    return k[:m, :m].mean() + k[m:, m:].mean() - 2 * k[:m, m:].mean()


def confusion(z, temperature=2.5):
    p = (z / temperature).softmax(1)
    weight = 1 + (p * p.log()).sum(1).detach().exp()
    c = p.T @ torch.diag(weight / weight.sum() * len(z)) @ p
    c = c / c.sum(1, keepdim=True)
    return (c.sum() - c.trace()) / CLASSES


def run(method):
    w = weights(5)
    running = [[torch.zeros(n, dtype=torch.float64), torch.ones(n, dtype=torch.float64)] for n in FILTERS]
    used = [v for k, v in w.items() if method == "dann" or not k.startswith("domain")]
    optimizer = torch.optim.Adam(used, lr=1e-3, betas=(0.5, 0.999), eps=1e-8)
    curves = {"classification": [], "domain": []}
    for step in range(STEPS):
        strength = 2 / (1 + math.exp(-10 * step / STEPS)) - 1
        (xs, ys), (xt, _) = pictures(step, 0), pictures(step, 1)
        # The moving statistics are those of the target.
        fs, ft = extract(w, xs, [[m.clone(), v.clone()] for m, v in running]), extract(w, xt, running)
        label = F.cross_entropy(head(w, "label", fs), ys)
        if method == "dann":
            z = torch.cat([head(w, "domain", Reversal.apply(f, strength)) for f in (fs, ft)])
            domain = F.cross_entropy(z, torch.tensor([0] * BATCH + [1] * BATCH))
        elif method == "mcc":
            domain = strength * confusion(head(w, "label", ft))
        else:
            domain = strength * mmd(fs, ft)
        added = strength * confusion(head(w, "label", ft)) if method == "dann" else 0
        optimizer.zero_grad()
        (label + domain + added).backward()
        optimizer.step()
        curves["classification"].append(label.item())
        curves["domain"].append(domain.item())
    after = {k: v.norm().item() for k, v in w.items() if method == "dann" or not k.startswith("domain")}
    moving = [[float(m.norm()), float(v.norm())] for m, v in running]
    return {"method": method, **curves, "norms": after, "moving": moving}


print(json.dumps({"generator": "scripts/golden/adaptation_recipe.py", "torch": torch.__version__, "steps": STEPS, "batch": BATCH,
                  "filters": FILTERS, "hidden": HIDDEN, "classes": CLASSES, "seed": 5, "cases": [run(m) for m in ("dann", "dan", "mcc")]}))
