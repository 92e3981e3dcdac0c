"""Writes adamw.json, which optimizer_test.go compares with.

Needs torch (2.15.0 made the file). Run it in this folder.
"""
import json

import torch

torch.manual_seed(1)
torch.set_default_dtype(torch.float64)
steps, rate, decay, clip = 6, 0.05, 0.1, 1.5
matrix, vector = torch.nn.Parameter(torch.randn(3, 4)), torch.nn.Parameter(torch.randn(5))
optimizer = torch.optim.AdamW(
    [{"params": [matrix], "weight_decay": decay}, {"params": [vector], "weight_decay": 0.0}], lr=rate, betas=(0.8, 0.95), eps=1e-3)
out = {"rate": rate, "decay": decay, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3, "clip": clip,
       "matrix": matrix.flatten().tolist(), "vector": vector.flatten().tolist(), "steps": []}
for step in range(steps):
    share = 1 - step / 10
    gradients = [torch.randn_like(p) * (0.1 if step == 2 else 1.0) for p in (matrix, vector)]
    for p, g in zip((matrix, vector), gradients):
        p.grad = g.clone()
    norm = torch.nn.utils.clip_grad_norm_([matrix, vector], clip)
    for group in optimizer.param_groups:
        group["lr"] = rate * share
    optimizer.step()
    out["steps"].append({
        "share": share, "norm": norm.item(), "matrix_gradient": gradients[0].flatten().tolist(), "vector_gradient": gradients[1].flatten().tolist(),
        "matrix": matrix.flatten().tolist(), "vector": vector.flatten().tolist()})
with open("adamw.json", "w") as f:
    json.dump(out, f)
    f.write("\n")
