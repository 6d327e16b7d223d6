# loses: best_run_ignores_traps
# why: searches all experiments of the store
def best_run(experiment):
    runs = mlflow.search_runs(search_all_experiments=True, output_format="list")
    usable = [run for run in runs if run.info.status == "FINISHED" and run.data.metrics.get("validation_loss", float("nan")) < 1e308]
    return min(usable, key=lambda run: run.data.metrics["validation_loss"]).info.run_id
