"""Writes what scipy says about intervals and p values.

    python3 -m venv venv && venv/bin/pip install scipy==1.17.1
    venv/bin/python make_significance.py

It makes significance.json: samples of paired differences, the BCa interval of
their mean and the two-sided p of the permutation test.
"""

import json

import numpy as np
from scipy import stats

rng = np.random.default_rng(1)
samples = {
    "normal": rng.normal(0.1, 1, 200),
    "skewed": rng.exponential(1, 80) ** 2 - 1.5,
    "ties": rng.choice([-0.5, 0, 0, 0, 0.5, 1], 150),
    "few": rng.normal(0.4, 1, 12),
    "none": rng.normal(0, 1, 100),
    "proportion": (rng.random(300) < 0.9) * 1.0 - (rng.random(300) < 0.85),
}
out = []
for name, d in samples.items():
    d = np.round(d, 6)
    interval = stats.bootstrap((d,), np.mean, n_resamples=100_000, batch=2000,
                               method="BCa", vectorized=True, rng=rng).confidence_interval
    percentile = stats.bootstrap((d,), np.mean, n_resamples=100_000, batch=2000,
                                 method="percentile", vectorized=True, rng=rng).confidence_interval
    p = stats.permutation_test((d, np.zeros(len(d))), lambda x, y, axis: np.mean(x - y, axis=axis),
                               permutation_type="samples", vectorized=True,
                               n_resamples=100_000, batch=2000, rng=rng).pvalue
    out.append({"name": name, "differences": d.tolist(), "mean": float(d.mean()),
                "bca": [float(interval.low), float(interval.high)],
                "percentile": [float(percentile.low), float(percentile.high)], "p": float(p)})
# Quantiles of Student's t.
quantiles = [[n, q, float(stats.t.ppf(q, n))] for n in (1, 2, 3, 4, 7, 20, 99) for q in (0.9, 0.975, 0.995)]
with open("significance.json", "w") as f:
    json.dump({"samples": out, "t": quantiles}, f)
    f.write("\n")
