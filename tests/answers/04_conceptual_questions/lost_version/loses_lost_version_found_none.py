# loses: lost_version_found
# why: a function that prints but returns nothing
# Find the tag whose data cannot be restored from the remote.
def find():
    print("v2008.1")


answer_lost_version = find()
