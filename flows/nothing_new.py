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
from fieldwright.flows.tracking.sqlite_reading import BECAME, finished_report, study_state
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
        uri, name = study.tracking.uri, study.name
        earlier = finished_report(uri, name, pipeline_inputs(study, digest))
        state = study_state(uri, name)
    if earlier is None or state is None:
        return None
    return nothing_new_report(study, earlier, ingested, state.champion, state.tags)


def nothing_new_report(
    study: StudyFile,
    earlier: Mapping[str, Any],
    ingested: Ingested,
    champion: str | None,
    tags: Mapping[str, str],
) -> Report:
    """The report of the earlier pipeline, with what ingestion says now, and which version is champion instead.

    champion, tags: the number and the tags of the version that is served; None where there is none.
    """
    report = TypeAdapter(study_family(study.subject).report_class()).validate_python(earlier)
    sentence = (
        f"Nothing new: data, study and code are those of version {report.version} ({report.best}); "
        "`fieldwright run --force` trains anyway"
    )
    if champion is not None and champion != report.version:
        sentence += f". The champion is version {champion}"
        sentence += f", {tags[BECAME]}" if BECAME in tags else ""
    return replace(report, ingested=ingested, nothing_new=sentence)
