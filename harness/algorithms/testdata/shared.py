# What the scripts beside this one that make golden values have in common.
import json


def generator(seed):
    """draws of fixed numbers with four decimals"""
    state = seed

    def rnd(lo, hi):
        nonlocal state
        state = (state * 1664525 + 1013904223) % 2**32
        return round(lo + (hi - lo) * state / 2**32, 4)

    return rnd


def dump(doc, path):
    """one line for each key, and for each item of a list of objects"""
    s = lambda v: json.dumps(v, allow_nan=False)
    with open(path, "w") as f:
        f.write("{\n" + ",\n".join(s(k) + ": " + ("[\n " + ",\n ".join(map(s, v)) + "\n]" if isinstance(v, list) and v and isinstance(v[0], dict) else s(v))
                                     for k, v in doc.items()) + "\n}\n")
