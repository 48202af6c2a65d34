"""The champions of all models that one endpoint serves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.hosting.champion_state import ChampionState
from fieldwright.serving.phrases import nearest, quoted
from fieldwright.serving.refusal import Refused


class Champions:
    """Each model follows its own champion, and is loaded and described apart from the others.

    by_name: in the order of the command line; the name may be empty where there is one.
    """

    def __init__(self, by_name: Mapping[str, Champion]) -> None:
        self.by_name = dict(by_name)

    @classmethod
    def of(cls, champions: Champion | Self) -> Champions:
        """Of one champion alone, or as they are."""
        return cls({"": champions}) if isinstance(champions, Champion) else champions

    @property
    def names(self) -> list[str]:
        """Of the models."""
        return [self._name(name, champion) for name, champion in self.by_name.items()]

    @property
    def loaded(self) -> bool:
        """Whether every model can answer."""
        return all(champion.current is not None for champion in self.by_name.values())

    def states(self) -> dict[str, ChampionState]:
        """Of each model."""
        return {self._name(name, champion): champion.state() for name, champion in self.by_name.items()}

    def only(self) -> Champion | None:
        """The one that is served, None where there are several."""
        return next(iter(self.by_name.values())) if len(self.by_name) == 1 else None

    def find(self, model: str | None, path: str) -> Champion:
        """The champion of a model, or the only one; raises Refused, with 404, where there is none such."""
        if model is None:
            only = self.only()
            if only is not None:
                return only
            addresses = " or ".join(f"/models/{name}{path}" for name in self.names)
            raise Refused(
                404, "A request must name one of the models that are served", path, f"Ask {addresses}"
            )
        for name, champion in self.by_name.items():
            if self._name(name, champion) == model:
                return champion
        raise Refused(
            404, "A model must be one that is served here", quoted(model), nearest(model, self.names)
        )

    def start(self) -> None:
        """Loads what there is, and follows the pointers from then on."""
        for champion in self.by_name.values():
            champion.start()

    def stop(self) -> None:
        """Ends the threads that follow them."""
        for champion in self.by_name.values():
            champion.stop()

    @staticmethod
    def _name(name: str, champion: Champion) -> str:
        return name or (champion.current.model if champion.current else "")
