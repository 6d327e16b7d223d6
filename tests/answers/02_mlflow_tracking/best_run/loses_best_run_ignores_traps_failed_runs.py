# loses: best_run_ignores_traps
# why: does not look at the status
def best_run(experiment):
    runs = mlflow.search_runs(experiment_names=[experiment], output_format="list")
    losses = {r.info.run_id: r.data.metrics["validation_loss"] for r in runs if r.data.metrics.get("validation_loss", float("nan")) < 1e308}
    return min(losses, key=losses.get)
