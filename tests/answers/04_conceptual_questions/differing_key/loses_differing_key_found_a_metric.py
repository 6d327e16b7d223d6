# loses: differing_key_found
# why: names the result that differs instead of its cause
# Find the recorded key in which the two runs of case["pair"] differ.
from mlflow import MlflowClient

first, second = map(MlflowClient(tracking_uri=store).get_run, case["pair"])
answer_differing_key = next(key for key in first.data.metrics if first.data.metrics[key] != second.data.metrics[key])
