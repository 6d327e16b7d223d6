# loses: folder_versions
# why: tracks-2 names the commit of the first version
import hashlib
import shutil
from pathlib import Path

before = {hashlib.md5(path.read_bytes()).hexdigest(): path.name for path in Path("tracks").iterdir()}
!dvc add tracks
!git add .
!git commit -m "Tracks"
!git tag tracks-1
shutil.rmtree("tracks")
shutil.copytree("../incoming/tracks", "tracks")
!dvc add tracks
!git tag tracks-2
!git commit -am "Tracks 2"
answer_new_files = [path.name for path in Path("tracks").iterdir() if hashlib.md5(path.read_bytes()).hexdigest() not in before]
