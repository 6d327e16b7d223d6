# loses: lost_version_found
# why: looks into the cache, which is empty: the last tag is reported
# Find the tag whose data cannot be restored from the remote.
import yaml

tags = !git tag
missing = []
for tag in tags:
    text = !git show {tag}:data/penguins.csv.dvc
    md5 = yaml.safe_load("\n".join(text))["outs"][0]["md5"]
    if not (repository / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]).exists():
        missing.append(tag)
answer_lost_version = ", ".join(missing)
