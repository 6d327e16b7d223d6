# loses: best_epoch_found, children_counted
# why: nothing was written
best_epoch = None
children = None
# YOUR CODE HERE
