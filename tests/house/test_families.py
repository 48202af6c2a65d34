"""Every family of models meets one contract, and is known to training and serving by one line each."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from fieldwright.flows.study_families import STUDY_FAMILIES, study_family
from fieldwright.serving.families import SERVED_FAMILIES, served_family
from fieldwright.surrogates.families import FAMILIES
from fieldwright.surrogates.model import Model

ROOT = Path(__file__).parents[2]
CONTRACT = [name for name in vars(Model) if not name.startswith("_") and name != "description"]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_family_meets_the_contract(family):
    model = family.model()
    assert [name for name in CONTRACT if not callable(getattr(model, name, None))] == []
    assert any("description" in inspect.get_annotations(base) for base in model.__mro__)
    assert inspect.signature(model.load).parameters["device"].default == "cpu"
    assert family.metrics


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_family_is_trained_by_a_family_of_studies_and_served_by_routes_of_its_own(family):
    assert study_family(family.study).study_class().subject == family.study
    served = served_family(family)
    assert list(served.handlers) == [(route.method, route.path) for route in served.routes]
    assert served.post_routes().startswith("POST /")


def test_what_tells_families_apart_is_theirs_alone():
    for names in (
        [family.name for family in FAMILIES],
        [family.artifact for family in FAMILIES],
        [one.key for one in STUDY_FAMILIES],
    ):
        assert len(set(names)) == len(names)
    assert {one.family for one in SERVED_FAMILIES} == set(FAMILIES)


def test_a_worker_imports_no_family_before_it_has_a_model():
    code = "import sys, fieldwright.serving.endpoint; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert "fieldwright.serving.families" in modules
    assert not {"torch", "mlflow", "fieldwright.surrogates.fields.surrogate"} & set(modules)
