# loses: second_version_rows, first_version_kept
# why: the untouched stub
# Add the new season to data/penguins.csv, and make this the version v2008.
# YOUR CODE HERE
