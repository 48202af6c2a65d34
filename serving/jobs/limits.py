"""How much jobs may take, and how long they are kept."""

MAX_JOBS = 64
"""That wait, run or are kept for their answers to be fetched."""

MAX_BYTES = 1024**3
"""Of photos and answers of all jobs together; the answer that passes it is kept, and no further job is taken."""

KEPT_SECONDS = 600.0
"""After its end a job is forgotten, whether its answer was fetched or not."""

JOB_OPERATIONS = {"cpu": 2e14, "cuda": 2e16}
"""Of the networks for one job: about an hour of one processor core."""

IDLE_SECONDS = 120.0
"""For which the process that computes waits for a further job: loading the model takes it seconds."""

NICENESS = 3
"""Of that process: what is asked of the endpoint meanwhile goes first."""

FORWARD_SECONDS = 60.0
"""For the worker that keeps the jobs to answer another one."""
