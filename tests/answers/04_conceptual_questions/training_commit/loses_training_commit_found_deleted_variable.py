# loses: training_commit_found
# why: another variable name, the asked one is gone
# Find the first commit whose pointer names the data of the run case["run"].
del_me = "v2007.1"
globals().pop("answer_training_commit", None)
commit = del_me
