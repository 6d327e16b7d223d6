# loses: better_label
# why: whatever has the lower mean is called better
table = runs.pivot(index="seed", columns="variant", values="loss")
better = {}
for change in ("change A", "change B"):
    differences = table[change] - table["as it was"]
    difference, standard_error = differences.mean(), differences.std() / len(differences) ** 0.5
    label = "better" if difference < 0 else "not shown"
    better[change] = {"difference": difference, "standard_error": standard_error, "label": label}
