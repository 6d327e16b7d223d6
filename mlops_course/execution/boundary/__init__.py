"""Two kernels for one notebook: the student's code in one, the tests in the other, and data between them.

The *student kernel* runs every cell but the tests. The *test kernel* runs the tests, and before them the locked cells
whose names a test uses; no line of a student's code is ever executed there. Both are forked into namespaces of their
own (processes, network, users, mounts) and share the submission's home and `/tmp`, nothing else.

- `values`, `frames`: what crosses by value, in plain JSON, and by reference; `wire`: how.
- `answering`: the student kernel's side; it does what it is asked.
- `asking`, `proxies`, `programs`: the test kernel's side: names, stand-ins, call-backs, and what it does not do.
- `student_kernel`: what a module of the assignment's uses there to have something done in the student's kernel.
- `relay`: the keeper of the student's processes stands between the two. It stops them while no call is under way,
  and runs the programs that a test starts.
- `cells`: which cell runs where.

What holds: hidden tests and expected values never enter a process of the student's; nothing that comes from there is
executed, imported or unpickled in the test kernel; an object of a student's class equals no value.

What no boundary stops: a friend's solution; known values; a function that behaves differently when it is asked twice; a
class that always answers True where the assignment asks for a class. Without namespaces (`--no-sandbox`) both kernels
are processes of one user, and the wall is not enforced.
"""
