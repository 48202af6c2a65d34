"""Commands of the workplace: up, schedule."""

from __future__ import annotations

from fieldwright.flows.command_line.app import StudyPath, app, console


@app.command
def up(
    *studies: StudyPath,
    port: int = 8100,
    prefect_port: int = 4200,
    mlflow_port: int = 5000,
    endpoint_port: int = 3000,
) -> None:
    """Bring the workplace up and keep it up: Prefect, MLflow, the schedules of all registered studies, the endpoint.

    Example: fieldwright up examples/plate/study.toml

    Parameters
    ----------
    studies
        Study files to register beside those that are; each runs by its `[schedule]`, or on demand.
    port
        Port of the start page on this machine.
    prefect_port
        Port of Prefect's server.
    mlflow_port
        Port of MLflow's server.
    endpoint_port
        Port of the endpoint.
    """
    from fieldwright.flows.study.loading import load_study

    loaded = [load_study(study) for study in studies]
    from fieldwright.flows.workplace.workplace import keep_up

    ports = {
        "--port": port,
        "--prefect-port": prefect_port,
        "--mlflow-port": mlflow_port,
        "--endpoint-port": endpoint_port,
    }
    keep_up(loaded, ports, console)


@app.command
def schedule(
    study: StudyPath, /, *, cron: str | None = None, timezone: str | None = None, remove: bool = False
) -> None:
    """Have a study run by itself, by a cron expression: at the workplace, or by a Prefect server of your own.

    Example: fieldwright schedule examples/plate/study.toml --cron "0 2 * * *" --timezone Europe/Berlin

    Parameters
    ----------
    cron
        Five fields: minute, hour, day of month, month, day of week; that of `[schedule]` in the study if left out.
    timezone
        In which the cron is read, by its IANA name; that of `[schedule]` if left out, else UTC.
    remove
        Take the study away instead: it runs by itself no longer, and is served no longer by the workplace.
    """
    from fieldwright.flows.study.loading import load_study
    from fieldwright.flows.workplace.scheduling import schedule_study, unschedule_study

    loaded = load_study(study)
    if remove:
        unschedule_study(loaded.name, console)
    else:
        schedule_study(loaded, cron, timezone, console)
