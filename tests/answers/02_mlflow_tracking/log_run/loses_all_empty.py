# loses: run_parameters_and_metrics, epoch_history, data_version_logged, model_logged
# why: the untouched stub
def log_run(repository, revision, learning_rate, seed):
    """Train on the data of one revision and log one complete MLflow run.

    Parameters: repository, the path of a Git and DVC repository; revision, a tag, branch or
    hash; learning_rate; seed, for the split.

    Returns: the run id.

    Logs: params learning_rate, seed; metrics accuracy, loss (held-out rows), epoch_loss (with
    steps); tag dvc_md5 (from the pointer file at the revision); model "model" with a signature.
    """
    # YOUR CODE HERE
