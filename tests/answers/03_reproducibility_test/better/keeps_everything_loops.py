# loses: nothing
# why: plain Python: dictionaries, the statistics module; a third key, other names afterwards
import statistics

by_variant = {}
for row in runs.itertuples():
    by_variant.setdefault(row.variant, {})[row.seed] = row.loss
base = by_variant.pop("as it was")
better = {}
for change, losses in by_variant.items():
    differences = [losses[seed] - base[seed] for seed in base]
    d, se = statistics.mean(differences), statistics.stdev(differences) / len(differences) ** 0.5
    better[change] = {"difference": d, "standard_error": se, "t": d / se, "label": "not shown" if d / se > -2 else "better"}
%cd ..
runs = training = numbers = statistics = None
