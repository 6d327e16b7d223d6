# loses: spread_over_all_seeds, spread_deviation
# why: nothing was written
spread = None  # expected: {"mean": …, "sd": …, "n": …}
# YOUR CODE HERE
