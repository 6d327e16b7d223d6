# loses: remote_serves_both_versions
# why: the setting is never committed
from pathlib import Path

storage = Path.cwd().parent / "storage"

!dvc remote add --default storage "{storage}"
!dvc push
!git checkout v2007 data/penguins.csv.dvc
!dvc push
!git checkout HEAD data/penguins.csv.dvc
