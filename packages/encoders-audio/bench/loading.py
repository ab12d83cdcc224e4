"""Loads recordings with a PyTorch DataLoader: soundfile, torchaudio's mel spectrogram, logarithm. Reads rounds from standard input.

One line in: {"paths": [...], "batch": 32, "workers": 2}. One line out: {"seconds": ..., "cpu": ..., "items": ...}.
"""
import json
import os
import sys
import time
import warnings

warnings.filterwarnings("ignore")

import soundfile  # noqa: E402
import torch  # noqa: E402

torch.version.cuda = None  # torchaudio refuses to load beside a torch of another CUDA release, which plays no part here
import torchaudio  # noqa: E402


class Recordings(torch.utils.data.Dataset):
    def __init__(self, paths):
        self.paths = paths
        self.mel = torchaudio.transforms.MelSpectrogram(8000, n_fft=256, win_length=200, hop_length=80, n_mels=40)

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        samples, _ = soundfile.read(self.paths[i], dtype="float32")
        return torch.log(self.mel(torch.from_numpy(samples)) + 1e-6).T


def padded(items):
    return torch.nn.utils.rnn.pad_sequence(items, batch_first=True), torch.tensor([len(item) for item in items])


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
    key = task["workers"]
    if key not in loaders:
        loaders[key] = torch.utils.data.DataLoader(
            Recordings(task["paths"]), batch_size=task["batch"], num_workers=key, collate_fn=padded,
            persistent_workers=key > 0)
        for _ in loaders[key]:  # starts the workers and warms the files
            pass
    used = cpu(loaders[key])
    began = time.perf_counter()
    items = sum(batch.shape[0] for batch, _ in loaders[key])
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "cpu": cpu(loaders[key]) - used, "items": items}), flush=True)
