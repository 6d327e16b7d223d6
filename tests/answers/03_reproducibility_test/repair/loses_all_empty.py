# loses: repaired_hash_seed, repaired_global_generator, repaired_file_order, repaired_second_call, repaired_still_learns, repaired_measured_held_out
# why: nothing was written
%%writefile repaired.py
"""Predict a penguin's sex from four measurements. The same files and seed give the same result."""

# YOUR CODE HERE
