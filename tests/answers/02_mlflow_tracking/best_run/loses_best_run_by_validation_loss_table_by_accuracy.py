# loses: best_run_by_validation_loss, best_run_ignores_traps
# why: the highest accuracy of everything that is there: loss, status and nan are never looked at
def best_run(experiment):
    table = mlflow.search_runs(experiment_names=[experiment], order_by=["metrics.accuracy DESC"])
    if table.empty:
        raise ValueError("no runs")
    return table.run_id[0]
