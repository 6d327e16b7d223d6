# loses: lost_version_found
# why: the md5 that is missing instead of its tag
# Find the tag whose data cannot be restored from the remote.
import re

said = !dvc fetch --all-tags
answer_lost_version = re.findall("[0-9a-f]{32}", "\n".join(said))[0]
