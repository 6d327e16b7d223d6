# loses: better_difference
# why: the difference rounded to three digits
table = runs.pivot(index="seed", columns="variant", values="loss")
better = {}
for change in ("change A", "change B"):
    differences = table[change] - table["as it was"]
    difference, standard_error = differences.mean(), differences.std() / len(differences) ** 0.5
    label = "better" if difference < -2 * standard_error else "not shown"
    better[change] = {"difference": round(difference, 3), "standard_error": standard_error, "label": label}
