"""Generated cooperation data, in the project's own model and as its shapes want them: as many triples as asked for.

The nodes cite a source, countries, topics and programs of the published data, and are meant to be loaded beside them.
Each node has a claim of its own, which supports each of its facts by an rdf:Statement.
"""

from __future__ import annotations

import itertools
import random
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from coopkg.dataset.published_files import CATALOG, FOLDERS, find_published
from coopkg.rdf.namespaces import DEFAULT_BASE, STANDARD_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator

GRAPH: Final = f"{DEFAULT_BASE}graph/generated"
PROJECT: Final = f"{DEFAULT_BASE}id/project/generated-"
"""Where the IRI of a generated project begins; its number in seven digits follows."""
SEED: Final = 2019

_ID: Final = f"{DEFAULT_BASE}id/"
_A: Final = f"<{STANDARD_PREFIXES['rdf']}type>"
_LABEL: Final = f"<{STANDARD_PREFIXES['skos']}prefLabel>"
_TITLE: Final = f"<{STANDARD_PREFIXES['dcterms']}title>"
_RDF: Final = STANDARD_PREFIXES["rdf"]
_EXEMPT: Final = {_A, _LABEL, *(f"<{DEFAULT_BASE}ontology#{name}>" for name in ("hasCertainty", "hasEvidence"))}
_DURATION: Final = f"^^<{STANDARD_PREFIXES['xsd']}duration>"
_DATE: Final = f"^^<{STANDARD_PREFIXES['xsd']}date>"
_SOURCE: Final = "gknt-2017-12-12"
_COUNTRIES: Final = ("AM", "AZ", "CN", "CU", "GE", "ID", "IN", "KR", "KZ", "PK", "SK", "UA", "UZ")
_PARTNERS: Final = ("CH", "FR", "IT", "NL", "LT", "PL")
_TOPICS: Final = ("biotechnology", "digital-transformation", "disaster-prevention", "electrode-materials")
_PROGRAMS: Final = ("horizon-2020", "cost", "cis-innovation-2020")
_PROJECTS_OF_A_BODY: Final = 40
_DISTRIBUTION: Final = f"""
<{DEFAULT_BASE}catalog#file-generated>
    a <{STANDARD_PREFIXES["dcat"]}Distribution> ;
    <{STANDARD_PREFIXES["dcterms"]}identifier> "data/generated.ttl" ;
    <{STANDARD_PREFIXES["dcterms"]}title> "Generated data"@en, "Порожденные данные"@ru, "Згенераваныя даныя"@be ;
    <{STANDARD_PREFIXES["sd"]}name> <{GRAPH}> ;
.
"""


def batches(count: int, seed: int = SEED) -> Iterator[list[str]]:
    """Return at most ``count`` triples, those of one project and of what comes with it at a time.

    Each is in N-Triples syntax without its final dot; the same seed gives the same. No node is cut short.
    """
    chance = random.Random(seed)  # noqa: S311 - data, not secrets
    for number in itertools.count():
        batch = list(_nodes(number, chance))
        count -= len(batch)
        if count < 0:
            return
        yield batch


def write(path: Path, count: int, seed: int = SEED, graph: str | None = GRAPH) -> int:
    """Write at most ``count`` triples and give the number of projects among them.

    They are N-Quads of one graph, or, where that is None, N-Triples, which are Turtle too.
    """
    end = " .\n" if graph is None else f" <{graph}> .\n"
    projects = 0
    with path.open("w", encoding="utf-8") as file:
        for batch in batches(count, seed):
            projects += 1
            file.writelines(triple + end for triple in batch)
    return projects


def write_published(root: Path, count: int, seed: int = SEED, *, shapes: bool = False) -> int:
    """Write a folder that ``coopkg serve --published`` takes: the published files and the generated data.

    Without its shapes, there is nothing that a start would hold the data against. Gives the number of projects.
    """
    source = find_published()
    for folder in FOLDERS:
        shutil.rmtree(root / folder, ignore_errors=True)
        if folder != "shapes" or shapes:
            shutil.copytree(source.root / folder, root / folder)
        else:
            (root / folder).mkdir(parents=True)
    with (root / CATALOG).open("a", encoding="utf-8") as catalog:
        catalog.write(_DISTRIBUTION)
    return write(root / "data" / "generated.ttl", count, seed, graph=None)


def _nodes(number: int, chance: random.Random) -> Iterator[str]:
    """Return the triples of a project and of what comes with it: now and then an institute, a session, an agreement."""
    for node, facts in _described(number, chance):
        yield from facts
        yield from _supported(node, facts)
    if number % 3 == 0:
        yield from _period(number)


def _described(number: int, chance: random.Random) -> Iterator[tuple[str, list[str]]]:
    """Return each node with its triples, the claims that it cites among them."""
    body = number // _PROJECTS_OF_A_BODY
    if number % _PROJECTS_OF_A_BODY == 0:
        yield f"generated-body-{body:07}", list(_body(body))
    yield f"generated-project-{number:07}", list(_project(number, body, chance))
    if number % 3 == 0:
        yield f"generated-session-{number:07}", list(_session(number, chance))
    if number % 5 == 0:
        yield f"generated-agreement-{number:07}", list(_agreement(number, chance))


def _supported(node: str, facts: list[str]) -> Iterator[str]:
    """Return the claim of a node, and the statements of those of its facts that need evidence."""
    claim = _claim(node)
    yield f"{claim} {_A} {_coop('Claim')}"
    yield f'{claim} {_coop("claimNumber")} "1"^^<{STANDARD_PREFIXES["xsd"]}integer>'
    yield f"{claim} {_coop('hasCertainty')} {_id('certainty', 'asserted')}"
    yield f"{claim} {_coop('hasVoice')} {_id('voice', 'article')}"
    for language, text in (
        ("en", "They work together."),
        ("ru", "Они работают вместе."),
        ("be", "Яны працуюць разам."),
    ):
        yield f'{claim} {_coop("paraphrase")} "{text}"@{language}'
    for name in ("wasAttributedTo", "wasDerivedFrom"):
        yield f"{claim} <{STANDARD_PREFIXES['prov']}{name}> <{DEFAULT_BASE}source/{_SOURCE}>"
    needing = [fact for fact in facts if fact.split(" ", 2)[1] not in _EXEMPT]
    for number, fact in enumerate(needing, 1):
        subject, predicate, value = fact.split(" ", 2)
        statement = _id("triple", f"{node}-{number}")
        yield f"{claim} {_coop('supports')} {statement}"
        yield f"{statement} {_A} <{_RDF}Statement>"
        yield f"{statement} <{_RDF}subject> {subject}"
        yield f"{statement} <{_RDF}predicate> {predicate}"
        yield f"{statement} <{_RDF}object> {value}"


def _body(number: int) -> Iterator[str]:
    body = _id("body", f"generated-{number:07}")
    yield f"{body} {_A} {_coop('ResearchInstitute')}"
    yield from _asserted(body, f"generated-body-{number:07}")
    yield f"{body} {_coop('isLocatedIn')} {_id('country', 'BY')}"
    yield from _labels(body, f"Institute {number}", f"Институт {number}", f"Інстытут {number}")


def _project(number: int, body: int, chance: random.Random) -> Iterator[str]:
    project = f"<{PROJECT}{number:07}>"
    yield f"{project} {_A} {_coop('Project')}"
    yield from _asserted(project, f"generated-project-{number:07}")
    yield f"{project} {_coop('isImplementedBy')} {_id('body', f'generated-{body:07}')}"
    yield f"{project} {_coop('hasStatus')} {_id('status', 'ongoing')}"
    yield f"{project} {_coop('hasTopic')} {_id('topic', chance.choice(_TOPICS))}"
    yield f"{project} {_coop('isUnderProgram')} {_id('program', chance.choice(_PROGRAMS))}"
    for country in chance.sample(_PARTNERS, chance.randint(1, 3)):
        yield f"{project} {_coop('involvesCountry')} {_id('country', country)}"
    yield f'{project} {_coop("duration")} "P{chance.randint(1, 5)}Y"{_DURATION}'
    yield f'{project} {_TITLE} "Joint study number {number} of materials, devices and methods"@en'
    yield from _labels(project, f"Project {number}", f"Проект {number}", f"Праект {number}")


def _session(number: int, chance: random.Random) -> Iterator[str]:
    country = chance.choice(_COUNTRIES)
    session = _id("session", f"by-{country.lower()}-2018-generated-{number:07}")
    yield f"{session} {_A} {_coop('CommissionSession')}"
    yield from _asserted(session, f"generated-session-{number:07}")
    yield from _parties(session, country)
    yield f"{session} {_coop('hasReferencePeriod')} {_id('period', f'generated-{number:07}')}"
    yield f"{session} {_coop('hasStatus')} {_id('status', 'completed')}"
    yield f"{session} {_coop('isOrganizedBy')} {_id('body', 'scst')}"
    yield f"{session} {_coop('isSessionOf')} {_id('commission', f'by-{country.lower()}')}"
    yield from _labels(session, f"Session {number}", f"Заседание {number}", f"Пасяджэнне {number}")


def _period(number: int) -> Iterator[str]:
    """Give the day of a session: a period of its own, since two sessions of one period would be taken for the same.

    It lies before the source, which could not know of a later one.
    """
    period, day = _id("period", f"generated-{number:07}"), date(2017, 1, 1) + timedelta(number % 345)
    yield f"{period} {_A} {_coop('Period')}"
    yield f"{period} {_coop('hasPrecision')} {_id('precision', 'day')}"
    yield f'{period} {_coop("startDate")} "{day}"{_DATE}'
    yield f'{period} {_coop("endDate")} "{day}"{_DATE}'
    yield from _labels(period, f"Day {number}", f"День {number}", f"Дзень {number}")


def _agreement(number: int, chance: random.Random) -> Iterator[str]:
    agreement = _id("agreement", f"generated-{number:07}")
    yield f"{agreement} {_A} {_coop('Agreement')}"
    yield from _asserted(agreement, f"generated-agreement-{number:07}")
    yield from _parties(agreement, chance.choice(_COUNTRIES))
    yield from _labels(agreement, f"Agreement {number}", f"Соглашение {number}", f"Пагадненне {number}")


def _asserted(node: str, name: str) -> Iterator[str]:
    yield f"{node} {_coop('hasCertainty')} {_id('certainty', 'asserted')}"
    yield f"{node} {_coop('hasEvidence')} {_claim(name)}"


def _claim(name: str) -> str:
    return _id("claim", f"{name}-001")


def _parties(node: str, country: str) -> Iterator[str]:
    yield f"{node} {_coop('hasParty')} {_id('country', 'BY')}"
    yield f"{node} {_coop('hasParty')} {_id('country', country)}"


def _labels(node: str, en: str, ru: str, be: str) -> Iterator[str]:
    yield f'{node} {_LABEL} "{en}"@en'
    yield f'{node} {_LABEL} "{ru}"@ru'
    yield f'{node} {_LABEL} "{be}"@be'


def _id(kind: str, name: str) -> str:
    return f"<{_ID}{kind}/{name}>"


def _coop(name: str) -> str:
    return f"<{DEFAULT_BASE}ontology#{name}>"


@click.command()
@click.argument("count", type=int)
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--seed", default=SEED, show_default=True, help="The same seed gives the same data.")
@click.option("--published", is_flag=True, help="Write a folder for coopkg serve --published, not an N-Quads file.")
@click.option("--shapes", is_flag=True, help="Put the shapes into that folder, so that a start validates.")
def main(count: int, target: Path, seed: int, *, published: bool, shapes: bool) -> None:
    """Write at most COUNT generated triples to TARGET as N-Quads; no node is cut short."""
    projects = write_published(target, count, seed, shapes=shapes) if published else write(target, count, seed)
    click.echo(f"{projects} projects in {target}", err=True)


if __name__ == "__main__":
    main()
