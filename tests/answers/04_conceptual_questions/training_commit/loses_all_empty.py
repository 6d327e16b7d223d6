# loses: training_commit_found
# why: the untouched stub
# Find the first commit whose pointer names the data of the run case["run"].
answer_training_commit = ""  # a commit's hash, or a tag
# YOUR CODE HERE
