# loses: best_run_by_validation_loss, best_run_ignores_traps
# why: the untouched stub
def best_run(experiment):
    """Find the finished run with the lowest finite validation loss.

    Parameters: experiment, the name of an experiment in the current store.

    Returns: the run id. Raises ValueError if no run qualifies.
    """
    # YOUR CODE HERE
