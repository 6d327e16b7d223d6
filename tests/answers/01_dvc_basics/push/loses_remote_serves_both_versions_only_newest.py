# loses: remote_serves_both_versions
# why: dvc push sends what the folder's pointer names: v2008 only
from pathlib import Path

storage = Path.cwd().parent / "storage"

!dvc remote add --default storage "{storage}"
!git commit --all -m "Name the remote"
!dvc push
