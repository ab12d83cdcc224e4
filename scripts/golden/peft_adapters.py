"""LoRA adapters of PEFT on the tiny models of tools/testkit/golden/hf, and the other way round.

    python peft_adapters.py make HF_FOLDER OUT      adapters with drawn weights, inputs and outputs
    python peft_adapters.py check HF_FOLDER FOLDER  outputs of adapters that were saved here: FOLDER/<case> and <case>-io.safetensors

Result of `check` with peft 0.21.2, transformers 5.23.0, torch 2.15.0 after three steps of training here, largest differences:
bert 8.3e-7, gpt2 2.0e-6, distilbert (all linear maps) 1.3e-6.
"""
import os
import sys

import peft
import torch
import transformers
from safetensors.torch import load_file, save_file

transformers.logging.set_verbosity_error()

CASES = {
    "bert": ("bert_padded", "BertModel", dict(r=4, lora_alpha=6, target_modules=["query", "value"])),
    "bert_patterns": ("bert_padded", "BertModel", dict(
        r=2, lora_alpha=4, target_modules=r"encoder\.layer\.\d+\.(attention\.self\.key|output\.dense)",
        rank_pattern={r"layer\.1\.output\.dense": 3}, alpha_pattern={"key": 8})),
    "bert_rslora": ("bert_padded", "BertModel", dict(r=4, lora_alpha=6, use_rslora=True, target_modules=["query"])),
    "gpt2": ("gpt2", "GPT2LMHeadModel", dict(r=3, lora_alpha=3, target_modules=["c_attn"], fan_in_fan_out=True)),
    "distilbert": ("distilbert", "DistilBertModel", dict(r=2, lora_alpha=8, target_modules="all-linear")),
}


def load(hf, folder, cls):
    return getattr(transformers, cls).from_pretrained(os.path.join(hf, folder)).eval()


def output(model, io):
    with torch.no_grad():
        o = model(input_ids=io["in.input_ids"].long(), attention_mask=io["in.attention_mask"].long())
    return o.logits if hasattr(o, "logits") else o.last_hidden_state


def make(hf, out):
    for name, (folder, cls, options) in CASES.items():
        torch.manual_seed(5)
        model = peft.get_peft_model(load(hf, folder, cls), peft.LoraConfig(**options)).eval()
        with torch.no_grad():
            for key, p in model.named_parameters():
                if "lora_B" in key:
                    p.copy_(0.2 * torch.randn_like(p))
        model.save_pretrained(os.path.join(out, name))
        card = os.path.join(out, name, "README.md")
        if os.path.exists(card):
            os.remove(card)
        io = load_file(os.path.join(hf, folder, "io.safetensors"))
        io = {k: io[k].contiguous() for k in ("in.input_ids", "in.attention_mask")}
        save_file(io | {"out": output(model, io).contiguous()}, os.path.join(out, f"{name}-io.safetensors"))
        print(name, sorted(os.listdir(os.path.join(out, name))))


def check(hf, root):
    for name, (folder, cls, _) in CASES.items():
        if not os.path.isdir(os.path.join(root, name)):
            continue
        io = load_file(os.path.join(root, f"{name}-io.safetensors"))
        model = peft.PeftModel.from_pretrained(load(hf, folder, cls), os.path.join(root, name)).eval()
        print(name, (output(model, io) - io["out"]).abs().max().item())


{"make": make, "check": check}[sys.argv[1]](*sys.argv[2:])
