"""Tiny models with transformers' sequences: searches of GPT-2 with other settings, and vision-encoder-decoder (ViT + GPT-2).

python sequence_models.py GOLDEN_HF_DIR packages/encoder-decoder/test/golden
GOLDEN_HF_DIR holds the folder `gpt2` that hf.py makes (tools/testkit/golden/hf). needs: torch, transformers, safetensors
"""
import json
import os
import sys

import torch
import transformers
from safetensors.torch import save_file

SEARCHES = {
    "length penalty 0": dict(num_beams=4, length_penalty=0.0),
    "length penalty 2": dict(num_beams=4, length_penalty=2.0),
    "early stopping": dict(num_beams=3, early_stopping=True),
    "no run of two twice": dict(num_beams=3, no_repeat_ngram_size=2),
    "two prompts": dict(num_beams=2, rows=2),
    "greedy without a run of two twice": dict(num_beams=1, no_repeat_ngram_size=2),
}


def search(model, prompt, new_tokens, end, rows=1, **options):
    """Prompts [rows, length]; all returned sequences with their scores."""
    beams = options["num_beams"]
    with torch.no_grad():
        out = model.generate(prompt[:rows], attention_mask=torch.ones_like(prompt[:rows]), max_new_tokens=new_tokens, do_sample=False,
                             num_return_sequences=beams, pad_token_id=end, eos_token_id=end, return_dict_in_generate=True, output_scores=True, **options)
    ids = [row[prompt.shape[1]:].tolist() for row in out.sequences]
    ids = [row[: row.index(end)] if end in row else row for row in ids]
    return {"options": {**options, "rows": rows}, "ids": ids, "scores": out.sequences_scores.tolist() if beams > 1 else None}


def gpt2(folder):
    model = transformers.GPT2LMHeadModel.from_pretrained(os.path.join(folder, "gpt2")).eval()
    g = torch.Generator().manual_seed(5)
    prompt = torch.randint(1, 320, (2, 5), generator=g)
    # A token that these prompts do reach, so that sequences of different length compete.
    with torch.no_grad():
        reached = model.generate(prompt, max_new_tokens=8, do_sample=False, pad_token_id=0, eos_token_id=0)
    end = int(reached[0, 5 + 4])
    return {"prompt": prompt.tolist(), "end": end, "maximumLength": 14, "searches": {name: search(model, prompt, 14, end, **o) for name, o in SEARCHES.items()}}


def vision_encoder_decoder(out):
    torch.manual_seed(0)
    encoder = transformers.ViTConfig(hidden_size=24, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=16, patch_size=8)
    decoder = transformers.GPT2Config(vocab_size=60, n_positions=24, n_embd=32, n_layer=2, n_head=4, bos_token_id=1, eos_token_id=2, pad_token_id=0)
    config = transformers.VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    config.decoder_start_token_id, config.pad_token_id, config.eos_token_id = 1, 0, 2
    model = transformers.VisionEncoderDecoderModel(config).eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_((0.3 if "wpe" in name else 0.5 / p.shape[0] ** 0.5 * 2 if p.dim() > 1 else 0.1) * torch.randn(p.shape) + (1.0 if p.dim() == 1 and "weight" in name else 0.0))
    folder = os.path.join(out, "vision_encoder_decoder")
    model.save_pretrained(folder)
    transformers.ViTImageProcessor(size={"height": 16, "width": 16}).save_pretrained(folder)
    pixels = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([[5, 6, 7, 2], [9, 2, -100, -100]])
    with torch.no_grad():
        o = model(pixel_values=pixels, labels=labels)
    tensors = {"in.pixel_values": pixels, "in.labels": labels, "out.logits": o.logits, "out.loss": o.loss}
    beams = {}
    for name, beam in (("greedy", 1), ("beam", 3)):
        with torch.no_grad():
            s = model.generate(pixels, num_beams=beam, num_return_sequences=beam, max_new_tokens=12, do_sample=False, return_dict_in_generate=True, output_scores=True)
        ids = [row[1:].tolist() for row in s.sequences]
        beams[name] = [row[: row.index(2)] if 2 in row else row for row in ids]
    save_file({k: v.contiguous() for k, v in tensors.items()}, os.path.join(folder, "io.safetensors"))
    return beams


def main(hf, out):
    values = {"generator": "scripts/golden/sequence_models.py", "transformers": transformers.__version__, "torch": torch.__version__,
              "gpt2": gpt2(hf), "visionEncoderDecoder": vision_encoder_decoder(out)}
    with open(os.path.join(out, "searches.json"), "w") as f:
        json.dump(values, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
