"""The PyTorch side of pretrained-cost.ts.

    python pretrained_cost.py make FOLDER      random BERT-base and ViT-B/16 in FOLDER/bert and FOLDER/vit
    python pretrained_cost.py run FOLDER CASE  seconds to load, milliseconds of a forward pass and of training steps, as JSON
"""
import json
import os
import sys
import time

import torch
import transformers

torch.set_num_threads(2)
transformers.logging.set_verbosity_error()
CASES = {
    "bert": (transformers.BertModel, transformers.BertConfig(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)),
    "vit": (transformers.ViTModel, transformers.ViTConfig()),
}


def make(folder):
    for name, (cls, config) in CASES.items():
        path = os.path.join(folder, name)
        if not os.path.exists(os.path.join(path, "config.json")):
            torch.manual_seed(0)
            cls(config).save_pretrained(path)


def best(call, times):
    seconds = []
    for _ in range(times + 1):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return round(1000 * min(seconds[1:]))


def run(folder, case):
    cls, _ = CASES[case]
    start = time.perf_counter()
    model = cls.from_pretrained(os.path.join(folder, case))
    load = time.perf_counter() - start
    inputs = {"input_ids": torch.arange(512).reshape(4, 128) + 1000} if case == "bert" else {
        "pixel_values": torch.sin(torch.arange(4 * 3 * 224 * 224).float()).reshape(4, 3, 224, 224)}
    model.eval()
    with torch.no_grad():
        forward = best(lambda: model(**inputs).pooler_output.sum().item(), 4)

    def step_of(m):
        optimizer = torch.optim.AdamW([p for p in m.parameters() if p.requires_grad], lr=1e-5)

        def step():
            optimizer.zero_grad()
            m(**inputs).pooler_output.square().mean().backward()
            optimizer.step()
        return step

    model.train()
    full = best(step_of(model), 3)
    import peft
    adapted = peft.get_peft_model(model, peft.LoraConfig(r=8, target_modules=["query", "value"]))
    low = best(step_of(adapted), 3)
    print(json.dumps({"load": round(load, 2), "forward": forward, "full": full, "lora": low}))


{"make": make, "run": run}[sys.argv[1]](*sys.argv[2:])
