"""Whether a study has anything new: where not, the report of the earlier pipeline stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from fieldwright.flows.report import Ingested, Report
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.study_families import study_family
from fieldwright.flows.tracking.pipeline_inputs import pipeline_inputs
from fieldwright.flows.tracking.sqlite_reading import finished_report
from fieldwright.flows.tracking.study_lock import study_is_idle


def standing_report(study: StudyFile) -> Report | None:
    """The report that a pipeline would end with for lack of anything new, without Prefect, MLflow and torch.

    Their imports and starts take most of the time of such a pipeline.

    Returns
    -------
    Report or None
        None where something is new, and where this cannot be said without them: a pipeline finds out then.
    """
    with study_is_idle(study.name) as idle:
        data = study_family(study.subject).unchanged_data(study) if idle else None
        if data is None:
            return None
        ingested, digest = data
        earlier = finished_report(study.tracking.uri, study.name, pipeline_inputs(study, digest))
    return None if earlier is None else nothing_new_report(study, earlier, ingested)


def nothing_new_report(study: StudyFile, earlier: Mapping[str, Any], ingested: Ingested) -> Report:
    """The report of the earlier pipeline, with what ingestion says now."""
    report = TypeAdapter(study_family(study.subject).report_class()).validate_python(earlier)
    sentence = (
        f"Nothing new: data, study and code are those of version {report.version} ({report.best}); "
        "`fieldwright run --force` trains anyway"
    )
    return replace(report, ingested=ingested, nothing_new=sentence)
