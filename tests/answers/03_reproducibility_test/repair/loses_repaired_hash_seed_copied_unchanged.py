# loses: repaired_hash_seed, repaired_global_generator, repaired_file_order, repaired_second_call
# why: Ben's code as it was: four faults, and it learns
import shutil

shutil.copy("unrepaired.py", "repaired.py")
