# loses: predict_with_given_run
# why: the newest run of the experiment
def predict_with(run_id, data):
    newest = mlflow.search_runs(order_by=["attributes.start_time DESC"], output_format="list")[0]
    return mlflow.sklearn.load_model(f"runs:/{newest.info.run_id}/model").predict(data)
