# loses: children_counted
# why: the runs instead of their number
best_epoch = None
children = None
client = mlflow.MlflowClient()
history = client.get_metric_history(long_run, "validation_loss")
best_epoch = min(history, key=lambda point: point.value).step
experiment_id = client.get_run(search_run).info.experiment_id
children = client.search_runs([experiment_id], f"tags.mlflow.parentRunId = '{search_run}'")
