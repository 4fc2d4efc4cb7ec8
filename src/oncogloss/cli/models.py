"""Verbs of the registry of models."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oncogloss.cli.app import app

if TYPE_CHECKING:
    from oncogloss.model.registry import Registry

models_app = typer.Typer(
    help="Versions of models: signed, never changed, put to use and taken back in one step.", no_args_is_help=True
)
app.add_typer(models_app, name="models")

RegistryFolder = Annotated[
    Path | None,
    typer.Option("--registry", help="Its folder; default: $ONCOGLOSS_REGISTRY, or the user's data folder."),
]
Keys = Annotated[
    Path | None,
    typer.Option("--keys", help="Folder of keys; default: $ONCOGLOSS_KEYS, or the user's data folder."),
]
Reference = Annotated[str, typer.Argument(help="NAME@VERSION, or NAME for the version in use.")]


def _registry(root: Path | None, keys: Path | None) -> Registry:
    from oncogloss.model.registry import Registry
    from oncogloss.places import keys_folder, registry_folder

    return Registry(root or registry_folder(), keys or keys_folder())


@models_app.command("keygen")
def models_keygen(keys: Keys = None) -> None:
    """Make the key pair that signs what you add; prints the public key. Give that to those who use your models.

    Example: `oncogloss models keygen`
    """
    from oncogloss.model.signing import keygen
    from oncogloss.places import keys_folder

    path = keygen(keys or keys_folder())
    print(f"{path}: the public key; the secret one beside it is for you alone.", file=sys.stderr)
    print(path.read_text(encoding="ascii"), end="")


@models_app.command("add")
def models_add(
    folder: Annotated[Path, typer.Argument(help="Folder of a model, or a package that `export` made.")],
    parent: Annotated[str | None, typer.Option(help="NAME or NAME@VERSION that training went on from.")] = None,
    data: Annotated[list[Path] | None, typer.Option(help="Training data whose digest is noted; repeatable.")] = None,
    metrics: Annotated[Path | None, typer.Option(help="JSON object of figures by name, or of `evaluate`.")] = None,
    licence: Annotated[str, typer.Option(help="Licence of the model.")] = "Apache-2.0",
    note: Annotated[str, typer.Option(help="What a person should know of it.")] = "",
    root: RegistryFolder = None,
    keys: Keys = None,
) -> None:
    """Take a model into the registry and sign it; name and version are those of its config.json.

    A package keeps the signature that it has, which must be by one of your public keys.

    What `oncogloss gate --out FOLDER/gate.md` (or `update`) said of it is noted; a model that it refused is not taken.

    Example: `oncogloss models add models/mine --parent micro --data ours.jsonl`
    """
    from pydantic import ValidationError

    from oncogloss.errors import RegistryError
    from oncogloss.model.registry import SIGNATURE, About
    from oncogloss.model.verdict import VERDICT

    digests = _digests(data or [])
    try:
        figures = _figures(metrics) if metrics else {}
        about = About(parent=parent, data=digests, metrics=figures, licence=licence, note=note)
    except (ValidationError, ValueError, KeyError, TypeError, AttributeError):
        raise RegistryError(f"{metrics} is no JSON object of numbers by name, nor what `evaluate` wrote.") from None
    added = _registry(root, keys).add(folder, about)
    print(f"{added.reference} {added.bundle}")
    if not any((folder / name).is_file() for name in (VERDICT, SIGNATURE)):
        print(f"oncogloss: {added.reference} was not gated (docs/registry.md).", file=sys.stderr)


def _digests(paths: list[Path]) -> dict[str, str]:
    """SHA-256 digests of files by name. Raises RegistryError where two have the same name."""
    import hashlib

    from oncogloss.errors import RegistryError

    digests: dict[str, str] = {}
    for path in paths:
        if path.name in digests:
            raise RegistryError(
                f"{path}: another --data has the name {path.name}, by which digests are noted; rename one of them."
            )
        digests[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return digests


def _figures(path: Path) -> dict[str, float]:
    """Figures by name of a JSON file: they themselves, or the counts that `evaluate` wrote."""
    import json

    from oncogloss.evaluation.run import headline

    told = json.loads(path.read_text(encoding="utf-8"))
    return headline(told) if any(isinstance(value, dict) for value in told.values()) else told


@models_app.command("list")
def models_list(root: RegistryFolder = None, keys: Keys = None) -> None:
    """List the versions there are, oldest first, then the models that ship; `*` is in use.

    Example: `oncogloss models list`
    """
    from oncogloss.errors import BundleError, RegistryError, shown
    from oncogloss.model.bundle import open_bundle, shipped_bundle, shipped_models

    registry, damaged = _registry(root, keys), False
    for name, version in registry.versions():
        mark = "*" if registry.history(name)[-1:] == [version] else " "
        try:
            m = registry.manifest(f"{name}@{version}")
        except (BundleError, RegistryError) as error:
            print(f"oncogloss: {error}", file=sys.stderr)
            damaged = True
            continue
        figures = ", ".join(f"{key} {value:g}" for key, value in m.metrics.items())
        fields = (m.reference, m.bundle[:12], m.created, f"from {m.parent or 'nothing'}", figures, shown(m.note))
        print(f"{mark} " + "  ".join(filter(None, fields)))
    for name in shipped_models():
        info = open_bundle(shipped_bundle(name) or name).info
        mark = " " if registry.history(name) else "*"
        print(f"{mark} {info.name}@{info.version}  {info.sha256[:12]}  ships with oncogloss")
    if damaged:
        raise typer.Exit(2)


@models_app.command("show")
def models_show(reference: Reference, root: RegistryFolder = None, keys: Keys = None) -> None:
    """Print the signed manifest of a version.

    Example: `oncogloss models show micro-mine@1.0`
    """
    print(_registry(root, keys).manifest(reference).model_dump_json(indent=1))


@models_app.command("use")
def models_use(
    reference: Annotated[str, typer.Argument(help="NAME@VERSION.")], root: RegistryFolder = None, keys: Keys = None
) -> None:
    """Put a version to use: from now on `--model NAME` and `load(NAME)` mean it.

    Example: `oncogloss models use micro-mine@1.0`
    """
    print(f"{_registry(root, keys).use(reference).reference} is in use")


@models_app.command("rollback")
def models_rollback(
    name: Annotated[str, typer.Argument(help="NAME of a model.")], root: RegistryFolder = None, keys: Keys = None
) -> None:
    """Go back to the version that was in use before, or to the model that ships.

    Example: `oncogloss models rollback micro`
    """
    version = _registry(root, keys).rollback(name)
    print(f"{name}@{version} is in use" if version else f"the {name} that ships is in use")


@models_app.command("remove")
def models_remove(
    reference: Annotated[str, typer.Argument(help="NAME@VERSION.")], root: RegistryFolder = None, keys: Keys = None
) -> None:
    """Take a version that is not in use out of the registry, for good.

    Example: `oncogloss models remove micro-mine@1.0`
    """
    _registry(root, keys).remove(reference)
    print(f"{reference} is removed")


@models_app.command("export")
def models_export(
    reference: Reference,
    out: Annotated[Path | None, typer.Option(help="New folder that receives the package.")] = None,
    mlflow: Annotated[str | None, typer.Option(help="Address of an MLflow server to push it to.")] = None,
    root: RegistryFolder = None,
    keys: Keys = None,
) -> None:
    """Copy a version with its signature to a folder, for `models add` elsewhere, or push it to MLflow.

    Example: `oncogloss models export micro-mine@1.0 --out package`
    """
    import tempfile

    registry = _registry(root, keys)
    if (out is None) == (mlflow is None):
        raise typer.BadParameter("say where it goes: --out FOLDER or --mlflow ADDRESS.")
    if out is not None:
        print(registry.export(reference, out))
    if mlflow is not None:
        from oncogloss.model.tracking import push_to_mlflow

        with tempfile.TemporaryDirectory() as folder:
            package = registry.export(reference, Path(folder) / "model")
            print(push_to_mlflow(package, registry.keys, mlflow))


@models_app.command("verify")
def models_verify(
    reference: Annotated[
        str | None, typer.Argument(help="NAME@VERSION, NAME, or the folder of a package; default: all versions.")
    ] = None,
    root: RegistryFolder = None,
    keys: Keys = None,
) -> None:
    """Check the signature and every byte of versions, or of a package before it is added.

    Example: `oncogloss models verify`
    """
    from oncogloss.errors import BundleError, RegistryError
    from oncogloss.model.registry import verify_package

    registry = _registry(root, keys)
    if reference and Path(reference).is_dir():
        print(f"{verify_package(Path(reference), registry.keys).reference} is what was signed")
        return
    wrong = False
    for each in [reference] if reference else [f"{name}@{version}" for name, version in registry.versions()]:
        try:
            info = registry.verify(each).info
            print(f"{info.name}@{info.version} is what was signed")
        except (BundleError, RegistryError) as error:
            print(f"oncogloss: {error}", file=sys.stderr)
            wrong = True
    if not reference and not registry.versions():
        print(f"oncogloss: no versions in {registry.root}.", file=sys.stderr)
    if wrong:
        raise typer.Exit(2)
