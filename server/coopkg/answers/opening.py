"""Open a service from settings: the first step of ``coopkg serve``, of Flask without it, and of tests."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from coopkg.answers.answer_cache import AnswerCache
from coopkg.answers.federation.configuration import open_federation
from coopkg.answers.query_examples import with_examples
from coopkg.answers.saved_queries import load_queries
from coopkg.answers.service import Service
from coopkg.answers.shared_files import SharedFiles
from coopkg.dataset.commit_log import check_head, read_dataset, read_seed
from coopkg.dataset.engine import LocalEngine
from coopkg.dataset.entailment import with_closure
from coopkg.dataset.export import accepted_facts, with_accepted_facts
from coopkg.dataset.history import History
from coopkg.dataset.journal import NAME
from coopkg.dataset.journal_format import SEED_VERSION
from coopkg.dataset.published_files import find_published
from coopkg.dataset.validation import validate_documents, validate_published
from coopkg.errors import DatasetBroken, DoesNotConform
from coopkg.rdf.namespaces import prefixes
from coopkg.shacl.published_shapes import shapes_quads
from coopkg.shacl.report import Report, Severity, human

if TYPE_CHECKING:
    from pathlib import Path

    from coopkg.dataset.engine import Engine
    from coopkg.dataset.store import Dataset
    from coopkg.settings import Settings


def open_service(settings: Settings, engine: Engine | None = None, folder: Path | None = None) -> Service:
    """Load the saved queries, and the dataset unless an engine has it, without validating it.

    ``folder`` is where web processes share dumps and the health of endpoints. Raises DatasetBroken, RdfSyntaxError,
    QuerySyntaxError, and UsageError for an allow-list of endpoints that cannot be read.
    """
    published = find_published(settings.published)
    queries = load_queries(published, settings.base)
    cache = AnswerCache(settings.cache_bytes)
    engine = engine or LocalEngine(_local(settings))
    federation = open_federation(settings, published, folder)
    return Service(settings, engine, queries, cache, _history(settings), federation, SharedFiles(folder))


def _local(settings: Settings) -> Dataset:
    dataset = with_closure(read_dataset(settings), axiomatic=settings.scratch)
    return dataset if settings.scratch else with_examples(dataset, find_published(settings.published))


def _history(settings: Settings) -> History | None:
    """Return the history in the data directory; None where there is no journal, or one that cannot be read any more.

    A web process that is started again while the journal is damaged serves everything but the history.
    """
    if settings.home is None or not (settings.home / NAME).exists():
        return None
    try:
        history = History(settings.home / NAME, NAME)  # clients of the server are not told where it is
    except (DatasetBroken, OSError) as error:
        print(f"coopkg: there is no history: {error}", file=sys.stderr, flush=True)  # noqa: T201
        return None
    check_head(history.head, settings)
    return history


def check_published(settings: Settings, current: Dataset | None = None) -> None:
    """Check the published files with the journal's changes, or ``current`` if given, against shapes and axioms.

    Raises DoesNotConform with file and line of each violation, and DatasetBroken.
    """
    published = find_published(settings.published)
    current = current or read_dataset(settings)
    if current.version == SEED_VERSION:
        report = validate_published(published, regime=settings.regime, base=settings.base)
    else:
        # As amended files rather than as a store, so that each violation has its file and line.
        facts = accepted_facts(read_seed(settings), current)
        documents = with_accepted_facts(published, facts, settings.base, settings.base)
        shapes = shapes_quads(published.shapes(), settings.base)
        report = validate_documents(documents, shapes, settings.regime, settings.base)
    if report.refused_at(Severity.VIOLATION):
        violations = Report(tuple(r for r in report.results if r.severity is Severity.VIOLATION))
        listed = human(violations, prefixes(settings.base))
        raise DoesNotConform(f"The published data violate their shapes or contradict their ontology:\n{listed}")
