# loses: best_run_by_validation_loss
# why: the newest usable run
def best_run(experiment):
    runs = mlflow.search_runs(experiment_names=[experiment], output_format="list")
    usable = [run for run in runs if run.info.status == "FINISHED" and run.data.metrics.get("validation_loss", float("nan")) < 1e308]
    if not usable:
        raise ValueError("none")
    return usable[0].info.run_id
