"""One thread per process, no settings or caches of the user's (set before any library is imported), set examples."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ["PREFECT_HOME"] = tempfile.mkdtemp(prefix="prefect_")
os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"
for name in ("PREFECT_API_URL", "PREFECT_PROFILE", "MLFLOW_TRACKING_URI", "FIELDWRIGHT_HOME"):
    os.environ.pop(name, None)

# The same tree gives the same verdict everywhere; `--hypothesis-profile exploring` draws new examples each time.
# No test of a property is a test of time, least of all on a machine that others use too.
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=50)
settings.register_profile("exploring", deadline=None, print_blob=True)
settings.load_profile("repeatable")

LONGEST = (
    "flows/workplace/test_workplace.py",
    "flows/runs/test_on_a_cluster.py",
    "house/test_wheel.py",
    "flows/runs/test_first_study.py",
    "flows/commands/test_pipeline.py",
    "flows/test_resume.py",
)
"""Files of few tests that take long."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with the longest files: workers take whole ones, and the last ones should leave none waiting.

    By itself, pytest-xdist begins with those of the most tests, and ends with these.
    """
    folder = Path(__file__).parent
    order = {folder / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path, len(order)))
