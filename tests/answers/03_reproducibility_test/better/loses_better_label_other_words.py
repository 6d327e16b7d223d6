# loses: better_label
# why: True and False instead of the two labels
table = runs.pivot(index="seed", columns="variant", values="loss")
better = {}
for change in ("change A", "change B"):
    differences = table[change] - table["as it was"]
    difference, standard_error = differences.mean(), differences.std() / len(differences) ** 0.5
    label = bool(difference < -2 * standard_error)
    better[change] = {"difference": difference, "standard_error": standard_error, "label": label}
