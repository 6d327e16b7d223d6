# loses: training_commit_found
# why: believes the commit message that mentions the run
# Find the first commit whose pointer names the data of the run case["run"].
hashes = !git log --format=%H --fixed-strings --grep="{case['run']}"
answer_training_commit = hashes[0]
