# loses: changing_md5_found
# why: the untouched stub
# Find the changes after which the pointer names another md5.
answer_changing_md5 = ""  # letters
# YOUR CODE HERE
