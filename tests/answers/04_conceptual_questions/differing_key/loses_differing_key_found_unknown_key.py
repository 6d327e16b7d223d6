# loses: differing_key_found
# why: a key that neither run has recorded
# Find the recorded key in which the two runs of case["pair"] differ.
answer_differing_key = "hardware"
