# loses: folder_versions, new_files_found
# why: the untouched stub
# Track the folder, in two versions. Then find the files that were new to the cache.
answer_new_files = []  # names of files
# YOUR CODE HERE
