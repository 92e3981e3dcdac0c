# Install:  python3 -m venv venv && venv/bin/pip install torch==2.8.0 trl==1.16.0 transformers==5.24.0 accelerate==1.15.0 datasets==5.2.0 numpy==2.4.6
#           venv/bin/pip install --no-deps --target ref/trl-0.21.0 trl==0.21.0     (only read, for label-smoothed sigmoid)
# Run:      REF_DIR=ref venv/bin/python -W ignore dpo.py        writes dpo.json beside this file
#
# Golden values for DPO-type losses. Every loss is made by calling TRL 1.16.0's own
# trl/trainer/dpo_trainer.py DPOTrainer._compute_loss with a stub self and a stub model; label-smoothed sigmoid (cDPO),
# which 1.16 no longer has, by calling TRL 0.21.0's DPOTrainer.dpo_loss. Everything is float64.
# At the end the losses and rewards are made again with numpy, and the gradients by central differences of that.
import ast, math, os
from collections import defaultdict
from types import SimpleNamespace as NS
import numpy as np
import torch
import torch.nn.functional as F
from trl import DPOTrainer
import trl
from shared import dump, generator

torch.set_default_dtype(torch.float64)
HERE = os.path.dirname(os.path.abspath(__file__))
REF = os.environ.get("REF_DIR", os.path.join(HERE, "..", "ref"))

# ---- inputs: a small generator of fixed numbers with four decimals ----
rnd = generator(20240607)

LENS = [(3, 5), (6, 2), (1, 4), (4, 4), (5, 1), (2, 6)]
SHIFT = [(0.5, -0.4), (-0.3, 0.3), (0.8, -0.1), (0.0, 0.05), (1.1, -0.9), (-0.6, -0.2)]  # mean log-ratio per token
pairs = []
for (lc, lr), (sc, sr) in zip(LENS, SHIFT):
    rc, rr = [rnd(-4, -0.9) for _ in range(lc)], [rnd(-4, -0.7) for _ in range(lr)]
    pairs.append({
        "chosen_logprobs": [round(min(v + sc + rnd(-0.7, 0.7), -0.01), 4) for v in rc],
        "rejected_logprobs": [round(min(v + sr + rnd(-0.7, 0.7), -0.01), 4) for v in rr],
        "ref_chosen_logprobs": rc, "ref_rejected_logprobs": rr})
extreme = [{"chosen_logprobs": [-3.0], "rejected_logprobs": [-2400.0], "ref_chosen_logprobs": [-800.0], "ref_rejected_logprobs": [-5.0]},
           {"chosen_logprobs": [-2500.0], "rejected_logprobs": [-4.0], "ref_chosen_logprobs": [-2.0], "ref_rejected_logprobs": [-900.0]},
           {"chosen_logprobs": [-10.0], "rejected_logprobs": [-20.0], "ref_chosen_logprobs": [-10.0], "ref_rejected_logprobs": [-20.0]}]

# ---- the reference ----
def pad(rows, width):
    return torch.tensor([r + [0.0] * (width - len(r)) for r in rows])

def trl_loss(prs, loss_type, beta, ls, ld_alpha=None, f_div="reverse_kl", tau=0.05):
    """One call of DPOTrainer._compute_loss: mean loss, gradient by token (ragged), metrics."""
    ch, rj = [p["chosen_logprobs"] for p in prs], [p["rejected_logprobs"] for p in prs]
    rch, rrj = [p["ref_chosen_logprobs"] for p in prs], [p["ref_rejected_logprobs"] for p in prs]
    W = max(len(r) for r in ch + rj)
    lp = pad(ch + rj, W).requires_grad_()
    ref = pad(rch + rrj, W)
    n = len(ch) * 2
    mask = torch.zeros(n, W + 1, dtype=torch.long)  # position 0 is the prompt
    for i, r in enumerate(ch + rj):
        mask[i, 1:1 + len(r)] = 1
    z = torch.zeros(n, W)
    def outputs(t):
        return NS(log_probs=t, entropy=z, mean_logits=z, is_top1=z.bool())
    model, ref_model = (lambda **k: outputs(lp)), (lambda **k: outputs(ref))
    self = NS(model=NS(training=True, is_gradient_checkpointing=False), ref_model=ref_model,
              accelerator=NS(device=torch.device("cpu"), gather=lambda x: x, gather_for_metrics=lambda x: x),
              args=NS(gradient_checkpointing_kwargs=None, discopop_tau=tau), aux_loss_enabled=False, ld_alpha=ld_alpha,
              precompute_ref_logps=False, f_divergence_type=f_div, loss_types=[loss_type], loss_weights=[1.0],
              beta=beta, label_smoothing=ls, use_weighting=False, _metrics={"train": defaultdict(list)},
              _total_train_tokens=0, _tp_size=1)
    loss = DPOTrainer._compute_loss(self, model, {"input_ids": torch.zeros(n, W + 1, dtype=torch.long),
                                                  "attention_mask": mask, "completion_mask": mask}, False)
    loss.backward()
    g = [lp.grad[i, :len(r)].tolist() for i, r in enumerate(ch + rj)]
    m = {k: v[-1] for k, v in self._metrics["train"].items() if k.startswith("rewards/")}
    return loss.item(), g[:len(ch)], g[len(ch):], m

def trl021_dpo_loss():
    """DPOTrainer.dpo_loss of TRL 0.21.0, taken out of the file (the whole module needs an older transformers)."""
    src = open(os.path.join(REF, "trl-0.21.0/trl/trainer/dpo_trainer.py")).read()
    cls = next(n for n in ast.parse(src).body if isinstance(n, ast.ClassDef) and n.name == "DPOTrainer")
    fn = next(n for n in cls.body if isinstance(n, ast.FunctionDef) and n.name == "dpo_loss")
    env = {"torch": torch, "F": F, "FDivergenceType": NS(ALPHA_DIVERGENCE=NS(value="alpha_divergence"), JS_DIVERGENCE=NS(value="js_divergence"))}
    exec(compile(ast.Module([fn], []), "trl-0.21.0/dpo_trainer.py", "exec"), env)
    return env["dpo_loss"]

DPO021 = trl021_dpo_loss()

def seqsum(prs, k):
    return torch.tensor([math.fsum(p[k]) for p in prs])

def cdpo(prs, loss_type, beta, ls):
    c, r = seqsum(prs, "chosen_logprobs").requires_grad_(), seqsum(prs, "rejected_logprobs").requires_grad_()
    self = NS(accelerator=NS(device="cpu"), reference_free=False, f_divergence_type="reverse_kl", beta=beta, label_smoothing=ls)
    losses, _, _ = DPO021(self, c, r, seqsum(prs, "ref_chosen_logprobs"), seqsum(prs, "ref_rejected_logprobs"), loss_type)
    losses.mean().backward()
    return losses.tolist(), losses.mean().item(), c.grad.tolist(), r.grad.tolist()

# ---- numpy, independent: from sequence sums (lists) ----
def npsig(x): return 0.5 * (1 + np.tanh(x / 2))
def nplogsig(x): return -np.logaddexp(0, -x)

def np_losses(loss_type, beta, ls, c, r, rc, rr, lc, lr, tau=0.05):
    a, b = c - rc, r - rr
    h = beta * (a - b)
    if loss_type == "sigmoid": return -nplogsig(h)
    if loss_type == "sigmoid_smoothed": return -(1 - ls) * nplogsig(h) - ls * nplogsig(-h)
    if loss_type == "hinge": return np.maximum(0, 1 - h)
    if loss_type == "ipo": return (a / lc - b / lr - 1 / (2 * beta)) ** 2
    if loss_type == "ipo_sum": return (a - b - 1 / (2 * beta)) ** 2
    if loss_type == "exo_pair": return npsig(h) * (nplogsig(h) - np.log(1 - ls)) + npsig(-h) * (nplogsig(-h) - np.log(ls))
    if loss_type == "nca_pair": return -nplogsig(beta * a) - 0.5 * nplogsig(-beta * a) - 0.5 * nplogsig(-beta * b)
    if loss_type == "robust": return (-(1 - ls) * nplogsig(h) + ls * nplogsig(-h)) / (1 - 2 * ls)
    if loss_type == "bco_pair": return -nplogsig(beta * a) - nplogsig(-beta * b)
    if loss_type == "sppo_hard": return (a - 0.5 / beta) ** 2 + (b + 0.5 / beta) ** 2
    if loss_type == "apo_zero": return 1 - npsig(beta * a) + npsig(beta * b)
    if loss_type == "apo_down": return npsig(beta * a) + 1 - npsig(h)
    if loss_type == "discopop": return (1 - npsig(h / tau)) * -nplogsig(h) + npsig(h / tau) * np.exp(-h)
    if loss_type == "sigmoid_norm": return -nplogsig(beta * (a / lc - b / lr))
    if loss_type == "aot":
        d = np.sort(c - r) - np.sort(rc - rr)
        return -(1 - ls) * nplogsig(beta * d) - ls * nplogsig(-beta * d)
    if loss_type == "aot_unpaired":
        d = np.sort(a) - np.sort(b)
        return -(1 - ls) * nplogsig(beta * d) - ls * nplogsig(-beta * d)
    if loss_type == "sft": return np.full(len(c), -c.sum() / lc.sum())
    raise KeyError(loss_type)

def np_seq(prs):
    f = lambda k: np.array([math.fsum(p[k]) for p in prs])
    return (f("chosen_logprobs"), f("rejected_logprobs"), f("ref_chosen_logprobs"), f("ref_rejected_logprobs"),
            np.array([float(len(p["chosen_logprobs"])) for p in prs]), np.array([float(len(p["rejected_logprobs"])) for p in prs]))

def close(x, y, tol=1e-11, what=""):
    x, y = np.asarray(x, float), np.asarray(y, float)
    assert x.shape == y.shape and np.all(np.abs(x - y) <= tol * (1 + np.abs(y))), (what, x, y)

WHOLE_BATCH = {"aot", "aot_unpaired", "sft"}  # no loss by pair: sorts or pools over the batch

def case(prs, loss_type, beta, ls):
    out = {"loss_type": loss_type, "beta": beta, "label_smoothing": ls, "source": "TRL 1.16.0 DPOTrainer._compute_loss"}
    if loss_type in ("sigmoid_smoothed", "ipo_sum"):
        out["source"] = "TRL 0.21.0 DPOTrainer.dpo_loss"
        losses, loss, gc, gr = cdpo(prs, {"sigmoid_smoothed": "sigmoid", "ipo_sum": "ipo"}[loss_type], beta, ls)
    else:
        loss, tc, tr, _ = trl_loss(prs, loss_type, beta, ls)
        gc, gr = [t[0] for t in tc], [t[0] for t in tr]
        for t in tc + tr:
            close(t, [t[0]] * len(t), 1e-13, "same gradient on every token of a response")
        losses = None
        if loss_type not in WHOLE_BATCH:
            losses = [trl_loss([p], loss_type, beta, ls)[0] for p in prs]  # a batch of one pair = that pair's loss
            close(np.mean(losses), loss, what=loss_type)
    if losses is not None:
        out["losses"] = losses
    out.update(loss=loss, grad_chosen=gc, grad_rejected=gr)
    # checks in numpy
    seq = np_seq(prs)
    mine = np_losses(loss_type, beta, ls, *seq)
    close(mine.mean(), loss, what=loss_type)
    if losses is not None:
        close(mine, losses, what=loss_type)
    for which, g in ((0, gc), (1, gr)):
        for i in range(len(prs)):
            v = []
            for e in (1e-5, -1e-5):
                s = [x.copy() for x in seq]
                s[which][i] += e
                v.append(np_losses(loss_type, beta, ls, *s).mean())
            close((v[0] - v[1]) / 2e-5, g[i], 2e-6 if abs(seq[0][0]) < 100 else 1e-4, f"gradient {loss_type}")
    return out

cases = []
for beta in (0.1, 0.5):
    for lt in ("sigmoid", "hinge", "ipo", "ipo_sum", "nca_pair", "bco_pair", "sppo_hard", "apo_zero", "apo_down", "discopop", "sft", "sigmoid_norm"):
        cases.append(case(pairs, lt, beta, 0.0))
    for ls in (0.1, 0.3):
        for lt in ("sigmoid_smoothed", "robust", "exo_pair", "aot", "aot_unpaired"):
            cases.append(case(pairs, lt, beta, ls))
extreme_cases = [case(extreme, lt, 1.0, ls) for lt, ls in (("sigmoid", 0.0), ("hinge", 0.0), ("sigmoid_smoothed", 0.1), ("robust", 0.1), ("apo_zero", 0.0), ("apo_down", 0.0), ("bco_pair", 0.0))]

rewards = []
for beta in (0.1, 0.5):
    c, r, rc, rr, *_ = np_seq(pairs)
    cr, rj = beta * (c - rc), beta * (r - rr)
    m = trl_loss(pairs, "sigmoid", beta, 0.0)[3]
    close([m["rewards/chosen"], m["rewards/rejected"], m["rewards/margins"]], [cr.mean(), rj.mean(), (cr - rj).mean()], what="rewards")
    close(m["rewards/accuracies"], (cr > rj).mean(), 1e-6, "accuracy")  # TRL's is float32; the exact fraction is kept
    rewards.append({"beta": beta, "chosen_rewards": cr.tolist(), "rejected_rewards": rj.tolist(), "margins": (cr - rj).tolist(),
                    "mean_chosen_reward": m["rewards/chosen"], "mean_rejected_reward": m["rewards/rejected"],
                    "mean_margin": m["rewards/margins"], "accuracy": float((cr > rj).mean())})

# length-desensitised DPO: tokens past the shorter response's length count ld_alpha times (sum before the log-ratio)
ld = []
for al in (0.0, 0.5):
    loss, tc, tr, _ = trl_loss(pairs, "sigmoid", 0.1, 0.0, ld_alpha=al)
    w = lambda p, k: sum(v * (1 if t < min(len(p["chosen_logprobs"]), len(p["rejected_logprobs"])) else al) for t, v in enumerate(p[k]))
    h = np.array([w(p, "chosen_logprobs") - w(p, "ref_chosen_logprobs") - w(p, "rejected_logprobs") + w(p, "ref_rejected_logprobs") for p in pairs])
    close((-nplogsig(0.1 * h)).mean(), loss, what="ld")
    ld.append({"loss_type": "sigmoid", "beta": 0.1, "ld_alpha": al, "loss": loss, "token_grad_chosen": tc, "token_grad_rejected": tr})
fdiv = []
for fd in ("forward_kl", "js_divergence"):
    loss, tc, tr, _ = trl_loss(pairs, "sigmoid", 0.1, 0.0, f_div=fd)
    c, r, rc, rr, *_ = np_seq(pairs)
    f = (lambda u: 1 - np.exp(-u)) if fd == "forward_kl" else (lambda u: math.log(2) + nplogsig(u))
    close((-nplogsig(0.1 * (f(c - rc) - f(r - rr)))).mean(), loss, what=fd)
    fdiv.append({"loss_type": "sigmoid", "beta": 0.1, "f_divergence_type": fd, "loss": loss, "grad_chosen": [t[0] for t in tc], "grad_rejected": [t[0] for t in tr]})

def with_sums(prs):
    return [dict(p, **{k.replace("logprobs", "sum"): math.fsum(p[k]) for k in list(p)}) for p in prs]

doc = {"about": {"reference": f"trl {trl.__version__} (and trl 0.21.0 where source says so), torch {torch.__version__}, float64",
                 "loss": "mean over pairs of losses; grad_* is d loss / d (sum of that response's log-probabilities), so it holds 1/pairs; the gradient by token is the same number on each token",
                 "ipo": "ipo divides each response's log-ratio by its own token count (TRL 1.16); ipo_sum is the unnormalised form (TRL 0.21 code, which left averaging to the log-probs)",
                 "sigmoid_smoothed": "conservative DPO; TRL 1.16's sigmoid ignores label_smoothing",
                 "discopop_tau": 0.05, "rewards": "beta * (logp - ref_logp); accuracy: chosen_reward > rejected_reward, strictly"},
       "pairs": with_sums(pairs), "cases": cases, "rewards": rewards, "ld_dpo": ld, "f_divergence": fdiv,
       "extreme": {"pairs": with_sums(extreme), "cases": extreme_cases}}
dump(doc, os.path.join(HERE, "dpo.json"))
print("dpo.json:", len(cases), "cases; checks passed")
