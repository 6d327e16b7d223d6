"""Execution of what students handed in: a function of bytes that knows nothing of grades.

`mlops_course.execution.engine.execute(job)` takes an encoded `Job` and gives an encoded `Result`. Everything that a
student's code can reach is in the job. Nothing of it is trusted when it comes back: the result is plain JSON.
"""
