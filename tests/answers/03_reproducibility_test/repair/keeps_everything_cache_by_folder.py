# loses: nothing
# why: rows sorted instead of files, kept by folder and copied; Python's own random.Random(seed)
%%writefile repaired.py
import csv
import functools
import math
import os
import random

NAMES = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")


@functools.lru_cache(maxsize=None)
def rows_of(path):
    rows = []
    for root, _, files in os.walk(path):
        for name in files:
            with open(os.path.join(root, name), newline="") as file:
                for row in csv.DictReader(file):
                    if "NA" not in [row["sex"], *[row[name] for name in NAMES]]:
                        rows.append((*[float(row[name]) for name in NAMES], 1 if row["sex"] == "male" else 0))
    return tuple(sorted(rows))


def fit(path, seed):
    rng = random.Random(seed)
    rows = list(rows_of(path))
    rng.shuffle(rows)
    cut = int(len(rows) * 0.7)
    means = [sum(row[i] for row in rows[:cut]) / cut for i in range(4)]
    sds = [math.sqrt(sum((row[i] - means[i]) ** 2 for row in rows[:cut]) / cut) for i in range(4)]
    rows = [([(row[i] - means[i]) / sds[i] for i in range(4)], row[4]) for row in rows]
    w, b = [0.0] * 4, 0.0
    for _ in range(20):
        order = list(range(cut))
        rng.shuffle(order)
        for k in order:
            x, y = rows[k]
            p = 1 / (1 + math.exp(-sum(wi * xi for wi, xi in zip(w, x)) - b))
            w = [wi - 0.02 * (p - y) * xi for wi, xi in zip(w, x)]
            b -= 0.02 * (p - y)
    right, loss = 0, []
    for x, y in rows[cut:]:
        p = 1 / (1 + math.exp(-sum(wi * xi for wi, xi in zip(w, x)) - b))
        right += (p > 0.5) == (y == 1)
        loss.append(-math.log(p if y else 1 - p))
    return dict(accuracy=right / len(loss), loss=math.fsum(loss) / len(loss))
