# loses: best_run_ignores_traps
# why: a run without loss stops it with a KeyError
def best_run(experiment):
    runs = mlflow.search_runs(experiment_names=[experiment], output_format="list")
    usable = [run for run in runs if run.info.status == "FINISHED" and run.data.metrics["validation_loss"] < 1e308]
    return min(usable, key=lambda run: run.data.metrics["validation_loss"]).info.run_id
