# loses: best_run_ignores_traps
# why: math.isfinite calls the stored infinity finite
import math


def best_run(experiment):
    runs = mlflow.search_runs(experiment_names=[experiment], output_format="list")
    usable = [run for run in runs if run.info.status == "FINISHED" and math.isfinite(run.data.metrics.get("validation_loss", math.nan))]
    return min(usable, key=lambda run: run.data.metrics["validation_loss"]).info.run_id
