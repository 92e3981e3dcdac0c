# Install:  python3 -m venv venv && venv/bin/pip install torch==2.8.0 numpy==2.4.6 trl==1.16.0 transformers==5.24.0 accelerate==1.15.0 datasets==5.2.0
#           venv/bin/pip install --no-deps --target ref/trl-0.29.1 trl==0.29.1      (still has PPOTrainer, in trl.experimental.ppo; 1.16.0 does not)
# Run:      REF_DIR=ref venv/bin/python -W ignore ppo.py        writes ppo.json beside this file
#
# Golden values for PPO. The reference is TRL 0.29.1, trl/experimental/ppo/ppo_trainer.py (the same text in TRL 0.21.0's
# trl/trainer/ppo_trainer.py, and summarize_from_feedback_details/ppo.py but for the whitening's variance): its
# PPOTrainer.train has rewards, GAE, whitening and losses inline, so this script takes those lines out of the installed file
# and runs them on the fixed inputs. float64. At the end everything is made again with numpy loops over ragged lists.
import inspect, os, sys, textwrap
from types import SimpleNamespace as NS
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.environ.get("REF_DIR", os.path.join(HERE, "..", "ref")), "trl-0.29.1"))
import numpy as np
import torch
import trl
from trl.experimental.ppo import ppo_trainer as P
from shared import dump, generator
assert trl.__version__ == "0.29.1"
torch.set_default_dtype(torch.float64)

SRC = inspect.getsource(P.PPOTrainer.train)
def lines_between(first, last):
    """the reference's own lines from the one with first through the one with last"""
    a = SRC.index(first); a = SRC.rindex("\n", 0, a) + 1
    b = SRC.index(last, a); b = SRC.index("\n", b) + 1
    return compile(textwrap.dedent(SRC[a:b]), "ppo_trainer.py train: " + first, "exec")
MASKS = lines_between("response_idxs = torch.arange(", "values = torch.masked_fill(values, padding_mask_p1, 0)")
REWARD = lines_between("# 4. compute rewards", "rewards[actual_start, actual_end] += scores")
WHITEN = lines_between("# 5. whiten rewards", "rewards = torch.masked_fill(rewards, padding_mask_p1, 0)")
GAE = lines_between("# 6. compute advantages", "advantages = torch.masked_fill(advantages, padding_mask, 0)")
LOSS = lines_between("new_logprobs = torch.masked_fill(", "loss = pg_loss + args.vf_coef * vf_loss")

# ---- inputs ----
rnd = generator(4242)
LENS = [5, 3, 6, 1, 4]
SCORES = [1.5, -0.75, 0.25, 2.0, -1.0]
W = max(LENS)
old = [[rnd(-3, -0.4) for _ in range(n)] for n in LENS]
ref = [[round(min(v + rnd(-0.6, 0.6), -0.01), 4) for v in r] for r in old]
new = [[round(min(v + rnd(-0.4, 0.4), -0.01), 4) for v in r] for r in old]
old_values = [[rnd(-1, 1) for _ in range(n)] for n in LENS]
values = [[round(v + rnd(-0.5, 0.5), 4) for v in r] for r in old_values]
# only for the trl_p1 layout: value of the state after the last token, then and now
after_old = [rnd(-1, 1) for _ in LENS]
after_new = [round(v + rnd(-0.5, 0.5), 4) for v in after_old]

def pad(rows):
    return torch.tensor([r + [0.0] * (W - len(r)) for r in rows])

def reference(cfg, p1):
    """p1: TRL's layout as it is, in which a response shorter than the width has one more position (score and value after its
    last token). Otherwise (the layout of ragged lists): both masks are the response's tokens, the score is on the last."""
    args = NS(kl_estimator=cfg["kl_estimator"], kl_coef=cfg["kl_coef"], whiten_rewards=cfg["whiten_rewards"], gamma=cfg["gamma"],
              lam=cfg["lam"], cliprange=cfg["cliprange"], cliprange_value=cfg["cliprange_value"], vf_coef=cfg["vf_coef"])
    ext = lambda rows, last: [r + [x] if p1 and len(r) < W else r for r, x in zip(rows, last)]
    env = dict(vars(P)); env.update(args=args, torch=torch, responses=torch.zeros(len(LENS), W), sequence_lengths=torch.tensor(LENS) - 1,
                                    logprobs=pad(old), ref_logprobs=pad(ref), values=pad(ext(old_values, after_old)), scores=torch.tensor(SCORES))
    exec(MASKS, env)
    if not p1:
        env["padding_mask_p1"], env["sequence_lengths_p1"] = env["padding_mask"], env["sequence_lengths"]
        env["values"] = env["values"].masked_fill(env["padding_mask"], 0)
    exec(REWARD, env)
    raw = env["rewards"].clone()
    exec(WHITEN, env)
    exec(GAE, env)
    adv_raw = torch.stack(env["advantages_reversed"][::-1], 1)
    lp, v = pad(new).requires_grad_(), pad(ext(values, after_new)).requires_grad_()
    env.update(new_logprobs=lp, vpred_temp=torch.cat([v, torch.zeros(len(LENS), 1)], 1).unsqueeze(-1), context_length=1,
               micro_batch_inds=torch.arange(len(LENS)), mb_advantage=env["advantages"], mb_return=env["returns"],
               mb_values=env["values"], mb_logprobs=env["logprobs"])
    exec(LOSS, env)
    env["loss"].backward()
    g_lp, g_v = lp.grad.clone(), v.grad.clone()
    n_v = [min(n + 1, W) if p1 else n for n in LENS]
    cut = lambda t, ls: [t[i, :n].tolist() for i, n in enumerate(ls)]
    mask, mask_v = ~env["padding_mask"], ~env["padding_mask_p1"]
    diff = env["logprobs_diff"]
    o = {"kl": cut(env["kl"], LENS), "rewards": cut(raw, n_v)}
    if cfg["whiten_rewards"]:
        o["whitened_rewards"] = cut(env["rewards"], n_v)
    o.update({"advantages": cut(adv_raw, n_v), "returns": cut(env["returns"], n_v), "whitened_advantages": cut(env["advantages"], LENS),
              "policy_loss": env["pg_loss"].item(), "value_loss": env["vf_loss"].item(), "loss": env["loss"].item(),
              "grad_logprobs": cut(g_lp, LENS), "grad_values": cut(g_v, n_v),
              "clip_fraction": P.masked_mean((env["pg_losses2"] > env["pg_losses"]).double(), mask).item(),
              "value_clip_fraction": P.masked_mean((env["vf_losses2"] > env["vf_losses1"]).double(), mask_v).item(),
              "approx_kl": P.masked_mean(0.5 * diff**2, mask).item(),
              "approx_kl_trl_padded": (0.5 * diff**2).mean().item(),  # as TRL logs it: mean over padding too
              "mean_sequence_kl": env["kl"].sum(1).mean().item()})
    return o

# ---- numpy, independent ----
def flat(rows): return np.concatenate([np.asarray(r, float) for r in rows])
def cutup(x, ls): return np.split(x, np.cumsum(ls)[:-1])
def whiten(x, shift=True, ddof=1):
    return (x - x.mean()) / np.sqrt(x.var(ddof=ddof) + 1e-8) + (0 if shift else x.mean())
def close(x, y, tol=1e-12, what=""):
    x, y = np.asarray(x, float), np.asarray(y, float)
    assert x.shape == y.shape and np.all(np.abs(x - y) <= tol * (1 + np.abs(y))), (what, x, y)

def check(cfg, p1, o):
    nv = [min(n + 1, W) if p1 else n for n in LENS]
    ov = [r + [a] if m > len(r) else r for r, a, m in zip(old_values, after_old, nv)]
    cv = [r + [a] if m > len(r) else r for r, a, m in zip(values, after_new, nv)]
    rew = []
    for i, n in enumerate(LENS):
        q = np.array(ref[i]) - np.array(old[i])
        kl = -q if cfg["kl_estimator"] == "k1" else np.exp(q) - 1 - q
        close(o["kl"][i], kl, what="kl")
        r = np.zeros(nv[i]); r[:n] = -cfg["kl_coef"] * kl; r[-1] += SCORES[i]
        rew.append(r)
        close(o["rewards"][i], r, what="rewards")
    if cfg["whiten_rewards"]:
        rew = cutup(whiten(flat(rew), shift=False), nv)
        close(flat(o["whitened_rewards"]), flat(rew), what="whitened rewards")
    adv = []
    for r, v in zip(rew, ov):  # sum of discounted TD errors, written out
        T = len(r); d = [r[t] + (cfg["gamma"] * v[t + 1] if t + 1 < T else 0) - v[t] for t in range(T)]
        adv.append([sum((cfg["gamma"] * cfg["lam"]) ** (s - t) * d[s] for s in range(t, T)) for t in range(T)])
    close(flat(o["advantages"]), flat(adv), what="advantages")
    close(flat(o["returns"]), flat(adv) + flat(ov), what="returns")
    # TRL whitens over the mask without the extra position; but its unbiased variance and mean are over the same mask
    wa = whiten(np.concatenate([np.array(a)[:n] for a, n in zip(adv, LENS)]))
    close(flat(o["whitened_advantages"]), wa, what="whitened advantages")
    lp, olp, N = flat(new), flat(old), sum(LENS)
    ratio = np.exp(lp - olp); clipped = np.clip(ratio, 1 - cfg["cliprange"], 1 + cfg["cliprange"])
    close(o["policy_loss"], np.maximum(-wa * ratio, -wa * clipped).mean(), what="policy loss")
    dead = -wa * clipped > -wa * ratio
    close(flat(o["grad_logprobs"]), np.where(dead, 0, -wa * ratio) / N, what="grad logprobs")
    close([o["clip_fraction"], o["approx_kl"]], [dead.mean(), (0.5 * (lp - olp) ** 2).mean()], what="clip, kl")
    v, v0, ret = flat(cv), flat(ov), flat(adv) + flat(ov)
    vc = np.clip(v, v0 - cfg["cliprange_value"], v0 + cfg["cliprange_value"])
    l1, l2 = (v - ret) ** 2, (vc - ret) ** 2
    close(o["value_loss"], 0.5 * np.maximum(l1, l2).mean(), what="value loss")
    close(flat(o["grad_values"]), cfg["vf_coef"] * np.where(l2 > l1, 0, v - ret) / len(v), what="grad values")
    close(o["value_clip_fraction"], (l2 > l1).mean(), what="value clip")
    close(o["loss"], o["policy_loss"] + cfg["vf_coef"] * o["value_loss"], what="loss")
    o["whitened_advantages_biased"] = [x.tolist() for x in cutup(whiten(np.concatenate([np.array(a)[:n] for a, n in zip(o["advantages"], LENS)]), ddof=0), LENS)]

base = {"kl_estimator": "k1", "kl_coef": 0.05, "whiten_rewards": False, "gamma": 1.0, "lam": 0.95, "cliprange": 0.2, "cliprange_value": 0.2, "vf_coef": 0.1}
cases, p1_cases = [], []
for extra in ({}, {"kl_estimator": "k3"}, {"whiten_rewards": True}, {"kl_estimator": "k3", "whiten_rewards": True, "kl_coef": 0.2},
              {"gamma": 0.97, "lam": 0.9, "kl_coef": 0.2}, {"gamma": 0.97, "lam": 0.9, "kl_estimator": "k3", "whiten_rewards": True, "cliprange": 0.1, "cliprange_value": 0.35, "vf_coef": 0.5},
              {"lam": 1.0, "kl_coef": 0.0}, {"lam": 0.0, "gamma": 0.9}):
    cfg = base | extra
    for p1, out in ((False, cases), (True, p1_cases)):
        o = reference(cfg, p1)
        check(cfg, p1, o)
        if not p1 or len(p1_cases) < 4:
            out.append({"config": cfg, "expected": o})

# masked_whiten on its own, called as it is
x = [[0.5, -1.25, 3.0], [2.0], [-0.75, 0.1]]
m = torch.tensor([[1, 1, 1], [1, 0, 0], [1, 1, 0]]).bool()
t = torch.tensor([r + [9.0] * (3 - len(r)) for r in x])
wh = []
for shift in (True, False):
    w = P.masked_whiten(t, m, shift_mean=shift)
    close(w[m].numpy(), whiten(flat(x), shift), what="masked_whiten")
    wh.append({"shift_mean": shift, "values": x, "whitened": [w[i, :len(r)].tolist() for i, r in enumerate(x)],
               "whitened_biased": [r.tolist() for r in cutup(whiten(flat(x), shift, 0), [len(r) for r in x])]})

doc = {"about": {"reference": f"trl {trl.__version__} trl/experimental/ppo/ppo_trainer.py PPOTrainer.train (lines run as they are), torch {torch.__version__}, float64",
                 "whitening": "unbiased variance (n-1) over all valid tokens of the batch, (x - mean) / sqrt(var + 1e-8), plus the mean again where shift_mean is false (rewards); *_biased: with variance over n, as summarize_from_feedback_details/ppo.py has it",
                 "kl": "by token at rollout time, of old_logprobs and ref_logprobs: k1 = old - ref; k3 = exp(ref - old) - 1 - (ref - old)",
                 "rewards": "-kl_coef * kl on each token, plus the score on the last (whitened afterwards where whiten_rewards; GAE then uses those)",
                 "gae": "delta_t = r_t + gamma*V_{t+1} - V_t with V after the last = 0; A_t = delta_t + gamma*lam*A_{t+1}; V = old_values; returns = advantages (before whitening) + old_values",
                 "policy_loss": "mean over all valid tokens of max(-A*ratio, -A*clip(ratio, 1-cliprange, 1+cliprange)), A = whitened_advantages",
                 "value_loss": "0.5 * mean over valid tokens of max((v-ret)^2, (clip(v, old_v-cliprange_value, old_v+cliprange_value)-ret)^2)",
                 "loss": "policy_loss + vf_coef * value_loss; grad_logprobs and grad_values are of this loss (so grad_values holds vf_coef)",
                 "clip_fraction": "fraction of tokens whose clipped policy term is strictly larger; value_clip_fraction likewise",
                 "approx_kl": "mean over valid tokens of 0.5*(logprob - old_logprob)^2; approx_kl_trl_padded: as TRL logs it, dividing by batch * width",
                 "cases": "both masks are the response's own tokens, score on the last token",
                 "trl_p1_cases": f"TRL's layout as it is: a response shorter than the width ({W}) has one more position after its last token, with old_value_after/value_after as its value, kl 0 and the score there; rewards, advantages, returns and grad_values have that position, the value loss counts it, reward whitening counts it, advantage whitening and policy loss do not"},
       "logprobs": new, "old_logprobs": old, "ref_logprobs": ref, "values": values, "old_values": old_values, "scores": SCORES,
       "old_value_after": after_old, "value_after": after_new, "cases": cases, "trl_p1_cases": p1_cases, "masked_whiten": wh}

dump(doc, os.path.join(HERE, "ppo.json"))
print("ppo.json:", len(cases), "+", len(p1_cases), "cases; checks passed")
