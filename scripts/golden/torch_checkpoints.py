"""Checkpoints as torch.save writes them, and two that want to run code.

    python torch_checkpoints.py OUT
"""
import collections
import os
import pickle
import sys

import torch

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
a = torch.arange(6, dtype=torch.float32).reshape(2, 3)
base = torch.arange(12, dtype=torch.float32)
state = collections.OrderedDict(
    a=a, turned=a.t(), part=base[3:9].reshape(2, 3), half=a.half(), brain=a.bfloat16(), long=torch.tensor([1, 2, 3]),
    scalar=torch.tensor(2.5), flag=torch.tensor([True, False]))
torch.save(state, f"{out}/zip.pth")
torch.save(state, f"{out}/legacy.pth", _use_new_zipfile_serialization=False)
torch.save({"epoch": 3, "state_dict": state, "name": "x"}, f"{out}/training.pt")


class Evil:
    def __reduce__(self):
        return (os.system, ("echo harmed",))


torch.save({"a": a, "evil": Evil()}, f"{out}/evil.pth")
with open(f"{out}/evil.pkl", "wb") as f:
    pickle.dump(Evil(), f)
