"""Commands that ask a champion: predict, inspect-cracks, open."""

from __future__ import annotations

import sys
from pathlib import Path

from fieldwright.flows.command_line.app import StudyPath, app, console


@app.command
def predict(
    study: StudyPath,
    /,
    *values: str,
    csv: Path | None = None,
    out: Path | None = None,
    plot: Path | None = None,
    version: str | None = None,
    quantities: tuple[str, ...] = (),
    times: tuple[float, ...] | None = None,
    field: str | None = None,
    history: Path | None = None,
    outline: Path | None = None,
    mesh: Path | None = None,
    photos: Path | None = None,
    mm_per_px: float | None = None,
    scale_error: float = 0.0,
    threshold: float | None = None,
    prevalence: float | None = None,
) -> None:
    """Ask a study's champion in the terminal: quantities with their bands, and whether the query lies inside.

    Example: fieldwright predict examples/plate/study.toml heat_flux=2e4 conductivity=40 thickness=0.01

    Of a study of photos: fieldwright predict walls.toml --photos decks/ --mm-per-px 0.2 --csv cracks.csv --out masks/

    Parameters
    ----------
    values
        Parameters (of an equation, coordinates too) as NAME=NUMBER, in the units of the study.
    csv
        A table of queries with a column for each parameter; the answers go to a table too, beside it or to --out.
        With --photos, the table to be written, with a row for each photo.
    out
        File of the answers: .csv for the numbers, .vtu for the fields of one query, .zip for those of several.
        With --photos, the folder that masks and overlays are written to.
    plot
        PNG of a field and its uncertainty.
    version
        The number of another version than the champion.
    quantities
        Such as "max(von_mises)" or "point(T, 0.1, 0.2)"; largest, least and mean values of all fields if left out.
    times
        Those to answer at; the trained ones if left out.
    field
        The field of the picture and the VTU; all go into the VTU if left out, and the first into the picture.
    history
        Of a model that forecasts: a table of the measured first times, with the columns time, point where there
        are several, and one for each component of a field.
    outline
        Of a model of shapes: a table of the corners in order, with the columns x and y.
    mesh
        Of a model that has learned the coordinates of its runs: a file with a mesh, such as new.vtu; the VTU of
        --out holds the answer on its nodes.
    photos
        Of a model of photos: a photo, or a folder of photos.
    mm_per_px
        Millimetres that a pixel spans, for lengths in mm.
    scale_error
        Share of it that the scale may be off.
    threshold
        Probability from which on a pixel is crack, in place of the segmenter's own.
    prevalence
        Of a classifier: share of cracked photos where these come from.
    """
    from fieldwright.flows.commands.predictions.photo_question import PhotoQuestion
    from fieldwright.flows.commands.predictions.predict import PredictOptions, check_options, predict_study
    from fieldwright.flows.study.loading import load_study

    if photos is not None:
        question = PhotoQuestion(photos, mm_per_px, scale_error, threshold, prevalence, csv, out)
        others = {"--plot": plot, "--quantities": quantities, "--times": times, "--field": field}
        question.check(
            {"NAME=NUMBER": values, **others, "--history": history, "--outline": outline, "--mesh": mesh}
        )
        from fieldwright.flows.commands.predictions.photo_answers import predict_photos

        predict_photos(load_study(study), question, version, console)
        return
    options = PredictOptions(
        values, csv, out, plot, version, quantities, times, field, history, outline, mesh
    )
    check_options(options)
    predict_study(load_study(study), options, console)


@app.command
def inspect_cracks(
    photos: Path,
    /,
    *,
    model: str,
    out: Path,
    mm_per_px: float | None = None,
    scale_error: float = 0.0,
    before: Path | None = None,
    threshold: float | None = None,
    augmented: bool = False,
    bits: int | None = None,
    site: str = "",
    inspector: str = "",
    date: str = "",
    note: str = "",
) -> None:
    """From a folder of photos to the protocol of an inspection: one page, tables, outlines, growth.

    A photo that cannot be read is named, and the others go on. Interrupted, the same command goes on where it was.

    Example: fieldwright inspect-cracks photos/ --model roads@champion --mm-per-px 0.2 --out protocol/

    Parameters
    ----------
    photos
        Folder of the photos; those in folders within it are inspected too.
    model
        NAME@champion, NAME@challenger or NAME@NUMBER, the name being a study's or its file; or a folder with a model.
    out
        Folder of the protocol: empty, or that of an earlier inspection of these photos.
    mm_per_px
        Millimetres on the surface that a pixel spans; lengths are in pixels if left out.
    scale_error
        Share of it that it may be off, such as 0.02, which widens all bounds.
    before
        Folder of earlier photos of the same names: how much the cracks have grown since.
    threshold
        Probability from which on a pixel is crack; the model's own if left out.
    augmented
        The mean of eight turned and mirrored views, 8 times slower.
    bits
        That hold the brightness, of photos with 16 bits a channel.
    site
        Which structure, printed at the top as are the next three.
    inspector
        By whom.
    date
        When.
    note
        Whatever else is to be read.
    """
    from fieldwright.surrogates.cracks.measurement.scale import Scale

    scale = None if mm_per_px is None else Scale(mm_per_px, scale_error)
    from fieldwright.flows.commands.named_model import named_model
    from fieldwright.flows.crack_inspection.inspect_cracks import Heading, print_inspection_result
    from fieldwright.flows.crack_inspection.inspect_cracks import inspect_cracks as inspected
    from fieldwright.flows.crack_inspection.photo_inspection import InspectionSettings
    from fieldwright.flows.progress import show_progress

    settings = InspectionSettings(scale, threshold, augmented, bits)
    named = named_model(model, "asked")
    with show_progress(console):
        result = inspected(named, photos, out, settings, Heading(site, inspector, date, note), before)
    print_inspection_result(result, console)


@app.command(name="open")
def open_(study: StudyPath, /, *, port: int = 3000, browser: bool = True) -> None:
    """Open a study's page in the browser: its champion is served here, or found where it is served already.

    Example: fieldwright open examples/plate/study.toml

    Parameters
    ----------
    port
        Port of the endpoint on this machine.
    browser
        Whether the browser is opened; the link is printed in any case.
    """
    from fieldwright.flows.commands.open_page import open_page
    from fieldwright.flows.study.loading import load_study

    sys.exit(open_page(load_study(study), port, browser, console))
