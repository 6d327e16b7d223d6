# loses: lost_version_found
# why: believes the message that says the push is still to come
# Find the tag whose data cannot be restored from the remote.
lines = !git log --format=%D --fixed-strings --grep="dvc push"
answer_lost_version = lines[0].removeprefix("tag: ")
