# loses: lost_version_found
# why: a tag that is not there: the season without its part
# Find the tag whose data cannot be restored from the remote.
answer_lost_version = "v2008"
