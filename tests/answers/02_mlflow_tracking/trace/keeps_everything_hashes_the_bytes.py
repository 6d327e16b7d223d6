# loses: nothing
# why: reads the table of every commit and hashes it, whatever the pointer says
import hashlib
import subprocess


def trace(run_id, repository):
    md5 = mlflow.get_run(run_id).data.tags["dvc_md5"]
    for commit in subprocess.check_output(["git", "-C", repository, "rev-list", "--all"], text=True).split():
        content = dvc.api.read("data/penguins.csv", repo=repository, rev=commit, mode="rb")
        if hashlib.md5(content).hexdigest() == md5:
            return commit, content
    raise ValueError("not found")
