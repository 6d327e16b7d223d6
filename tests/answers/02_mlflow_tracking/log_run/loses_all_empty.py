# loses: run_parameters, run_metrics, epoch_history, data_version_logged, code_version_logged, model_logged
# why: the untouched stub
def log_run(repository, revision, learning_rate, seed):
    """Train on the data of one revision and log one complete MLflow run.

    Parameters: repository, the path of a Git and DVC repository; revision, a tag, branch or
    hash; learning_rate; seed, for the split.

    Returns: the run id.

    Logs: params learning_rate, seed; metrics validation_loss, loss, accuracy, epoch_loss (with
    steps); tags dvc_md5 and git_commit (both of the revision); model "model" with a signature.
    """
    # YOUR CODE HERE
