# loses: best_run_ignores_traps
# why: nan goes through min: every comparison with it is false
import math


def best_run(experiment):
    runs = mlflow.search_runs(experiment_names=[experiment], output_format="list")
    losses = {r.info.run_id: r.data.metrics["validation_loss"] for r in runs if r.info.status == "FINISHED" and "validation_loss" in r.data.metrics}
    return min(losses, key=losses.get)
