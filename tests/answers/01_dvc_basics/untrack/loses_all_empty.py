# loses: scm_repaired
# why: the untouched stub
# Take data/penguins.csv out of Git's hands, give it to DVC, commit, and name the commit v2007-dvc.
# YOUR CODE HERE
