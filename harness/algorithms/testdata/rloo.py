# Install:  python3 -m venv venv && venv/bin/pip install torch==2.8.0 trl==1.16.0 transformers==5.24.0 accelerate==1.15.0 datasets==5.2.0 numpy==2.4.6
# Run:      venv/bin/python -W ignore rloo.py        writes rloo.json beside this file
#
# Golden values for RLOO, made by calling TRL 1.16.0's own trl/trainer/rloo_trainer.py: advantages by
# RLOOTrainer._generate_and_score_completions, loss and gradient by RLOOTrainer._compute_loss, both with a stub self whose
# log-probabilities and rewards are the fixed inputs. float64. At the end everything is made again with numpy.
import os
from collections import defaultdict
from types import SimpleNamespace as NS
import numpy as np
import torch
import trl
from trl import RLOOTrainer
from grouped import K, LENS, MASK, REWARDS, W, new, old, pad, ragged, ref
from shared import dump

HERE = os.path.dirname(os.path.abspath(__file__))

def stub(**kw):
    acc = NS(device=torch.device("cpu"), process_index=0, num_processes=1, gather=lambda x: x,
             gather_for_metrics=lambda x: x, reduce=lambda x, reduction="sum": x)
    return NS(accelerator=acc, model=NS(training=True, is_gradient_checkpointing=False), aux_loss_enabled=False,
              args=NS(per_device_train_batch_size=len(LENS), gradient_checkpointing_kwargs=None),
              _tokenizer=NS(pad_token_id=0), pad_to_multiple_of=None, mask_truncated_completions=False,
              num_generations=K, _metrics={"train": defaultdict(list)}, _pending_extra_logs={}, _pending_metrics={},
              _logs={"prompt": [], "completion": [], "rewards": defaultdict(list), "advantages": [], "extra": defaultdict(list)},
              reward_func_names=["r"], reward_weights=torch.ones(1), **kw)

def advantages(beta, normalize, clip=None):
    """RLOOTrainer._generate_and_score_completions"""
    self = stub(beta=beta, normalize_advantages=normalize, reward_clip_range=clip, ref_model=NS())
    self._generate = lambda prompts: ([[1]] * len(LENS), [[2] * n for n in LENS], ["x"] * len(LENS))
    self._get_per_token_logps_and_entropies = lambda model, *a, **k: (pad(ref if model is self.ref_model else old), None, None)
    self._calculate_rewards = lambda *a: torch.tensor(REWARDS).unsqueeze(1)
    out = RLOOTrainer._generate_and_score_completions(self, [{"prompt": "p"}] * len(LENS))
    return out["advantages"], out["old_logps"], {k: v[-1] for k, v in self._metrics["train"].items()}

def loss(now, old_logps, adv, lo, hi):
    """RLOOTrainer._compute_loss"""
    lp = pad(now).requires_grad_()
    self = stub(epsilon_low=lo, epsilon_high=hi)
    self._get_per_token_logps_and_entropies = lambda *a, **k: (lp, torch.zeros_like(lp), None)
    l = RLOOTrainer._compute_loss(self, None, {"prompt_ids": MASK[:, :1], "prompt_mask": MASK[:, :1], "completion_ids": MASK,
                                               "completion_mask": MASK, "old_logps": old_logps, "advantages": adv})
    l.backward()
    return l.item(), lp.grad, self._metrics["train"]

# ---- numpy, independent ----
S = lambda rows: np.array([sum(r) for r in rows])
def np_adv(beta, normalize, clip=None):
    r = np.clip(REWARDS, *clip) if clip else np.array(REWARDS)
    r = (r - beta * (S(old) - S(ref))).reshape(-1, K)
    a = np.array([[row[i] - np.mean(np.delete(row, i)) for i in range(K)] for row in r]).ravel()
    return (a - a.mean()) / (a.std(ddof=1) + 1e-4) if normalize else a
def np_loss(now, adv, lo, hi):
    ratio = np.exp(S(now) - S(old))
    use = ratio * adv <= np.clip(ratio, 1 - lo, 1 + hi) * adv
    l = -np.minimum(ratio * adv, np.clip(ratio, 1 - lo, 1 + hi) * adv).mean()
    live = use | ((ratio >= 1 - lo) & (ratio <= 1 + hi))
    return l, np.where(live, -adv * ratio, 0) / len(LENS)
def close(x, y, tol=1e-12, what=""):
    x, y = np.asarray(x, float), np.asarray(y, float)
    assert x.shape == y.shape and np.all(np.abs(x - y) <= tol * (1 + np.abs(y))), (what, x, y)

adv_cases, loss_cases = [], []
for beta in (0.0, 0.05, 0.2):
    for norm in (False, True):
        for clip in (None, [0.0, 1.0]):
            a, old_logps, m = advantages(beta, norm, clip)
            close(a, np_adv(beta, norm, clip), what="advantages")
            c = {"name": f"beta{beta}" + ("_norm" if norm else "") + ("_clip" if clip else ""), "beta": beta,
                 "normalize_advantages": norm, "reward_clip_range": clip, "advantages": a.tolist()}
            if beta:
                c["mean_token_kl"] = float((S(old) - S(ref)).sum() / sum(LENS))
                close(c["mean_token_kl"], m["kl"], what="kl")
            adv_cases.append(c)
            if clip:
                continue
            for step, now in (("on_policy", old), ("off_policy", new)):
                for lo, hi in ((0.2, 0.2), (0.1, 0.3)):
                    l, g, lm = loss(now, old_logps, a, lo, hi)
                    nl, ng = np_loss(now, np.array(a), lo, hi)
                    close(l, nl, what="loss")
                    for i, n in enumerate(LENS):
                        close(g[i, :n], np.full(n, ng[i]), what="grad")
                    ratio = np.exp(S(now) - S(old))
                    low, high = (ratio < 1 - lo) & (np.array(a) < 0), (ratio > 1 + hi) & (np.array(a) > 0)
                    close([lm["clip_ratio/low_mean"][0], lm["clip_ratio/high_mean"][0]], [low.mean(), high.mean()], 1e-6, "clip")
                    loss_cases.append({"advantages": c["name"], "step": step, "epsilon_low": lo, "epsilon_high": hi, "loss": l,
                                       "grad_logprobs": ragged(g), "clip_low": float(low.mean()), "clip_high": float(high.mean()),
                                       "clip_fraction": float((low | high).mean())})

doc = {"about": {"reference": f"trl {trl.__version__} RLOOTrainer, torch {torch.__version__}, float64",
                 "layout": f"responses in order of prompts, {K} samples for each prompt",
                 "reward": "reward (clipped first where reward_clip_range) - beta * sum over the response's tokens of (old_logprob - ref_logprob)",
                 "advantage": "reward - mean of the other samples' rewards; normalize: (a - mean)/(std + 1e-4) over the whole batch, std unbiased (n-1)",
                 "loss": "mean over responses of -min(R*A, clip(R, 1-epsilon_low, 1+epsilon_high)*A), R = exp(sum logprobs - sum old_logprobs): one ratio for the whole response, no length normalisation; no KL term in the loss",
                 "grad_logprobs": "d loss / d logprob of each token", "step": "on_policy uses old_logprobs as logprobs; off_policy uses logprobs"},
       "num_generations": K, "rewards": REWARDS, "logprobs": new, "old_logprobs": old, "ref_logprobs": ref,
       "sequence_kl": (S(old) - S(ref)).tolist(), "sequence_ratio": np.exp(S(new) - S(old)).tolist(),
       "advantage_cases": adv_cases, "loss_cases": loss_cases}
dump(doc, os.path.join(HERE, "rloo.json"))
print("rloo.json:", len(adv_cases), "advantage cases,", len(loss_cases), "loss cases; checks passed")
