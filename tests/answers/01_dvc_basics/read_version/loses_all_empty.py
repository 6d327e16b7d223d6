# loses: read_version_any_revision, read_version_leaves_no_trace
# why: the untouched stub
def read_version(repository, revision):
    """Read data/penguins.csv of a revision, without changing anything."""
    # YOUR CODE HERE
