# Install:  python3 -m venv venv && venv/bin/pip install torch==2.8.0 trl==1.16.0 transformers==5.24.0 accelerate==1.15.0 datasets==5.2.0 numpy==2.4.6
# Run:      venv/bin/python -W ignore grpo.py        writes grpo.json beside this file
#
# Golden values for GRPO, Dr. GRPO, DAPO, GSPO (sequence-level ratio), CISPO, LUSPO, made by calling TRL 1.16.0's own
# trl/trainer/grpo_trainer.py: advantages by GRPOTrainer._generate_and_score_completions, loss and gradient by
# GRPOTrainer._compute_loss, both with a stub self whose log-probabilities and rewards are the fixed inputs; overlong
# punishment by trl.rewards.get_soft_overlong_punishment. float64. Everything is made again with numpy (gradients by
# central differences of the numpy loss).
import os
from collections import defaultdict
from types import SimpleNamespace as NS
import numpy as np
import torch
import trl
from trl import GRPOTrainer
from trl.rewards import get_soft_overlong_punishment
from grouped import K, LENS, MASK, REWARDS, W, new, old, pad, ragged, ref
from shared import dump

HERE = os.path.dirname(os.path.abspath(__file__))

MAXLEN = 8  # max_completion_length, the constant of dr_grpo
TOTAL = sum(LENS)

def stub(**kw):
    acc = NS(device=torch.device("cpu"), process_index=0, num_processes=1, gather=lambda x: x,
             gather_for_metrics=lambda x: x, reduce=lambda x, reduction="sum": x)
    d = dict(accelerator=acc, model=NS(training=True, is_gradient_checkpointing=False), ref_model=NS(), aux_loss_enabled=False,
             _tokenizer=NS(pad_token_id=0), pad_to_multiple_of=None, mask_truncated_completions=False, tools=[], environments=None,
             environment_factories=None, use_vllm=False, num_generations=K, num_iterations=2, multi_objective_aggregation="sum_then_normalize",
             _metrics={"train": defaultdict(list)}, _pending_extra_logs={}, _pending_metrics={}, reward_func_names=["r"],
             _logs={"prompt": [], "completion": [], "rewards": defaultdict(list), "advantages": [], "extra": defaultdict(list)},
             reward_weights=torch.ones(1), top_entropy_quantile=1.0, off_policy_mask_threshold=None, _entropy_bonus_enabled=False,
             max_completion_length=MAXLEN, current_gradient_accumulation_steps=1,
             args=NS(per_device_train_batch_size=len(LENS), gradient_checkpointing_kwargs=None, steps_per_generation=1,
                     gradient_accumulation_steps=1, delta=None, use_bias_correction_kl=False))
    d.update(kw)
    return NS(**d)

def advantages(scale, rewards=REWARDS):
    """GRPOTrainer._generate_and_score_completions"""
    n = len(rewards)
    lens = LENS if n == len(LENS) else [1] * n
    self = stub(beta=0.0, scale_rewards=scale)
    self._generate = lambda prompts: ([[1]] * n, [[2] * m for m in lens], None, ["x"] * n, None, {}, None, None)
    self._get_per_token_logps_and_entropies = lambda *a, **k: (None, None, None)
    self._calculate_rewards = lambda *a: torch.tensor(rewards).unsqueeze(1)
    out = GRPOTrainer._generate_and_score_completions(self, [{"prompt": "p"}] * n)
    return out["advantages"], int(out["num_items_in_batch"]), {k: v[-1] for k, v in self._metrics["train"].items()}

def loss(lp, rows, adv, c, gas=1):
    """GRPOTrainer._compute_loss on these rows; lp is the padded leaf for the whole batch"""
    self = stub(loss_type=c["loss_type"], importance_sampling_level=c["importance_sampling_level"], epsilon_low=c["epsilon_low"],
                epsilon_high=c["epsilon_high"], beta=c["beta"], current_gradient_accumulation_steps=gas)
    self.args.delta, self.args.use_bias_correction_kl, self.args.steps_per_generation = c["delta"], c["use_bias_correction_kl"], gas
    self._get_per_token_logps_and_entropies = lambda *a, **k: (lp[rows], torch.zeros_like(lp[rows]), None)
    inp = {"prompt_ids": MASK[rows, :1], "prompt_mask": MASK[rows, :1], "completion_ids": MASK[rows], "completion_mask": MASK[rows],
           "advantages": adv[rows], "ref_per_token_logps": pad(ref)[rows], "num_items_in_batch": MASK.sum()}
    if c["step"] == "off_policy":
        inp["old_per_token_logps"] = pad(old)[rows]
    l = GRPOTrainer._compute_loss(self, None, inp)
    l.backward()
    return l.item(), self._metrics["train"]

# ---- numpy, independent, on ragged rows ----
def np_adv(scale, rewards=REWARDS):
    r = np.array(rewards).reshape(-1, K)
    a = r - r.mean(1, keepdims=True)
    if scale == "group": a = a / (r.std(1, ddof=1, keepdims=True) + 1e-4)
    if scale == "batch": a = a / (r.std(ddof=1) + 1e-4)
    return a.ravel()
def np_loss(now, was, adv, c, frozen=None):
    """frozen: log-probs held constant where the loss detaches its ratio (cispo)"""
    per = []
    for i in range(len(now)):
        lp, d = np.array(now[i]), np.array(now[i]) - np.array(was[i])
        if c["importance_sampling_level"] == "sequence": d = np.full(len(d), d.mean())
        ratio = np.exp(d)
        if c["loss_type"] == "cispo":
            df = np.array(frozen[i]) - np.array(was[i])
            if c["importance_sampling_level"] == "sequence": df = np.full(len(df), df.mean())
            t = -np.minimum(np.exp(df), c["epsilon_high"]) * adv[i] * lp
        else:
            r1 = np.minimum(ratio, c["delta"]) if c["delta"] else ratio
            t = -np.minimum(r1 * adv[i], np.clip(ratio, 1 - c["epsilon_low"], 1 + c["epsilon_high"]) * adv[i])
        if c["beta"]:
            q = np.array(ref[i]) - lp
            kl = np.exp(q) - q - 1
            t = t + c["beta"] * kl * (ratio if c["use_bias_correction_kl"] else 1)
        per.append(t)
    n = sum(map(len, per)); tot = sum(t.sum() for t in per); lt = c["loss_type"]
    if lt == "grpo": return np.mean([t.mean() for t in per])
    if lt in ("bnpo", "dapo", "cispo"): return tot / n      # one process, one accumulation window = the whole batch
    if lt == "dr_grpo": return tot / (len(per) * MAXLEN)
    if lt == "luspo":
        # TRL's per-token loss has one column with a sequence-level ratio; times the mask it counts once for each token
        return np.mean([t.sum() for t in per])
    raise KeyError(lt)
def close(x, y, tol=1e-12, what=""):
    x, y = np.asarray(x, float), np.asarray(y, float)
    assert x.shape == y.shape and np.all(np.abs(x - y) <= tol * (1 + np.abs(y))), (what, x, y)

adv, adv_out = {}, {}
for scale in ("group", "batch", "none"):
    a, n_items, m = advantages(scale)
    close(a, np_adv(scale), what="advantages")
    assert n_items == TOTAL
    adv[scale], adv_out[scale] = a, a.tolist()
zero_frac = advantages("none")[2]["frac_reward_zero_std"]

def run(c):
    now = old if c["step"] == "on_policy" else new
    a = adv[c["advantages"]]
    lp = pad(now).requires_grad_()
    l, m = loss(lp, slice(0, len(LENS)), a, c)
    na = np_adv(c["advantages"])
    close(l, np_loss(now, old, na, c, now), what=str(c))
    for i, n in enumerate(LENS):
        for t in range(n):
            v = []
            for e in (1e-5, -1e-5):
                mv = [list(r) for r in now]; mv[i][t] += e
                v.append(np_loss(mv, old, na, c, now))
            close((v[0] - v[1]) / 2e-5, lp.grad[i, t], 1e-8, "gradient " + str(c))
    o = dict(c, loss=l, grad_logprobs=ragged(lp.grad))
    if c["beta"]: o["mean_kl_metric"] = m["kl"][0]
    if c["loss_type"] != "cispo":
        o["clip_low"], o["clip_high"] = exact(m["clip_ratio/low_mean"][0], c), exact(m["clip_ratio/high_mean"][0], c)
    return o
def exact(x, c):  # TRL's fraction passes through float32: back to the exact count
    n = TOTAL if c["importance_sampling_level"] == "token" else len(LENS)
    assert abs(x * n - round(x * n)) < 1e-5
    return round(x * n) / n

base = {"advantages": "group", "step": "off_policy", "importance_sampling_level": "token", "epsilon_low": 0.2, "epsilon_high": 0.28,
        "delta": None, "beta": 0.0, "use_bias_correction_kl": False}
cases = []
for lt in ("grpo", "bnpo", "dr_grpo", "dapo", "luspo", "cispo"):
    for level in ("token", "sequence"):
        for beta, bias in ((0.0, False), (0.04, False), (0.04, True)):
            c = dict({"loss_type": lt}, **base); c.update(importance_sampling_level=level, beta=beta, use_bias_correction_kl=bias)
            if lt == "cispo": c["epsilon_high"] = 1.2  # cispo's is the bound of the ratio itself (ScaleRL: 4 or 5), not 1 + it
            cases.append(run(c))
    if lt not in ("luspo", "cispo"):
        for extra in ({"step": "on_policy"}, {"step": "on_policy", "beta": 0.04}, {"advantages": "batch"}, {"advantages": "none"},
                      {"epsilon_high": 0.2}, {"delta": 1.3}, {"epsilon_low": 0.05, "epsilon_high": 0.05, "importance_sampling_level": "sequence"}):
            cases.append(run(dict({"loss_type": lt}, **base, ) | extra))

# two micro-batches of one accumulation window (rows 0-5 and 6-11), gradients added up
micro = []
for lt in ("grpo", "bnpo", "dr_grpo", "dapo"):
    c = dict({"loss_type": lt}, **base); c["beta"] = 0.04
    lp = pad(new).requires_grad_()
    ls = [loss(lp, slice(0, 6), adv["group"], c, 2)[0], loss(lp, slice(6, 12), adv["group"], c, 2)[0]]
    na = np_adv("group"); mine = []
    for s in (slice(0, 6), slice(6, 12)):
        ref_all = ref
        ref = ref_all[s]
        mine.append(np_loss(new[s], old[s], na[s], c) * (sum(LENS[s]) / TOTAL if lt == "dapo" else 0.5))
        ref = ref_all
    close(mine, ls, what="micro " + lt)
    micro.append(dict(c, losses=ls, loss=sum(ls), grad_logprobs=ragged(lp.grad)))

overlong = []
for mx, cache in ((20, 5), (16384, 4096), (10, 0)):
    lens = sorted({0, 1, mx - cache - 1, mx - cache, mx - cache + 1, mx - cache + 2, mx - cache // 2, mx - 1, mx, mx + 1, 2 * mx})
    got = get_soft_overlong_punishment(mx, cache)(completion_ids=[range(n) for n in lens])
    close(got, [0.0 if n <= mx - cache else (mx - cache - n) / cache if n <= mx else -1.0 for n in lens], what="overlong")
    overlong.append({"max_completion_len": mx, "soft_punish_cache": cache, "lengths": lens, "rewards": got})

# dynamic sampling (DAPO section 3.2, eq. 11: 0 < number right < G): TRL has no filter, only the share of groups with zero std
groups = [[1., 0., 1.], [0., 0., 0.], [1., 1., 1.], [-.5, -.5, -.5], [.3, .3, .30001], [0., 0., 1.], [.1, .1, .1], [2., 1., 0.]]
kept = [i for i, g in enumerate(groups) if max(g) != min(g)]
frac = advantages("none", [r for g in groups for r in g])[2]["frac_reward_zero_std"]
assert abs(frac - (1 - len(kept) / len(groups))) < 1e-7 and abs(zero_frac - 0.25) < 1e-9

doc = {"about": {"reference": f"trl {trl.__version__} GRPOTrainer, torch {torch.__version__}, float64",
                 "layout": f"responses in order of prompts, {K} samples for each prompt",
                 "advantages": "reward - group mean; group: / (group std + 1e-4); batch: / (std of all rewards + 1e-4); none: as is; std unbiased (n-1)",
                 "ratio": "token: exp(lp - old); sequence: exp(mean over the response's tokens of (lp - old)), the same for each of its tokens (gradient passes to every token, 1/length each)",
                 "token loss": "-min(R*A, clip(R, 1-epsilon_low, 1+epsilon_high)*A) + beta*kl; delta: R in the first product is min(R, delta); cispo: -min(R, epsilon_high).detach()*A*lp, epsilon_high there being the bound itself",
                 "kl": "exp(ref-lp) - (ref-lp) - 1, with the current lp; use_bias_correction_kl (TRL 1.16's default is true): kl * R, not detached, R not clipped",
                 "loss_type": f"grpo: mean over responses of the mean over tokens; bnpo: mean over all tokens of the (micro-)batch; dr_grpo: sum / (responses * max_completion_length = {MAXLEN}); dapo and cispo: sum / tokens of the whole accumulation window; luspo: mean over responses of the sum over tokens",
                 "microbatches": "grpo, bnpo, dr_grpo: each micro-batch's loss / 2; dapo: sum / tokens of both micro-batches",
                 "step": "on_policy uses old_logprobs as logprobs with a detached copy as old; off_policy uses logprobs",
                 "clip_low, clip_high": "fraction of tokens (responses where the ratio is by sequence) with R < 1-epsilon_low and A < 0; R > 1+epsilon_high and A > 0 (after min(R, delta))"},
       "num_generations": K, "max_completion_length": MAXLEN, "rewards": REWARDS, "logprobs": new, "old_logprobs": old, "ref_logprobs": ref,
       "advantages": adv_out, "cases": cases, "microbatches": micro, "overlong": overlong,
       "dynamic_sampling": {"groups": groups, "kept": kept, "frac_reward_zero_std": frac}}
dump(doc, os.path.join(HERE, "grpo.json"))
print("grpo.json:", len(cases), "cases; checks passed")
