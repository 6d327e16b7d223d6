# loses: nothing
# why: the cache copied by Python, the setting on a branch, HEAD left at the old tag
import shutil, subprocess
from pathlib import Path

repo = Path.cwd()
!git checkout -q -b sharing
shutil.copytree(repo / ".dvc" / "cache" / "files", repo.parent / "the remote" / "files")
subprocess.run(["dvc", "remote", "add", "--default", "disk", str(repo.parent / "the remote")], check=True)
subprocess.run(["git", "commit", "-qam", "remote"], check=True)
subprocess.run(["git", "checkout", "-q", "v2007"], check=True)
%cd -q ..
