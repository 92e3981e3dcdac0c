"""Writes correlation.json, which correlation_test.go compares with.

Needs numpy and scipy (the versions in the file made it). Run it in this folder.
"""
import json

import numpy
import scipy
from scipy.stats import kendalltau, pearsonr, spearmanr

draw = numpy.random.default_rng(1)
cases = []
for n, levels in [(2, 0), (3, 0), (8, 0), (8, 3), (8, 2), (40, 5), (40, 0)]:
    x = draw.normal(size=n)
    y = 0.5 * x + draw.normal(size=n)
    if levels:  # ties in both
        x, y = numpy.round(x * levels / 2), numpy.round(y * levels / 2)
    cases.append({"x": x.tolist(), "y": y.tolist(), "pearson": pearsonr(x, y).statistic,
                  "spearman": spearmanr(x, y).statistic, "kendall": kendalltau(x, y, variant="b").statistic})
with open("correlation.json", "w") as f:
    json.dump({"scipy": scipy.__version__, "cases": cases}, f)
