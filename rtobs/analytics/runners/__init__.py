"""Work on an export that is too long for one process: in a pool, or on a cluster.

The unit of work is some series of a metric and a range of days. A unit reads what it needs from the
export itself, a folder or an s3:// address that every worker reaches, so only its small description
travels. Any runner gives the same frame.
"""

from rtobs.analytics.runners.pool import LocalPool
from rtobs.analytics.runners.task import RangeFunction, RangeTask, Task
from rtobs.analytics.runners.units import Unit, units_of
from rtobs.analytics.runners.work import Runner, run

__all__ = ["LocalPool", "RangeFunction", "RangeTask", "Runner", "Task", "Unit", "run", "units_of"]
