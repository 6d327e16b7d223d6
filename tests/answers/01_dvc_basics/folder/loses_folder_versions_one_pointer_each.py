# loses: folder_versions
# why: a pointer file for each file instead of one for the folder
import hashlib
import shutil
from pathlib import Path

before = {hashlib.md5(path.read_bytes()).hexdigest(): path.name for path in Path("tracks").iterdir()}
!dvc add --quiet --glob "tracks/*.csv"
!git add .
!git commit -m "Tracks"
!git tag tracks-1
shutil.rmtree("tracks")
shutil.copytree("../incoming/tracks", "tracks")
!dvc add --quiet --glob "tracks/*.csv"
!git add .
!git commit -m "Tracks 2"
!git tag tracks-2
answer_new_files = [path.name for path in Path("tracks").glob("*.csv") if hashlib.md5(path.read_bytes()).hexdigest() not in before]
