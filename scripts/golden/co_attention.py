"""Golden values of stacked cross attention (SCAN), pair by pair in PyTorch. Usage: python co_attention.py OUT_FILE

Written from equations 1 to 11 of Lee et al. (2018); one pair at a time, with the padding cut off, so that neither the
batching nor the masks of the code under test are repeated here.
"""
import json
import platform
import sys

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)


def f32(x):
    return np.asarray(x, dtype=np.float32)


def attend(readers, context, sharpness):
    s = F.cosine_similarity(readers[:, None, :], context[None, :, :], dim=-1)
    positive = s.clamp(min=0)
    normalised = positive / positive.square().sum(0, keepdim=True).sqrt().clamp(min=1e-6)
    attention = (sharpness * normalised).softmax(1)
    return attention, attention @ F.normalize(context, dim=-1)


def score(readers, context, sharpness, pooling, scale):
    attention, attended = attend(readers, context, sharpness)
    r = F.cosine_similarity(readers, attended, dim=-1)
    pooled = r.mean() if pooling == "mean" else torch.logsumexp(scale * r, 0) / scale
    return pooled, attention


def hinge(scores, margin, hardest):
    total = 0
    for matrix in (scores, scores.T):
        cost = (margin + matrix - scores.diag()[:, None]).clamp(min=0)
        cost = cost.masked_fill(torch.eye(len(scores), dtype=torch.bool), 0)
        total = total + (cost.max(1).values if hardest else cost.sum(1) / (len(scores) - 1))
    return total.mean()


def case(seed, pooling, sharpness, scale):
    random = np.random.default_rng(seed)
    readers = torch.tensor(f32(random.normal(size=(3, 4, 5))).astype(np.float64), requires_grad=True)
    context = torch.tensor(f32(random.normal(size=(3, 6, 5))).astype(np.float64), requires_grad=True)
    lengths = {"readers": [4, 2, 3], "context": [6, 5, 3]}
    rows, maps = [], []
    for i, n in enumerate(lengths["readers"]):
        row = []
        for j, m in enumerate(lengths["context"]):
            value, attention = score(readers[i, :n], context[j, :m], sharpness, pooling, scale)
            row.append(value)
            if i == j:
                maps.append(attention.detach().tolist())
        rows.append(torch.stack(row))
    scores = torch.stack(rows)
    losses = {name: hinge(scores, 0.2, hardest) for name, hardest in (("hardest", True), ("mean", False))}
    losses["hardest"].backward()
    return {
        "pooling": pooling,
        "sharpness": sharpness,
        "scale": scale,
        "lengths": lengths,
        "readers": readers.detach().tolist(),
        "context": context.detach().tolist(),
        "scores": scores.detach().tolist(),
        "attention": maps,
        "hinge": {name: float(value.detach()) for name, value in losses.items()},
        "gradient": {"readers": readers.grad.tolist(), "context": context.grad.tolist()},
    }


content = {
    "generator": "scripts/golden/co_attention.py",
    "versions": f"torch {torch.__version__.split('+')[0]}, numpy {np.__version__}, Python {platform.python_version()}",
    "computed_in": "float64; inputs are exact float32 values",
    "cases": [case(1, "mean", 9, 6), case(2, "log-sum-exp", 9, 6), case(3, "log-sum-exp", 4, 5)],
}
with open(sys.argv[1], "w") as file:
    json.dump(content, file)
    file.write("\n")
