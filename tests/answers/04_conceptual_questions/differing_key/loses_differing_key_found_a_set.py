# loses: differing_key_found
# why: a set of keys instead of one string
# Find the recorded key in which the two runs of case["pair"] differ.
from mlflow import MlflowClient

first, second = map(MlflowClient(tracking_uri=store).get_run, case["pair"])
answer_differing_key = {key for key in first.data.tags if first.data.tags[key] != second.data.tags.get(key)}
