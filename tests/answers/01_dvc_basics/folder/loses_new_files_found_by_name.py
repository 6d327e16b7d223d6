# loses: new_files_found
# why: compares names: a corrected file is missed, a renamed one counted
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
!git commit -am "Tracks 2"
!git tag tracks-2
answer_new_files = [path.name for path in Path("tracks").iterdir() if path.name not in before.values()]
