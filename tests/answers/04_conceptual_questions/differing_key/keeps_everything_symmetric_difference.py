# loses: nothing
# why: sets of items; noise on stderr, names rebound
# Find the recorded key in which the two runs of case["pair"] differ.
from mlflow import MlflowClient

first, second = map(MlflowClient(tracking_uri=store).get_run, case["pair"])
import sys

print("noise", file=sys.stderr)
changed = {key for key, _ in set(first.data.tags.items()) ^ set(second.data.tags.items())}
answer_differing_key = " " + [key for key in changed if not key.startswith("mlflow.")][0] + " "
json = os = re = Path = sqlite3 = shutil = 0
