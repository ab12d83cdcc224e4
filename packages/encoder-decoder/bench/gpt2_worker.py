"""transformers' greedy generation with random weights of GPT-2's size: one round per line of input, answered with its seconds
and those of the processor."""
import sys
import time

import torch
import transformers

layers, rows = int(sys.argv[1]), int(sys.argv[2])
torch.manual_seed(0)
model = transformers.GPT2LMHeadModel(transformers.GPT2Config(n_layer=layers)).eval()
prompt = torch.tensor([[100 + 37 * i for i in range(16)]] * rows)
for _ in sys.stdin:
    start, processor = time.perf_counter(), time.process_time()
    with torch.no_grad():
        out = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=64, min_new_tokens=64, do_sample=False, pad_token_id=50256)
    assert out.shape[1] == 80
    print(time.perf_counter() - start, time.process_time() - processor, flush=True)
