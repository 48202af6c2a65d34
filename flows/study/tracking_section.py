"""The table `[tracking]` of a study file."""

from __future__ import annotations

from pydantic import Field

from fieldwright.flows.study.section import Section


class TrackingSection(Section):
    """Where runs and models are tracked."""

    uri: str | None = Field(
        None,
        description="MLflow tracking URI; $MLFLOW_TRACKING_URI if left out, else the database of "
        "$FIELDWRIGHT_DATABASE_URL, else SQLite under $FIELDWRIGHT_HOME. A path as in `sqlite:///tracking.db` is "
        "relative to the study file.",
    )
    artifacts: str | None = Field(
        None,
        description="Folder (relative to $FIELDWRIGHT_HOME) or bucket (`s3://bucket/folder`) of the files of runs "
        "and models, taken when the study's experiment is made; $FIELDWRIGHT_ARTIFACTS if left out, else "
        "`mlartifacts` under $FIELDWRIGHT_HOME. A tracking server (`http://`) decides by itself.",
    )
    system_metrics: bool = Field(
        False, description="Curves of processor, memory, disk and network in MLflow while a pipeline runs."
    )
