"""What the report of a finished pipeline costs, and its picture: CPU seconds, bytes, and a screenshot by Chromium.

    python -m benchmarks.report study.toml --picture docs/report.png

The pipeline must have run with the checkout's own version. The screenshot needs `chromium` on the path.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

from pydantic import TypeAdapter

from fieldwright.flows.study.loading import load_study
from fieldwright.flows.study_families import study_family
from fieldwright.flows.study_report.pipeline_facts import PipelineFacts
from fieldwright.flows.study_report.publish import figures_of, page_of
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.pipelines import REPORT
from fieldwright.flows.tracking.tracked_run import TrackedRun, metric_name
from fieldwright.surrogates.families import load_model
from fieldwright.surrogates.fields.quantities import headline_quantities
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.model import Model

SIZE = "1000,2000"
"""Pixels of the picture."""


def main() -> None:
    """Writes the page of the latest pipeline anew, and says what that costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    study = load_study(options.study)
    tracking, family = Tracking.of(study), study_family(study.subject)
    runs = tracking.client.search_runs(
        [tracking.experiment_id()], order_by=["attributes.start_time DESC"], max_results=50
    )
    pipeline = next(one for one in runs if one.data.tags.get("role") == "pipeline")
    report = TypeAdapter(family.report_class()).validate_python(tracking.json(pipeline.info.run_id, REPORT))
    best = next(
        one
        for one in runs
        if one.data.tags.get("mlflow.parentRunId") == pipeline.info.run_id
        and one.data.tags.get("candidate") == report.best
    )
    with tempfile.TemporaryDirectory() as folder:
        version = tracking.registry.numbered(report.version)
        model = load_model(tracking.registry.download(version, Path(folder)))
    begin = time.process_time()
    figures = {
        name: content
        for one in (pipeline, best)
        for name, content in figures_of(TrackedRun(tracking.client, one.info.run_id))[0].items()
    }
    logged = {**best.data.metrics, **pipeline.data.metrics}
    metrics = {name: value for name, value in logged.items() if not name.startswith("sobol.")}
    metrics |= {one: logged[metric_name(one)] for one in sobol_names(model) if metric_name(one) in logged}
    facts = PipelineFacts(report, model, version.tags["samples"], metrics, figures, study.path.name)
    page = page_of(facts, study.description, pipeline.info.run_id)
    print(f"{time.process_time() - begin:.2f} CPU s, {len(page.encode()) / 1024:.0f} KiB")
    if options.picture is not None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "report.html"
            path.write_text(page, encoding="utf-8")
            flags = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
            place = (f"--user-data-dir={folder}/browser", f"--screenshot={options.picture.resolve()}")
            command = ["chromium", *flags, f"--window-size={SIZE}", *place, path.as_uri()]
            subprocess.run(command, check=True, capture_output=True)
        print(f"Wrote {options.picture}")


def sobol_names(model: Model) -> list[str]:
    """The names of the sensitivities, which MLflow does not take as they are."""
    if not isinstance(model, Surrogate):
        return []
    labels = [one.label for info in model.description.fields for one in headline_quantities(info)]
    parameters = [info.name for info in model.description.parameters]
    orders = ("first", "total")
    return [f"sobol.{label}.{name}.{order}" for label in labels for name in parameters for order in orders]


if __name__ == "__main__":
    main()
