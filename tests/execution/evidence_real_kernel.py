"""A Jupyter kernel as `jupyter` starts it, with a guard: `python evidence_real_kernel.py CONNECTION_FILE TOKEN`."""

import sys

from ipykernel.kernelapp import IPKernelApp

from course.execution import guard

guard.look()
guard.hide()
application = IPKernelApp.instance()
application.initialize(["-f", sys.argv[1], "--HistoryManager.hist_file=:memory:"])
guard.install(application.shell, sys.argv.pop())
application.start()
