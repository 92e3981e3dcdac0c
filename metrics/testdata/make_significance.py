"""Writes what scipy and numpy say about crossed means and shares.

    python3 -m venv venv && venv/bin/pip install scipy==1.17.1
    venv/bin/python make_significance.py

It makes significance.json: differences by seed and example with the interval and
p of their mean, both random (Cochran and Cox 1950); quantiles of Student's t;
Wilson's intervals of independent draws.
"""

import json

import numpy as np
from scipy import optimize, stats

rng = np.random.default_rng(1)


def draw(seeds, examples, by_seed, by_example, noise, effect):
    d = effect + by_seed * rng.normal(size=(seeds, 1)) + by_example * rng.normal(size=(1, examples))
    return np.round(d + noise * rng.normal(size=(seeds, examples)), 6)


samples = {
    "three seeds": draw(3, 40, 0.02, 0.1, 0.18, 0.05),
    "five seeds that disagree": draw(5, 50, 0.3, 0.1, 0.18, 0.5),
    "ten seeds, a large effect": draw(10, 30, 0.01, 0.1, 0.18, 0.2),
    "no spread over examples": draw(4, 60, 0.01, 0, 0.2, 0.01),
    "one seed": draw(1, 40, 0, 1, 0, 0.3),
    "two seeds": draw(2, 40, 1, 1, 1, 0.3),
}
out = []
for name, d in samples.items():
    s, n = d.shape
    mean = d.mean()
    if s < 3:
        interval = stats.ttest_1samp(d.mean(0), 0).confidence_interval(0.95)
        out.append({"name": name, "scores": d.tolist(), "mean": mean, "interval": [interval.low, interval.high]})
        continue
    # The mean squares of a two-way layout without replication.
    ms_seed = n * ((d.mean(1) - mean) ** 2).sum() / (s - 1)
    ms_example = s * ((d.mean(0) - mean) ** 2).sum() / (n - 1)
    ms_rest = ((d - d.mean(1)[:, None] - d.mean(0)[None] + mean) ** 2).sum() / ((s - 1) * (n - 1))
    parts = np.array([ms_seed, max(ms_example - ms_rest, 0)]) / (n * s)
    error = np.sqrt(parts.sum())

    def critical(alpha):
        return (parts * stats.t.isf(alpha / 2, [s - 1, n - 1])).sum() / parts.sum()

    width = error * critical(0.05)
    p = np.exp(optimize.brentq(lambda x: critical(np.exp(x)) - abs(mean) / error, -27, 0))
    out.append({"name": name, "scores": d.tolist(), "mean": mean, "interval": [mean - width, mean + width], "p": p})
quantiles = [[n, a, float(stats.t.isf(a / 2, n))] for n in (1, 2, 3, 4, 9, 99, 999) for a in (0.2, 0.05, 0.001, 1e-9)]
shares = []
for k, n in ((0, 20), (1, 40), (950, 1000), (30, 30)):
    i = stats.binomtest(k, n).proportion_ci(0.95, "wilson")
    shares.append([k, n, i.low, i.high])
with open("significance.json", "w") as f:
    json.dump({"samples": out, "t": quantiles, "wilson": shares}, f)
    f.write("\n")
