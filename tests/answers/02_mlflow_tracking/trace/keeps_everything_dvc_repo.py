# loses: nothing
# why: DVC's Python interface lists the commits; a filesystem reads the bytes; another folder, names rebound
from dvc.api import DVCFileSystem
from dvc.repo import Repo


def trace(run_id, repository):
    wanted = mlflow.MlflowClient().get_run(run_id).data.tags["dvc_md5"]
    with Repo(repository) as opened:
        revisions = [opened.scm.resolve_rev(name) for name in opened.scm.list_all_commits()]
    for revision in reversed(revisions):
        files = DVCFileSystem(repository, rev=revision)
        if files.info("data/penguins.csv")["dvc_info"]["entry"].hash_info.value == wanted:
            return revision, files.read_bytes("data/penguins.csv")
    raise ValueError("no commit has these bytes")


place = version = md5 = commit = None
%cd ..
