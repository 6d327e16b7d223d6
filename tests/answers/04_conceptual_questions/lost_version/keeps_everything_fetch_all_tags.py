# loses: nothing
# why: dvc fetch --all-tags names the md5, git grep finds the tag; the cache is filled, other folder, names rebound
# Find the tag whose data cannot be restored from the remote.
import re

said = !dvc fetch --all-tags
(md5,) = set(re.findall("md5: ([0-9a-f]{32})", "\n".join(said)))
tags = !git -C "{repository}" tag
for tag in tags:
    pointer = !git -C "{repository}" show {tag}:data/penguins.csv.dvc
    if md5 in "".join(pointer):
        answer_lost_version = tag
%cd ..
re = os = Path = subprocess = hashlib = "rebound"
