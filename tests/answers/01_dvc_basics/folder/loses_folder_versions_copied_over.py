# loses: folder_versions
# why: the new folder was copied over the old one: what was renamed or thrown away is still there
import hashlib
import shutil
from pathlib import Path

before = {hashlib.md5(path.read_bytes()).hexdigest(): path.name for path in Path("tracks").iterdir()}
!dvc add tracks
!git add .
!git commit -m "Tracks"
!git tag tracks-1
shutil.copytree("../incoming/tracks", "tracks", dirs_exist_ok=True)
!dvc add tracks
!git commit -am "Tracks 2"
!git tag tracks-2
names = {path.name for path in Path("../incoming/tracks").iterdir()}
answer_new_files = [path.name for path in Path("tracks").iterdir() if path.name in names and hashlib.md5(path.read_bytes()).hexdigest() not in before]
