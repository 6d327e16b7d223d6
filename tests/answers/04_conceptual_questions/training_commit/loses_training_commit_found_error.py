# loses: training_commit_found
# why: an exception before the answer is there
# Find the first commit whose pointer names the data of the run case["run"].
answer_training_commit = ""
answer_training_commit = runs[case["run"]].dvc_md5
