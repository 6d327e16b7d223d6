# loses: best_run_by_loss, best_run_ignores_traps
# why: the untouched stub
def best_run(experiment):
    """Find the finished run with the lowest finite loss.

    Parameters: experiment, the name of an experiment in the current store.

    Returns: the run id. Raises ValueError if no run qualifies.
    """
    # YOUR CODE HERE
