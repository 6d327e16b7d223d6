# loses: nothing
# why: git show and a regular expression; a list; a warning
import re
import subprocess
import warnings


def trace(run_id, repository):
    md5 = mlflow.get_run(run_id).data.tags["dvc_md5"]
    listed = subprocess.run(["git", "log", "--all", "--format=%H"], cwd=repository, capture_output=True, text=True)
    for commit in listed.stdout.split():
        warnings.warn("looking")
        shown = subprocess.run(["git", "show", f"{commit}:data/penguins.csv.dvc"], cwd=repository, capture_output=True, text=True)
        if re.search(rf"md5: {md5}\b", shown.stdout):
            return [commit, dvc.api.read("data/penguins.csv", repo=repository, rev=commit, mode="rb")]
    raise ValueError(md5)
