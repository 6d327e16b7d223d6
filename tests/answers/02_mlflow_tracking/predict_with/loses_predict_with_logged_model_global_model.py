# loses: predict_with_logged_model, predict_with_given_run
# why: the variable model of the notebook, whatever run is asked for
def predict_with(run_id, data):
    return model.predict(data)
