# loses: version_restored
# why: the untouched stub
# Make the working file data/penguins.csv the one of v2007 again.
# YOUR CODE HERE
