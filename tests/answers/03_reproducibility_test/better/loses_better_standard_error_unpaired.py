# loses: better_standard_error
# why: the standard error of two independent means: nothing is shown, and the labels say so
table = runs.pivot(index="seed", columns="variant", values="loss")
better = {}
for change in ("change A", "change B"):
    differences = table[change] - table["as it was"]
    difference = differences.mean()
    standard_error = (table[change].var() / 15 + table["as it was"].var() / 15) ** 0.5
    label = "better" if difference < -2 * standard_error else "not shown"
    better[change] = {"difference": difference, "standard_error": standard_error, "label": label}
