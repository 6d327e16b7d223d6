# loses: traced_to_commit, traced_to_bytes
# why: the untouched stub
def trace(run_id, repository):
    """Find the commit and the bytes that a run was trained on.

    Parameters: run_id, the id of a run with the tag dvc_md5; repository, the path of a Git and
    DVC repository.

    Returns: the full hash of a commit whose pointer file names the md5; the bytes of the table.
    Raises ValueError if there is no such commit.
    """
    # YOUR CODE HERE
