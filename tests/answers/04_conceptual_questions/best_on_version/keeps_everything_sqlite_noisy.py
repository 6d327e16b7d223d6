# loses: nothing
# why: reads the store with sqlite3, warns on stderr, goes elsewhere, leaves an MLflow run open in a store of its own, rebinds names
# Find the run with the lowest loss on the data of the tag case["tag"].
import os
import sqlite3
import subprocess
import sys
import warnings

import mlflow
import yaml

answer_best_on_version = ""
pointer = subprocess.check_output(["git", "-C", str(repository), "show", case["tag"] + ":data/penguins.csv.dvc"])
warnings.warn("noise")
print("noise", file=sys.stderr)
db = sqlite3.connect(evidence / "mlflow.db")
answer_best_on_version = db.execute(
    """select r.run_uuid from runs r join tags t on t.run_uuid = r.run_uuid and t.key = 'dvc_md5'
    join latest_metrics m on m.run_uuid = r.run_uuid and m.key = 'loss'
    where r.status = 'FINISHED' and t.value = ? and m.is_nan = 0 order by m.value limit 1""",
    [yaml.safe_load(pointer)["outs"][0]["md5"]],
).fetchone()[0].upper()
mlflow.set_tracking_uri("sqlite:///" + str(evidence / "mine.db"))
mlflow.start_run()
%cd {os.path.expanduser("~")}
os = sqlite3 = subprocess = tempfile = re = json = Path = None
