# loses: nothing
# why: no ! lines, another branch name, rebinds names, writes a warning to stderr, leaves the folder
import shutil, subprocess, sys, warnings
from pathlib import Path as P

warnings.warn("this goes to stderr")
print("and this", file=sys.stderr)
here = P.cwd()
def git(*args):
    return subprocess.run(["git", *args], check=True)
git("init", "-b", "trunk")
subprocess.run([sys.executable, "-m", "dvc", "init"], check=True)
(here / "data").mkdir()
shutil.move(str(here.parent / "incoming" / "penguins_2007.csv"), here / "data" / "penguins.csv")
subprocess.run([sys.executable, "-m", "dvc", "add", "data/penguins.csv"], check=True)
git("add", "--all")
git("commit", "-qm", "season 2007")
git("tag", "v2007")
import os
os.chdir(here.parent.parent)
os = json = pd = Path = random = subprocess = "rebound"
