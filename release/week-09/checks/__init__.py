"""What the tests of week 9 need: repositories and stores to try your functions on, and ways to read them.

You may read all of it. It computes no answers: what a test expects is in the test. Changes are undone before grading.

- `student`: has something done in the process in which your code runs.
- `given`: the files that came with the assignment, and what your STUDENT_ID draws.
- `scratch`: a folder of its own for each task.
- `training`: Chloe's training script, and the numbers of it that your STUDENT_ID draws.
- `numbers`: reads the numbers that you state.
- `environment`, `repaired`, `notebooks`: for the tests of notebook 03.
"""
