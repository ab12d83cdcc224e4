"""What the generators share: the formula weights, the case writer, the command line."""
import argparse
import json
import math
import os
import zlib

import numpy as np
import torch
from safetensors.torch import save_file

torch.set_num_threads(1)

INPUT_KINDS = ("in.", "param.", "state.", "cotangent.", "weight.")


def generator(seed, name=""):
    """A torch generator seeded by `seed` and the case name, so that cases do not depend on their order."""
    g = torch.Generator()
    g.manual_seed((int(seed) * 1000003 + zlib.crc32(name.encode())) % (2**31))
    return g


def randn(g, *shape, scale=1.0):
    return torch.randn(*shape, generator=g) * scale


# ---- formula weights (used by the reference models of torchvision) ----------------------------------------------------

def formula_unit(p, n):
    """h(p, i) for i = 0..n-1: an exact multiple of 2^-31 in [-1, 1), as float64."""
    i = np.arange(n, dtype=np.uint64)
    m = np.uint64(0xFFFFFFFF)
    x = (((i + np.uint64(1)) * np.uint64(0x9E3779B1)) & m) ^ np.uint64(((p + 1) * 0x85EBCA77) & 0xFFFFFFFF)
    x ^= x >> np.uint64(15)
    x = (x * np.uint64(0x2C1B3C6D)) & m
    x ^= x >> np.uint64(12)
    x = (x * np.uint64(0x297A2D39)) & m
    x ^= x >> np.uint64(15)
    return x.astype(np.float64) / 2147483648.0 - 1.0


def formula_tensor(p, name, shape):
    """The value of entry p (zero-based position in state_dict order) called `name`."""
    n = int(np.prod(shape)) if len(shape) else 1
    h = formula_unit(p, n)
    leaf = name.rsplit(".", 1)[-1]
    if leaf == "num_batches_tracked":
        return torch.zeros(shape, dtype=torch.int64)
    if leaf == "running_var":
        v = 1 + 0.5 * np.abs(h)
    elif leaf == "running_mean" or leaf == "bias":
        v = 0.1 * h
    elif len(shape) <= 1:  # the scale of a normalisation layer
        v = 1 + 0.1 * h
    else:
        fan_in = int(np.prod(shape[1:]))
        v = math.sqrt(3.0 / fan_in) * h
    return torch.from_numpy(v.astype(np.float32).reshape(shape))


def fill_with_formula(module):
    state = module.state_dict()
    for p, (name, value) in enumerate(state.items()):
        state[name] = formula_tensor(p, name, tuple(value.shape))
    module.load_state_dict(state)
    return module


def formula_input(p, shape, scale=1.0):
    """An input made by the same hash: scale * h(p, i)."""
    n = int(np.prod(shape))
    return torch.from_numpy((scale * formula_unit(p, n)).astype(np.float32).reshape(shape))


# ---- writing -------------------------------------------------------------------------------------------

def one_digit_up(x):
    if x == 0:
        return 0.0
    e = math.floor(math.log10(x))
    return float(f"{math.ceil(round(x / 10**e, 6))}e{e}")


def tolerances(single, double, floor=1e-6, factor=20):
    """Per float tensor t: atol = max(factor * error, 1e-5 * max|t|, floor * largest of its kind), where error is what the
    library itself loses in float32 against float64, and a kind is the first part of the name (out, grad, stage, running).
    rtol 1e-4 on top. Returns (tolerance, largest error)."""
    error, size, largest = {}, {}, {}
    for k, v in single.items():
        if v.is_floating_point() and v.numel():
            d = double[k].double()
            ok = torch.isfinite(v) & torch.isfinite(d)
            error[k] = (v.double() - d).abs()[ok].max().item() if ok.any() else 0.0
            size[k] = v.abs()[ok].max().item() if ok.any() else 0.0
            kind = k.split(".")[0]
            largest[kind] = max(largest.get(kind, 0.0), size[k])
    atol = {k: one_digit_up(max(factor * error[k], 1e-5 * size[k], floor * largest[k.split(".")[0]])) for k in error}
    return {"rtol": 1e-4, "atol": atol}, max(error.values(), default=0.0)


class Topic:
    def __init__(self, out, topic, about):
        self.dir = os.path.join(out, topic)
        os.makedirs(self.dir, exist_ok=True)
        self.index = {"topic": topic, "about": about, "cases": []}

    def path(self, *parts):
        p = os.path.join(self.dir, *parts)
        os.makedirs(os.path.dirname(p), exist_ok=True)
        return p

    def add(self, name, what, library, version, options=None, tensors=None, tolerance=None, files=None,
            tensor_file=None, **facts):
        entry = {"name": name, "what": what, "library": library, "version": version, "options": options or {}}
        if tensors is not None:
            tensors = {k: v.detach().contiguous().clone() for k, v in tensors.items() if v is not None}
            tensors = {k: v.float() if v.dtype in (torch.float64,) else v for k, v in tensors.items()}
            tensor_file = tensor_file or f"{name}.safetensors"
            save_file(tensors, self.path(*tensor_file.split("/")))
            entry["inputs"] = sorted(k for k in tensors if k.startswith(INPUT_KINDS))
            entry["outputs"] = sorted(k for k in tensors if not k.startswith(INPUT_KINDS))
            files = [tensor_file] + list(files or [])
        entry["files"] = list(files or [])
        if tolerance is not None:
            entry["tolerance"] = tolerance
        entry.update(facts)
        self.index["cases"].append(entry)
        print(f"  {name}", flush=True)

    def close(self):
        with open(self.path("index.json"), "w") as f:
            json.dump(self.index, f, indent=1, ensure_ascii=False)
            f.write("\n")
        print(f"{self.index['topic']}: {len(self.index['cases'])} cases")


def command_line(cases):
    """`script OUT [--cases FILE.json]`: (output folder, list of cases). FILE replaces the script's own list."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", help="the folder that receives <topic>/")
    parser.add_argument("--cases", help="a JSON list of cases to use instead of the script's own")
    args = parser.parse_args()
    if args.cases:
        with open(args.cases) as f:
            cases = json.load(f)
    return args.out, cases
