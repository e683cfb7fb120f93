"""The command line: one lazy module a command, so that ``coopkg query`` never pays for pyshacl or Flask.

Data go to standard output and nothing else does; messages go to standard error. Exit codes: 0 ok or conforms,
1 does not conform (or ``fmt --check`` found differences, or the address is in use), 2 usage, 3 input unreadable,
4 network, 5 timeout or limit, 70 internal, 130 interrupted.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Final

import click
from click.shell_completion import CompletionItem

from coopkg import __version__
from coopkg.errors import CoopkgError

COMMANDS: Final = {
    "serve": "Serve the graph over HTTP.",
    "query": "Ask a SPARQL query of the graph, in process.",
    "validate": "Validate RDF files, or the published graph, against the shapes.",
    "fmt": "Write Turtle files in their canonical form.",
    "infer": "Write what follows from the facts, or compare it with owlrl.",
    "explain": "Say why a triple holds, down to the claims that it rests on.",
    "evidence": "Check claims against a copy of their source.",
    "align": "Check the alignments against a copy of the register that they lead to.",
    "federate": "Check the endpoints that SERVICE may reach, and record what they answer.",
    "queries": "List, show, run and test the saved queries.",
    "token": "Make, list and revoke the tokens of those who may write.",
    "log": "List the commits of a data directory.",
    "show": "Show one commit: its patch, or who made it, when and why.",
    "revert": "Undo a commit by a new one.",
    "export": "Write accepted facts into the published files, to propose them in git.",
    "backup": "Write a data directory into one file, while it is in use.",
    "restore": "Put a backup into an empty data directory.",
    "completion": "Print what makes a shell complete commands and saved queries.",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and give a command."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"coopkg.cli.{cmd_name}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"coopkg.cli.{cmd_name}.command is no click command")
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands that begin so, without importing them."""
        found = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return found if not incomplete.startswith("-") else super().shell_complete(ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "COOPKG"})
@click.version_option(__version__, prog_name="coopkg")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing on standard error but errors.")
@click.option("-v", "--verbose", is_flag=True, help="Say on standard error how long each stage took.")
@click.option("--no-color", is_flag=True, help="Use no colour on a terminal; NO_COLOR does the same.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def cli(context: click.Context, /, **options: bool) -> None:
    """Work with a knowledge graph of international scientific and technical cooperation."""
    if options["quiet"] and options["verbose"]:
        raise click.UsageError("--quiet and --verbose exclude each other.")
    context.obj = options


def main() -> None:
    """Run the command line: one sentence and the right exit code, whatever goes wrong."""
    debug = "--debug" in sys.argv[1:]
    try:
        sys.exit(cli.main(prog_name="coopkg", standalone_mode=False) or 0)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except CoopkgError as error:
        if debug:
            raise
        click.echo(f"coopkg: {error.detail}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if debug:
            raise
        click.echo(f"coopkg: {error.filename or 'system'}: {error.strerror or error}.", err=True)
        sys.exit(3)
