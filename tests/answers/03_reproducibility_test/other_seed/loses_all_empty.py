# loses: same_and_other_seed
# why: nothing was written
loss_first = None
loss_other = None
# YOUR CODE HERE
