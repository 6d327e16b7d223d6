# loses: nothing
# why: min of an empty list raises the ValueError itself; the last of a tie
from math import inf, isfinite


def best_run(experiment):
    id = mlflow.get_experiment_by_name(experiment).experiment_id
    pairs = []
    for run in mlflow.MlflowClient().search_runs(experiment_ids=[id], max_results=500):
        if run.info.status in ("FINISHED",) and "validation_loss" in run.data.metrics:
            loss = run.data.metrics["validation_loss"]
            if isfinite(loss) and loss < 1.7e308:
                pairs.append((loss, run.info.start_time, run.info.run_id))
    return min(pairs, key=lambda p: (p[0], -p[1]))[2]
