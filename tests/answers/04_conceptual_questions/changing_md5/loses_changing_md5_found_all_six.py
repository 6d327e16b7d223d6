# loses: changing_md5_found
# why: every change is said to alter it
# Find the changes after which the pointer names another md5.
answer_changing_md5 = "ABCDEF"
