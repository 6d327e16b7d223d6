# loses: best_run_by_validation_loss
# why: the run object instead of its id
def best_run(experiment):
    runs = mlflow.search_runs(experiment_names=[experiment], output_format="list")
    usable = [run for run in runs if run.info.status == "FINISHED" and run.data.metrics.get("validation_loss", float("nan")) < 1e308]
    return min(usable, key=lambda run: run.data.metrics["validation_loss"])
