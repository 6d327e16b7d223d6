# loses: requirements_pinned, requirements_complete
# why: nothing was written
# Write requirements.txt into the working directory, which is this notebook's folder.
# YOUR CODE HERE
