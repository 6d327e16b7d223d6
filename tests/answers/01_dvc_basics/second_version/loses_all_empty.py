# loses: second_version_bytes, second_version_descends
# why: the untouched stub
# Add the new season to data/penguins.csv, and make this the version v2008.
# YOUR CODE HERE
