# loses: lost_version_found
# why: the untouched stub
# Find the tag whose data cannot be restored from the remote.
answer_lost_version = ""  # a tag
# YOUR CODE HERE
