# loses: own_chain
# why: the untouched stub
# Both versions, tracked, tagged and pushed; then back to v2007.
# YOUR CODE HERE
