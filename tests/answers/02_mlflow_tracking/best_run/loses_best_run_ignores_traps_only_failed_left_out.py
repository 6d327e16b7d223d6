# loses: best_run_ignores_traps
# why: leaves out FAILED, but a RUNNING or KILLED run has not finished either
def best_run(experiment):
    runs = mlflow.search_runs(experiment_names=[experiment], output_format="list")
    losses = {r.info.run_id: r.data.metrics["validation_loss"] for r in runs if r.info.status != "FAILED" and r.data.metrics.get("validation_loss", float("nan")) < 1e308}
    return min(losses, key=losses.get)
