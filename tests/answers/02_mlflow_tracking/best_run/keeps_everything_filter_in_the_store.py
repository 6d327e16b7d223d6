# loses: nothing
# why: MlflowClient, one filter, one order
from mlflow import MlflowClient


def best_run(experiment):
    client = MlflowClient()
    found = client.search_runs(
        [client.get_experiment_by_name(experiment).experiment_id],
        "attributes.status = 'FINISHED' AND metrics.validation_loss < 1e300",
        order_by=["metrics.validation_loss ASC"],
        max_results=1,
    )
    if len(found) == 0:
        raise ValueError(f"nothing usable in {experiment}")
    return found[0].info.run_id
