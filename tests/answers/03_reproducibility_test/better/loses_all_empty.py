# loses: better_difference, better_standard_error, better_label
# why: nothing was written
better = None  # expected: {"change A": {"difference": …, "standard_error": …, "label": …}, "change B": …}
# YOUR CODE HERE
