"""Outputs of published weights, for the tests that CROSSMODAL_MODELS turns on.

    python real_weights.py MODELS REPOSITORY

MODELS holds all-MiniLM-L6-v2 and efficientnet-lite0. Needs sentence-transformers 6.2.0 and efficientnet_lite_pytorch 0.1.0 (PyPI).
Writes packages/encoders-text/test/golden/real/minilm.{json,safetensors}: 40 sentences and their vectors; and
packages/encoders-vision/test/golden/real/efficientnet-lite0.safetensors: logits of two pictures made by a formula,
x[n, c, i, j] = sin(0.05 (i + 2 n)) cos(0.07 j + c), in the library's layout [batch, channels, height, width].
"""
import glob
import json
import os
import sys

import torch
from efficientnet_lite_pytorch import EfficientNet
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer

models, root = sys.argv[1:]
subjects = ["a red boat", "two dogs", "an old man with a beard", "the tennis court", "nobody"]
endings = [
    "crosses the wide river.", "sleeps!", "is next to a parking lot, near some trees", "plays the guitar on a small stage",
    "costs 12.50 € (plus VAT)", "", "naïve café déjà-vu", "is surrounded by very many buildings, which stand in long and "
    "straight rows on both sides of a road that leads from the harbour to the station and back again to the harbour",
]
sentences = [f"{subject} {ending}" for subject in subjects for ending in endings]
vectors = SentenceTransformer(os.path.join(models, "all-MiniLM-L6-v2"), device="cpu").encode(sentences)
folder = os.path.join(root, "packages/encoders-text/test/golden/real")
os.makedirs(folder, exist_ok=True)
with open(os.path.join(folder, "minilm.json"), "w") as file:
    json.dump(sentences, file, indent=1, ensure_ascii=False)
save_file({"vectors": torch.from_numpy(vectors).contiguous()}, os.path.join(folder, "minilm.safetensors"))

network = EfficientNet.from_name("efficientnet-lite0").eval()
network.load_state_dict(torch.load(glob.glob(os.path.join(models, "efficientnet-lite0/*.pth"))[0]))
n, c, i, j = torch.meshgrid(*(torch.arange(size, dtype=torch.float64) for size in (2, 3, 224, 224)), indexing="ij")
x = (torch.sin(0.05 * (i + 2 * n)) * torch.cos(0.07 * j + c)).float()
with torch.no_grad():
    logits = network(x)
folder = os.path.join(root, "packages/encoders-vision/test/golden/real")
os.makedirs(folder, exist_ok=True)
save_file({"logits": logits.contiguous()}, os.path.join(folder, "efficientnet-lite0.safetensors"))
print(len(sentences), vectors.shape, logits.shape, logits.argmax(1))
