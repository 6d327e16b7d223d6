# loses: lost_version_found
# why: the hash of the right commit; the question asks for the tag's name
# Find the tag whose data cannot be restored from the remote.
import dvc.api

tags = !git tag
for tag in tags:
    try:
        dvc.api.read("data/penguins.csv", rev=tag)
    except Exception:
        commit = !git rev-parse {tag}
        answer_lost_version = commit[0]
