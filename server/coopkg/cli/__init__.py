"""The command line: a module for each command, imported when it is called, so that ``coopkg query`` never loads Flask.

Standard output has data and nothing else; messages go to standard error. Exit codes: 0 ok or conforms,
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
    "explain": "Explain why a triple holds, down to the claims that support it.",
    "evidence": "Check claims against the text of their source.",
    "align": "Check the alignments against a copy of the register that they lead to.",
    "federate": "Check the endpoints that SERVICE may reach, and record their answers.",
    "queries": "List, show, run and test the saved queries.",
    "token": "Add, list and revoke the tokens that allow writes.",
    "log": "List the commits of a data directory.",
    "show": "Show one commit: its patch, or its provenance.",
    "revert": "Undo a commit by a new one.",
    "export": "Write accepted facts into the published files, to propose them in git.",
    "doctor": "List what the stored data violate, with the commits that brought it in.",
    "compact": "Check a journal, and write a snapshot file for the next start.",
    "backup": "Back up a data directory into one file, also while it is in use.",
    "restore": "Restore a backup into an empty data directory.",
    "completion": "Print the script by which a shell completes commands and saved queries.",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the module of a command and return the command; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"coopkg.cli.{cmd_name}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"coopkg.cli.{cmd_name}.command is no click command")
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands that begin with ``incomplete``, without importing them."""
        commands = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return commands if not incomplete.startswith("-") else super().shell_complete(ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "COOPKG"})
@click.version_option(__version__, prog_name="coopkg")
@click.option("-q", "--quiet", is_flag=True, help="Write nothing but errors to standard error.")
@click.option("-v", "--verbose", is_flag=True, help="Write to standard error how long each stage took.")
@click.option("--no-color", is_flag=True, help="Use no colour on a terminal; NO_COLOR does the same.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def cli(context: click.Context, /, **options: bool) -> None:
    """Work with a knowledge graph of international scientific and technical cooperation."""
    if options["quiet"] and options["verbose"]:
        raise click.UsageError("--quiet and --verbose exclude each other.")
    context.obj = options


def main() -> None:
    """Run the command line; an error becomes one sentence and the exit code of its class."""
    debug = "--debug" in sys.argv[1:]  # known before click has parsed anything, since that may fail too
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
        # ``coopkg ... | head``: without another descriptor the interpreter would complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if debug:
            raise
        click.echo(f"coopkg: {error.filename or 'system'}: {error.strerror or error}.", err=True)
        sys.exit(3)
