# loses: best_on_version_found
# why: the untouched stub
# Find the run with the lowest loss on the data of the tag case["tag"].
answer_best_on_version = ""  # a run id
# YOUR CODE HERE
