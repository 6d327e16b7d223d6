# loses: better_label
# why: the larger difference is called the better change
table = runs.pivot(index="seed", columns="variant", values="loss")
better = {}
for change in ("change A", "change B"):
    differences = table[change] - table["as it was"]
    difference, standard_error = differences.mean(), differences.std() / len(differences) ** 0.5
    label = "better" if difference < -2 * standard_error else "not shown"
    better[change] = {"difference": difference, "standard_error": standard_error, "label": label}
a, b = better["change A"], better["change B"]
a["label"] = "better" if a["difference"] < b["difference"] else "not shown"
b["label"] = "better" if b["difference"] < a["difference"] else "not shown"
