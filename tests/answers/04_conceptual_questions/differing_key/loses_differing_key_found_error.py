# loses: differing_key_found
# why: an exception before the answer is there
# Find the recorded key in which the two runs of case["pair"] differ.
from mlflow import MlflowClient

first, second = map(MlflowClient(tracking_uri=store).get_run, case["pair"])
answer_differing_key = first.data.tags - second.data.tags
