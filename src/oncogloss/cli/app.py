"""The Typer application that the verbs register on."""

import typer

app = typer.Typer(
    name="oncogloss",
    help="Oncology trial text in; grounded, structured facts out. Offline, on a CPU.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
