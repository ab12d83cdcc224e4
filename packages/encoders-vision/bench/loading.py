"""Loads images with a PyTorch DataLoader: PIL, resize, centre crop, tensor, normalise. Reads rounds from standard input.

One line in: {"paths": [...], "size": 224, "batch": 32, "workers": 2}. One line out: {"seconds": ..., "cpu": ..., "images": ...}.
"""
import json
import os
import sys
import time
import warnings

warnings.filterwarnings("ignore")

import torch  # noqa: E402
from PIL import Image  # noqa: E402
from torchvision import transforms as t  # noqa: E402


class Photographs(torch.utils.data.Dataset):
    def __init__(self, paths, size):
        self.paths = paths
        self.change = t.Compose([
            t.Resize(size, interpolation=t.InterpolationMode.BICUBIC),
            t.CenterCrop(size),
            t.ToTensor(),
            t.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ])

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        return self.change(Image.open(self.paths[i]).convert("RGB"))


def cpu(loader):
    """Processor seconds so far, of this process and of the loader's (which are not children that have ended)."""
    own = time.process_time()
    if loader.num_workers == 0:
        return own
    ticks = 0
    for worker in loader._iterator._workers:
        with open(f"/proc/{worker.pid}/stat") as stat:
            ticks += sum(int(v) for v in stat.read().rsplit(")", 1)[1].split()[11:13])
    return own + ticks / os.sysconf("SC_CLK_TCK")


torch.set_num_threads(1)  # the workers of a loader are processes; threads beside them only wait for one another
loaders = {}
for line in sys.stdin:
    task = json.loads(line)
    key = (task["size"], task["workers"])
    if key not in loaders:
        loaders[key] = torch.utils.data.DataLoader(
            Photographs(task["paths"], task["size"]), batch_size=task["batch"], num_workers=task["workers"],
            persistent_workers=task["workers"] > 0)
        for _ in loaders[key]:  # starts the workers and warms the files
            pass
    used = cpu(loaders[key])
    began = time.perf_counter()
    images = sum(batch.shape[0] for batch in loaders[key])
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "cpu": cpu(loaders[key]) - used, "images": images}), flush=True)
