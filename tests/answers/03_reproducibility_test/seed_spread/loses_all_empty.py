# loses: spread_over_all_seeds, spread_deviation
# why: nothing was written
# spread = {"mean": …, "sd": …, "n": …}
# YOUR CODE HERE
