# loses: best_run_ignores_traps
# why: no run qualifies: returns None instead of raising
def best_run(experiment):
    runs = mlflow.search_runs(experiment_names=[experiment], output_format="list")
    usable = [run for run in runs if run.info.status == "FINISHED" and run.data.metrics.get("validation_loss", float("nan")) < 1e308]
    if not usable:
        return None
    return min(usable, key=lambda run: run.data.metrics["validation_loss"]).info.run_id
