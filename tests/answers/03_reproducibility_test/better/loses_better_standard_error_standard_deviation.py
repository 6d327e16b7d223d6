# loses: better_standard_error
# why: the standard deviation of the differences, not divided by the root of 15
table = runs.pivot(index="seed", columns="variant", values="loss")
better = {}
for change in ("change A", "change B"):
    differences = table[change] - table["as it was"]
    difference, standard_error = differences.mean(), differences.std()
    label = "better" if difference < -2 * standard_error else "not shown"
    better[change] = {"difference": difference, "standard_error": standard_error, "label": label}
