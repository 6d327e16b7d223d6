# loses: differing_key_found
# why: the first tag that differs is one that MLflow writes: the name
# Find the recorded key in which the two runs of case["pair"] differ.
from mlflow import MlflowClient

first, second = map(MlflowClient(tracking_uri=store).get_run, case["pair"])
for key in first.data.tags:
    if key.startswith("mlflow.") and first.data.tags[key] != second.data.tags[key]:
        answer_differing_key = key
