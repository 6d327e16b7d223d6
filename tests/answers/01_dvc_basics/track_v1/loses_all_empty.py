# loses: dataset_tracked, csv_not_in_git
# why: the untouched stub
# Make the repository, bring in the data, track it, commit, and name the commit v2007.
# YOUR CODE HERE
