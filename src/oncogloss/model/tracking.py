"""A version of the registry, pushed to MLflow: for teams that keep their models there."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import shorten

from oncogloss.errors import MissingExtraError, RegistryError, shown
from oncogloss.model.registry import verify_package

EXPERIMENT = "oncogloss"


def push_to_mlflow(package: Path, keys: Path, uri: str) -> str:
    """Log a package that `Registry.export` made as a run with its files, and register it as a version of its name.

    Returns `NAME version N, run RUN`. Raises BundleError for a package that is not what was signed, RegistryError
    where MLflow refuses.
    """
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError:
        raise MissingExtraError("mlflow-skinny", "mlflow") from None
    manifest = verify_package(package, keys)
    try:
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        known = client.get_experiment_by_name(EXPERIMENT)
        experiment = known.experiment_id if known else client.create_experiment(EXPERIMENT)
        run = client.create_run(experiment, run_name=manifest.reference).info
        for key in ("name", "version", "parent", "bundle", "code", "licence", "created"):
            client.log_param(run.run_id, key, getattr(manifest, key))
        for key, value in manifest.metrics.items():
            client.log_metric(run.run_id, re.sub(r"[^\w./ -]", "_", key), value)
        client.log_artifacts(run.run_id, str(package), "model")
        client.set_terminated(run.run_id)
        if not client.search_registered_models(f"name = '{manifest.name}'"):
            client.create_registered_model(manifest.name)
        source = f"{run.artifact_uri}/model"
        made = client.create_model_version(manifest.name, source, run.run_id, description=manifest.reference)
    except MlflowException as error:
        reason = shown(shorten(str(error).splitlines()[0], 200, placeholder=" …")).rstrip(".")
        raise RegistryError(
            f"MLflow at {uri} refuses: {reason}; give the address of a server, such as http://localhost:5000."
        ) from None
    return f"{manifest.name} version {made.version}, run {run.run_id}"
