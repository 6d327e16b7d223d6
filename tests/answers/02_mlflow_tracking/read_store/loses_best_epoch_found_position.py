# loses: best_epoch_found
# why: the position in the list, which is in no order
best_epoch = None
children = None
client = mlflow.MlflowClient()
history = client.get_metric_history(long_run, "validation_loss")
losses = [point.value for point in history]
best_epoch = losses.index(min(losses))
experiment_id = client.get_run(search_run).info.experiment_id
children = len(client.search_runs([experiment_id], f"tags.mlflow.parentRunId = '{search_run}'"))
