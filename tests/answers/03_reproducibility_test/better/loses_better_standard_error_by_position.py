# loses: better_standard_error
# why: paired by the position in the table, which is in no order
better = {}
before = runs[runs["variant"] == "as it was"]["loss"].to_numpy()
for change in ("change A", "change B"):
    differences = runs[runs["variant"] == change]["loss"].to_numpy() - before
    difference, standard_error = differences.mean(), differences.std(ddof=1) / 15**0.5
    label = "better" if difference < -2 * standard_error else "not shown"
    better[change] = {"difference": difference, "standard_error": standard_error, "label": label}
