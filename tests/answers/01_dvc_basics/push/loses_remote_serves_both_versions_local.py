# loses: remote_serves_both_versions
# why: --local settings are ignored by Git
from pathlib import Path

storage = Path.cwd().parent / "storage"

!dvc remote add --local --default storage "{storage}"
!git commit --all --allow-empty -m "Name the remote"
!dvc push
!git checkout v2007 data/penguins.csv.dvc
!dvc push
!git checkout HEAD data/penguins.csv.dvc
