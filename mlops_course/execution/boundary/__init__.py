"""Two kernels for one notebook: the student's code in one, the tests in the other, and data between them.

The *student kernel* runs every cell but the tests. The *test kernel* runs the tests, and before them the locked cells
whose names a test uses; no line of a student's code is ever executed there. Both are forked into namespaces of their
own (processes, network, users, mounts) and share the submission's home and `/tmp`, nothing else.

- `values`, `frames`: what crosses by value, in plain JSON, and by reference; `wire`: how.
- `answering`, `printed`: the student kernel's side; it does what it is asked.
- `asking`, `proxies`, `programs`: the test kernel's side: names, stand-ins, call-backs, and what it does not do.
- `student_kernel`: what a module of the assignment's uses there to have something done in the student's kernel.
- `relay`: the keeper of the student's processes stands between the two. It stops them while no call is under way,
  and runs the programs that a test starts.
- `cells`: which cell runs where.

What holds, what does not, and why: `mlops_course/execution/README.md`.
"""
