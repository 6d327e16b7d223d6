# loses: nothing
# why: pyfunc, returned as a list
def predict_with(run_id, data):
    guarded = mlflow.pyfunc.load_model("runs:/" + run_id + "/model")
    return list(guarded.predict(data))
