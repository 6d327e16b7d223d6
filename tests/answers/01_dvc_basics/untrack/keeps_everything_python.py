# loses: nothing
# why: DVC's Python interface and subprocess, the folder tracked as one
import subprocess
from dvc.repo import Repo

for command in ("rm -q -r --cached data", "commit -q -m out"):
    subprocess.run(["git", *command.split()], check=True)
with Repo(".") as repo:
    repo.add("data")
for command in ("add .", "commit -q -m dvc", "tag v2007-dvc"):
    subprocess.run(["git", *command.split()], check=True)
