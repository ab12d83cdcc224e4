"""Do the Python libraries read what was fine-tuned and saved here?

    python model_round_trip.py FOLDER

FOLDER holds, per case, a model's folder as `saveFolder` wrote it after one step of gradient descent, and
`<case>-io.safetensors` with the input `x` (in the library's layout) and our output `y`.

Result of the run with transformers 5.23.0, sentence-transformers 6.2.0, torch 2.15.0: no missing, unexpected or mismatched
keys anywhere; largest differences: CLIP text 6.0e-7, CLIP image 8.4e-7, SigLIP image 1.2e-6, ViT 1.1e-6, ResNet logits 9.6e-6,
wav2vec 2.0 logits 1.1e-6, sentence-transformers 1.2e-7. Joint models: logits of CLIP 7.7e-7, SigLIP 6.0e-7, CLAP 3.3e-7.
"""
import os
import sys

import torch
import transformers
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer

root = sys.argv[1]
cases = {
    "clip-ids": ("CLIPTextModelWithProjection", lambda m, x: m(input_ids=x.long()).text_embeds),
    "clip-pixels": ("CLIPVisionModelWithProjection", lambda m, x: m(pixel_values=x).image_embeds),
    "siglip-pixels": ("SiglipVisionModel", lambda m, x: m(pixel_values=x).pooler_output),
    "vit-pixels": ("ViTModel", lambda m, x: m(pixel_values=x).pooler_output),
    "resnet_bottleneck-pixels": ("ResNetForImageClassification", lambda m, x: m(pixel_values=x).logits),
    "wav2vec2_ctc-waveform": ("Wav2Vec2ForCTC", lambda m, x: m(input_values=x).logits),
}
for name, (cls, call) in cases.items():
    if not os.path.exists(os.path.join(root, f"{name}-io.safetensors")):
        continue
    io = load_file(os.path.join(root, f"{name}-io.safetensors"))
    model, info = getattr(transformers, cls).from_pretrained(os.path.join(root, name), output_loading_info=True)
    with torch.no_grad():
        y = call(model.eval(), io["x"])
    print(name, (y - io["y"]).abs().max().item(), {k: v for k, v in info.items() if v})
# Joint models as loadPretrainedDualEncoder saved them after one step: `x.*` the inputs, `y` the logits per image or recording.
joint = {"clip": ("CLIPModel", "logits_per_image"), "siglip": ("SiglipModel", "logits_per_image"),
         "clap": ("ClapModel", "logits_per_audio")}
for name, (cls, output) in joint.items():
    path = os.path.join(root, f"{name}-joint-io.safetensors")
    if not os.path.exists(path):
        continue
    io = load_file(path)
    inputs = {k[2:]: v.long() if k in ("x.input_ids", "x.attention_mask") else v for k, v in io.items() if k.startswith("x.")}
    model, info = getattr(transformers, cls).from_pretrained(os.path.join(root, f"{name}-joint"), output_loading_info=True)
    with torch.no_grad():
        y = getattr(model.eval()(**inputs), output)
    print(name, "joint", (y - io["y"]).abs().max().item(), {k: v for k, v in info.items() if v})
if not os.path.exists(os.path.join(root, "sentence_mean-ids-io.safetensors")):
    sys.exit()
io = load_file(os.path.join(root, "sentence_mean-ids-io.safetensors"))
model = SentenceTransformer(os.path.join(root, "sentence_mean-ids"), device="cpu")
with torch.no_grad():
    y = model({"input_ids": io["x"].long(), "attention_mask": torch.ones_like(io["x"]).long()})["sentence_embedding"]
print("sentence_mean-ids", (y - io["y"]).abs().max().item())
