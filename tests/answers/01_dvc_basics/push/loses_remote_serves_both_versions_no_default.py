# loses: remote_serves_both_versions
# why: a remote is committed, but not as the default one
from pathlib import Path

storage = Path.cwd().parent / "storage"

!dvc remote add storage "{storage}"
!git commit --all -m "Name the remote"
!dvc push --remote storage
!git checkout v2007 data/penguins.csv.dvc
!dvc push --remote storage
