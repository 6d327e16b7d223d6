# loses: nothing
# why: DVC's Python API and pandas, a relative remote, pushed version by version
import os, subprocess
import pandas as pd
from dvc.repo import Repo

def git(*args):
    subprocess.run(["git", *args], check=True)
git("init", "-q")
repo = Repo.init(".")
with repo.config.edit("repo") as conf:
    conf["remote"]["up"] = {"url": "../storage"}
    conf["core"]["remote"] = "up"
repo.close()
os.makedirs("data", exist_ok=True)
parts = []
for year in (2007, 2008):
    parts.append(pd.read_csv(f"../incoming/penguins_{year}.csv"))
    pd.concat(parts).to_csv("data/penguins.csv", index=False)
    with Repo(".") as repo:
        repo.add("data/penguins.csv")
        git("add", "-A")
        git("commit", "-qm", str(year))
        git("tag", f"v{year}")
        repo.push()
git("checkout", "-q", "v2007")
with Repo(".") as repo:
    repo.checkout(force=True)
