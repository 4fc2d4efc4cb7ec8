"""The verb that serves."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path
from typing import Annotated

import typer

from oncogloss.cli.app import app
from oncogloss.cli.options import Terms, VocabularyName, needs_serve_extra, terms_read
from oncogloss.errors import OncoglossError


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on.")] = 8080,
    model: Annotated[
        list[str] | None,
        typer.Option(help="Model to serve, by name, NAME@VERSION or folder (repeatable; the first is the default)."),
    ] = None,
    keys: Annotated[Path | None, typer.Option(help="File of API keys; needed on any address but loopback.")] = None,
    new_key: Annotated[str | None, typer.Option(help="Print a new key for this name and its line for --keys.")] = None,
    audit: Annotated[Path | None, typer.Option(help="Add a line for each extraction to this file.")] = None,
    reviews: Annotated[Path | None, typer.Option(help="Keep corrections in this file (SQLite).")] = None,
    queue_records: Annotated[
        Path | None, typer.Option(help="File or folder of records to review, the most doubtful first.", exists=True)
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="Name under which clients reach the service (repeatable).")
    ] = None,
    vocabulary: VocabularyName = "default",
    terms: Terms = None,
    workers: Annotated[int, typer.Option(min=1, help="Extractions at once.")] = 2,
    queue: Annotated[int, typer.Option(min=0, help="Requests that may wait; more get 429.")] = 32,
    max_body: Annotated[int, typer.Option(min=1_000, help="Largest body in bytes.")] = 10_000_000,
) -> None:
    """Serve extraction, linking, diff and match over HTTP, with a page to look at them. Offline, on one CPU.

    Example: `oncogloss serve`

    Example: `oncogloss serve --new-key anna`

    Example: `oncogloss serve --reviews reviews.db --queue-records records.jsonl`

    Example: `oncogloss serve --host 0.0.0.0 --keys keys.txt --allow-host trials.example.org`
    """
    needs_serve_extra()
    from oncogloss.service.keys import is_name, read_keys
    from oncogloss.service.keys import new_key as make_key

    if new_key is not None:
        if not is_name(new_key):
            raise typer.BadParameter("a name has letters, digits and . @ - _, 64 of them at most.")
        key, digest = make_key()
        print(f"key (shown once): {key}\nline for the file: {new_key} {digest}")
        return
    if keys is None and not _is_loopback(host):
        raise OncoglossError(f"{host} can be reached by others: give a file of keys with --keys.")
    if queue_records and not reviews:
        raise OncoglossError("A queue of records needs a file to keep the corrections in: give --reviews FILE.")
    import uvicorn

    from oncogloss.concepts import open_vocabulary
    from oncogloss.concepts.terms import read_terms
    from oncogloss.model.bundle import open_bundle
    from oncogloss.readers import input_files
    from oncogloss.service.app import Settings, create_app
    from oncogloss.service.guard import Limits
    from oncogloss.service.observe import Audit
    from oncogloss.service.reviews import Reviews

    names = frozenset(n.lower() for n in (host, "localhost", "127.0.0.1", "[::1]", *(allow_host or ())))
    settings = Settings(
        models=tuple(model or ["micro"]),
        keys=read_keys(keys) if keys else {},
        limits=Limits(body=max_body, hosts=names),
        workers=workers,
        queue=queue,
        audit=audit,
        vocabulary=vocabulary,
        terms=lambda: terms_read(terms),
        reviews=reviews,
        queued=tuple(input_files(queue_records)) if queue_records else (),
    )
    if table := terms_read(terms):  # what is missing is said before anything starts
        read_terms(table)
    open_vocabulary(vocabulary)
    for served in settings.models:
        open_bundle(served)
    Audit(audit).close()
    if reviews:
        Reviews(reviews).close()
    print(f"oncogloss: http://{host}:{port} (stop with Ctrl-C)", file=sys.stderr)
    uvicorn.run(
        create_app(settings),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        limit_concurrency=512,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=60,
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
