# loses: differing_key_found
# why: guesses a key that is equal in both: the seed
# Find the recorded key in which the two runs of case["pair"] differ.
answer_differing_key = "seed"
