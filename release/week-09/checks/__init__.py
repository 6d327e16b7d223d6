"""What the tests of week 9 need: repositories and stores to try your functions on, and ways to read them.

You may read all of it. It computes no answers: what a test expects is in the test. Changes are undone before grading.

- `start`: what a start cell does.
- `given`: the files that came with the assignment, and what your STUDENT_ID draws.
- `student`: has something done in the process in which your code runs.
- `repositories`: reads Git repositories and what DVC keeps for them; makes new ones.
- `tables`: compares tables.
- `forensics`: the evidence of notebook 04.
- `training`: Chloe's training script, and the numbers of it that your STUDENT_ID draws.
- `numbers`: reads the numbers that you state.
- `tracking`, `stores`, `ben`: MLflow stores, and the training that is logged, for notebook 02.
- `environment`, `repaired`, `notebooks`: for the tests of notebook 03.
"""
