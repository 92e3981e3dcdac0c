# The inputs of grpo.py and rloo.py: several responses to each prompt.
import torch
from shared import generator

torch.set_default_dtype(torch.float64)
rnd = generator(777)

K = 3
LENS = [4, 2, 6, 1, 5, 3, 3, 2, 4, 6, 1, 3]                                   # 4 prompts x 3 samples
REWARDS = [1.0, 0.0, 0.5, -0.25, 2.0, 0.75, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0]      # third group: all equal
DRIFT = [.1, -.2, .03, .4, -.05, 0., .12, -.15, .02, -.09, -.35, .15]         # mean change by token, now - old
old = [[rnd(-3, -0.6) for _ in range(n)] for n in LENS]
ref = [[round(min(v + rnd(-0.5, 0.5), -0.01), 4) for v in r] for r in old]
new = [[round(min(v + d + rnd(-0.2, 0.2), -0.01), 4) for v in r] for r, d in zip(old, DRIFT)]

W = max(LENS)
def pad(rows):
    return torch.tensor([r + [0.0] * (W - len(r)) for r in rows])
def ragged(t):
    return [t[i, :n].tolist() for i, n in enumerate(LENS)]
MASK = torch.tensor([[1] * n + [0] * (W - n) for n in LENS])
