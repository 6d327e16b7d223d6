# loses: traced_to_bytes
# why: the bytes of the newest commit
import subprocess


def trace(run_id, repository):
    md5 = mlflow.get_run(run_id).data.tags["dvc_md5"]
    listed = subprocess.run(["git", "log", "--all", "--format=%H"], cwd=repository, capture_output=True, text=True)
    for commit in listed.stdout.split():
        pointer = yaml.safe_load(dvc.api.read("data/penguins.csv.dvc", repo=repository, rev=commit))
        if pointer["outs"][0]["md5"] == md5:
            return commit, dvc.api.read("data/penguins.csv", repo=repository, rev="HEAD", mode="rb")
    raise ValueError(md5)
