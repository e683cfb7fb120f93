"""What is checked and computed before a dataset is served: ``python -m coopkg.web.serving.preparation PARENT``.

A process of its own, so that the memory which the validation of a million triples takes, 1.3 GB, is free again before
the dataset is loaded, and no process inherits it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from coopkg.answers.opening import check_published
from coopkg.answers.query_examples import examples
from coopkg.answers.saved_queries import load_queries
from coopkg.dataset.process import AVAILABLE_GRAPHS
from coopkg.dataset.published_files import find_published
from coopkg.errors import CoopkgError
from coopkg.rdf.namespaces import EXAMPLES
from coopkg.rdf.terms import in_graph, write_nquads
from coopkg.settings import Settings
from coopkg.web.serving.environment import SOCKETS
from coopkg.workers.dataset_process import die_with


def prepare(settings: Settings, folder: Path) -> None:
    """Check the published files, and write the graph of the saved queries for the dataset process.

    Raises DoesNotConform and what ``load_queries`` raises.
    """
    check_published(settings)
    published = find_published(settings.published)
    triples = examples(load_queries(published, settings.base).values(), settings.base)
    # Computed here once, since the dataset process is to start without the code that reads saved queries.
    (folder / AVAILABLE_GRAPHS).write_bytes(write_nquads(in_graph(triples, settings.base + EXAMPLES)))


def main() -> None:
    """Run as the supervisor starts it; the exit code is that of the error, if any."""
    die_with(int(sys.argv[1]))
    try:
        prepare(Settings.from_environment(), Path(os.environ[SOCKETS]))
    except CoopkgError as error:
        print(f"coopkg: {error.detail}", file=sys.stderr, flush=True)  # noqa: T201
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
