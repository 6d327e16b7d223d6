# loses: new_files_found
# why: added and modified files, and the renamed ones with them, as DVC lists them
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
import json

said = !dvc diff tracks-1 tracks-2 --json
said = json.loads("".join(said))
answer_new_files = [str(one["path"]) for one in said["added"] + said["modified"]]
answer_new_files += [one["path"]["new"] for one in said["renamed"]]
answer_new_files = [name for name in answer_new_files if not name.endswith("/")]
