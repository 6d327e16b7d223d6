# loses: best_run_by_validation_loss, best_run_ignores_traps
# why: the loss instead of the run's id: no run at all
def best_run(experiment):
    runs = mlflow.search_runs(experiment_names=[experiment], output_format="list")
    usable = [run for run in runs if run.info.status == "FINISHED" and run.data.metrics.get("validation_loss", float("nan")) < 1e308]
    return min(run.data.metrics["validation_loss"] for run in usable)
