# loses: differing_key_found
# why: the value that differs instead of its key
# Find the recorded key in which the two runs of case["pair"] differ.
from mlflow import MlflowClient

first, second = map(MlflowClient(tracking_uri=store).get_run, case["pair"])
for key, value in first.data.tags.items():
    if not key.startswith("mlflow.") and value != second.data.tags[key]:
        answer_differing_key = value
