"""``coopkg completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from coopkg.errors import UsageError

VARIABLE = "_COOPKG_COMPLETE"
SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the script by which SHELL completes commands, options and the names of saved queries.

    For bash, put this into ~/.bashrc: eval "$(coopkg completion bash)"
    """
    completion = get_completion_class(shell)
    if completion is None:
        raise UsageError(f"There is no completion for {shell}.")
    click.echo(completion(context.find_root().command, {}, "coopkg", VARIABLE).source())
