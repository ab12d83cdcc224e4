"""Loads images with a PyTorch DataLoader: PIL, resize, centre crop, tensor, normalise. Reads rounds from standard input.

One line in: {"paths": [...], "size": 224, "batch": 32, "workers": 2}. One line out: {"seconds": ..., "images": ...}.
"""
import json
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
    began = time.perf_counter()
    images = sum(batch.shape[0] for batch in loaders[key])
    print(json.dumps({"seconds": time.perf_counter() - began, "images": images}), flush=True)
