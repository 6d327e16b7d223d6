# loses: lost_version_found
# why: the condition the wrong way round: a tag that can be restored
# Find the tag whose data cannot be restored from the remote.
import dvc.api

tags = !git tag
for tag in tags:
    try:
        dvc.api.read("data/penguins.csv", repo=str(repository), rev=tag)
        answer_lost_version = tag
    except Exception:
        pass
