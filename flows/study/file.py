"""What every study file says, of whichever family the study is, and how it is read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, ValidationError

from fieldwright.data.disk import fault, is_gone
from fieldwright.data.errors import StudyError
from fieldwright.data.tracking_file import absolute_uri
from fieldwright.flows.study.automation_sections import NotifySection, RetentionSection, WatchSection
from fieldwright.flows.study.errors import sentence_for
from fieldwright.flows.study.promotion_section import PromotionLimits
from fieldwright.flows.study.schedule_section import ScheduleSection
from fieldwright.flows.study.section import Section
from fieldwright.flows.study.tracking_section import TrackingSection
from fieldwright.flows.watching.listing import WatchedPlaces


class StudyFile(Section):
    """A study of any family; `fieldwright.flows.study.loading.load_study` finds which.

    subject: what it is about, in words that follow "a study of".
    """

    subject: ClassVar[str]

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        description="Name of the study, of its MLflow experiment and of its registered model.",
    )
    description: str = Field("", description="What the study is about, for those who compare its runs.")
    seed: int = Field(0, ge=0, description="Seed of everything random: folds, initial weights, restarts.")
    tracking: TrackingSection = TrackingSection.model_validate({})
    schedule: ScheduleSection | None = None
    watch: WatchSection = WatchSection.model_validate({})
    notify: NotifySection = NotifySection.model_validate({})
    retention: RetentionSection = RetentionSection.model_validate({})
    _path: Path = Path("study.toml")
    _incomplete: frozenset[str] = frozenset()

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads a study file of this family; raises StudyError with one sentence that names the key at fault."""
        return cls.of(read_toml(path), path)

    @classmethod
    def of(cls, values: Mapping[str, Any], path: Path) -> Self:
        """The study that a file at `path` with these values is; raises StudyError."""
        try:
            study = cls.model_validate(values)
        except ValidationError as error:
            raise StudyError(*sentence_for(error, cls, path)) from None
        study._path = path.resolve()
        uri = study.tracking.uri
        if uri is None:
            return study
        tracking = study.tracking.model_copy(update={"uri": absolute_uri(uri, study.path.parent)})
        return study.model_copy(update={"tracking": tracking})

    def check(self) -> None:
        """Raises FieldwrightError for what reading alone does not find and can be said before any work."""

    def watched(self) -> WatchedPlaces:
        """Where new files of the study appear."""
        return WatchedPlaces(None, None, (self.path,))

    def skipping(self, names: Sequence[str]) -> Self:
        """The study without the entries of its folder that are not complete yet."""
        study = self.model_copy()
        study._path, study._incomplete = self._path, frozenset(names)
        return study

    @property
    def limits(self) -> PromotionLimits:
        """What `[promotion]` asks of a version, whatever is learned."""
        return PromotionLimits.model_validate({})

    @property
    def form(self) -> str:
        """Which steps of the workflow it takes, where studies of its family differ in them."""
        return ""

    @property
    def path(self) -> Path:
        """The study file, absolute."""
        return self._path

    def beside(self, path: Path) -> Path:
        """A path of the study file, taken relative to the folder the file lies in."""
        return (self._path.parent / path).resolve()


def read_toml(path: Path) -> dict[str, Any]:
    """The tables and values of a study file; raises StudyError where there is none or it is no TOML."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        cause = None if is_gone(error) else fault(error, "the study file")
        must, do = cause or (
            "The study file must exist and be readable",
            "Give the path of a TOML file, or write a first one by the example in docs/study.md",
        )
        raise StudyError(must, f"{path} ({error.strerror or error})", do) from None
    except UnicodeDecodeError:
        raise StudyError("The study file must be UTF-8 text", str(path), "Save it as UTF-8") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(
            "The study file must be valid TOML", f"{path}: {error}", "Correct that line"
        ) from None
