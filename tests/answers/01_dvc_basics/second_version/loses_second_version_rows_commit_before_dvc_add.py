# loses: second_version_rows
# why: committed (a note with it) before dvc add: the tagged commit holds the old pointer
from pathlib import Path

path = Path("data/penguins.csv")
lines = Path("../incoming/penguins_2008.csv").read_text().splitlines(keepends=True)
path.write_bytes(path.read_bytes() + "".join(lines[1:]).encode())

Path("NEWS.txt").write_text("2008 has arrived")
!git add .
!git commit -m "Season 2008"
!git tag v2008
!dvc add data/penguins.csv
