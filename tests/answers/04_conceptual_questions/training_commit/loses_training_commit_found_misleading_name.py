# loses: training_commit_found
# why: believes the tag in the run's name
# Find the first commit whose pointer names the data of the run case["run"].
answer_training_commit = case["run"].split()[-1]
