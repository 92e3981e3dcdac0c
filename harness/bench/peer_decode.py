"""transformers' generate on a job of decoding, in the order of the texts, each batch padded on the left."""
import time

import torch
from peer import job, load, report

WARM_UP = 4
model = load().eval()
# The end token also fills up; an attention mask hides it.
model.generation_config.eos_token_id = model.generation_config.pad_token_id = job["end"]


def generate(texts, tokens):
    width = max(len(t["prompt"]) for t in texts)
    ids = torch.tensor([[job["end"]] * (width - len(t["prompt"])) + t["prompt"] for t in texts], device=job["device"])
    mask = torch.tensor([[0] * (width - len(t["prompt"])) + [1] * len(t["prompt"]) for t in texts], device=job["device"])
    how = dict(do_sample=False) if job["greedy"] else dict(do_sample=True, temperature=1.0, top_k=0, top_p=1.0)
    out = model.generate(ids, attention_mask=mask, max_new_tokens=tokens, **how)[:, width:].tolist()
    return [r[: r.index(job["end"]) + 1] if job["end"] in r else r for r in out]


generate(job["texts"][: job["batch"]], WARM_UP)
start = time.perf_counter()
responses = []
for i in range(0, len(job["texts"]), job["batch"]):
    responses += generate(job["texts"][i : i + job["batch"]], job["max_tokens"])
seconds = time.perf_counter() - start
tokens = sum(map(len, responses))
report(seconds=seconds, work=tokens, total=tokens, responses=responses)
