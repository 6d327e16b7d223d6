# loses: children_counted
# why: all child runs, of both searches
best_epoch = None
children = None
client = mlflow.MlflowClient()
history = client.get_metric_history(long_run, "validation_loss")
best_epoch = min(history, key=lambda point: point.value).step
experiment_id = client.get_run(search_run).info.experiment_id
children = len(client.search_runs([experiment_id], "tags.mlflow.parentRunId LIKE '%'"))
