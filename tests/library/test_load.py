"""`load`: registered models by alias and by number, and what is left as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fieldwright as fw

X = np.random.default_rng(0).uniform(1.0, 2.0, (10, 1))
Y = X * np.linspace(1.0, 2.0, 5)


def test_a_registered_model_is_loaded_by_alias_and_number(tmp_path: Path, monkeypatch) -> None:
    import mlflow

    from fieldwright.flows.tracking.mlflow_runs import Tracking

    monkeypatch.setenv("FIELDWRIGHT_HOME", str(tmp_path / "var"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "var").mkdir()
    model = fw.fit(X, Y, model="linear", folds=3)
    model.save(tmp_path / "model")
    tracking = Tracking(None, "rod")
    with tracking.run("pipeline") as run:
        version = tracking.registry.register(tmp_path / "model", run.id, {}, None)
    tracking.client.set_registered_model_alias("rod", "champion", version.version)
    before, uri = mlflow.get_tracking_uri(), tracking.uri
    elsewhere = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    mlflow.set_tracking_uri(elsewhere)
    mlflow.set_registry_uri(elsewhere)
    for name in ("models:/rod@champion", f"models:/rod/{version.version}"):
        np.testing.assert_array_equal(
            fw.load(name, tracking_uri=uri).predict(X).upper, model.predict(X).upper
        )
    assert mlflow.get_tracking_uri() == elsewhere
    mlflow.set_tracking_uri(before)
    mlflow.set_registry_uri(before)
    for name, expected in (
        ("models:/rod@challenger", "alias 'challenger'"),
        ("models:/rod/7", "a version 7"),
        ("models:/bar@champion", "Model 'bar'"),
    ):
        with pytest.raises(fw.FieldwrightError, match=expected):
            fw.load(name, tracking_uri=uri)
