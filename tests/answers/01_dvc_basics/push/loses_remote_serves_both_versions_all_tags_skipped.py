# loses: remote_serves_both_versions
# why: at the tags no remote is known, so --all-tags skips them and sends v2008 only
from pathlib import Path

storage = Path.cwd().parent / "storage"

!dvc remote add --default storage "{storage}"
!git commit --all -m "Name the remote"
!dvc push --all-tags
