# loses: predict_with_logged_model, predict_with_given_run
# why: the untouched stub
def predict_with(run_id, data):
    """Predict with the model that a run has logged.

    Parameters: run_id, the id of a run with a model named "model"; data, a DataFrame with the
    columns in FEATURES.

    Returns: one prediction for each row, in the order of the rows.
    """
    # YOUR CODE HERE
