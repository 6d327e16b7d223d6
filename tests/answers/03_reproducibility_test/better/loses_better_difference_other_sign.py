# loses: better_difference
# why: as it was minus change: the sign is the other one, the labels are right
table = runs.pivot(index="seed", columns="variant", values="loss")
better = {}
for change in ("change A", "change B"):
    differences = table[change] - table["as it was"]
    difference, standard_error = differences.mean(), differences.std() / len(differences) ** 0.5
    label = "better" if difference < -2 * standard_error else "not shown"
    better[change] = {"difference": -difference, "standard_error": standard_error, "label": label}
