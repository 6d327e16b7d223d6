# loses: differing_key_found
# why: the untouched stub
# Find the recorded key in which the two runs of case["pair"] differ.
answer_differing_key = ""  # the name of a key
# YOUR CODE HERE
