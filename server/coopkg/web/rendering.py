"""Pages as functions of values: a template, a visitor and what there is to show give a response; no framework in it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import jinja2

from coopkg import __version__
from coopkg.answers.http.protocol import COMMON_HEADERS, HttpResponse, form_fields
from coopkg.answers.http.validators import etag
from coopkg.rdf.namespaces import LANGUAGES
from coopkg.web.i18n import OWN_NAMES, Words, negotiate, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopkg.answers.http.protocol import HttpRequest

_LINKED: Final = re.compile(r"(?:https?|mailto):", re.IGNORECASE)
LONGEST_LINK: Final = 2048
"""Characters of the longest IRI that becomes a link."""
_PACKAGE: Final = Path(__file__).parent
# Data of strangers stand on these pages: should an escape ever be missed, the policy still lets no script of theirs
# run, no form post elsewhere, and no other site frame a page. Trusted Types refuse markup that a script would insert.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {}; require-trusted-types-for 'script'"
)
PAGE_HEADERS: Final = {
    **COMMON_HEADERS,
    "Content-Security-Policy": _POLICY.format("'none'"),
    "Referrer-Policy": "no-referrer",  # an address holds the whole query, which is nobody else's business
    "Cross-Origin-Opener-Policy": "same-origin",
}
EMBEDDED_HEADERS: Final = {**PAGE_HEADERS, "Content-Security-Policy": _POLICY.format("*")}
"""Those of the one kind of page that other sites may show in a frame."""


@dataclass(frozen=True)
class Visit:
    """Who looks at which page: its path and parameters, the language, whether the address asks for it."""

    path: str = "/"
    parameters: tuple[tuple[str, str], ...] = ()
    language: str = LANGUAGES[0]
    explicit: bool = False

    @property
    def words(self) -> Words:
        """Return the words of the language."""
        return words(self.language)

    def link(self, path: str, /, **parameters: str | None) -> str:
        """Return the address of a page of ours, in the language that this address asks for."""
        pairs = [(name, value) for name, value in parameters.items() if value is not None]
        if self.explicit and not path.startswith(("http:", "https:")):
            pairs.append(("lang", self.language))
        path, hash_, fragment = path.partition("#")
        joint = "&" if "?" in path else "?"
        return f"{path}{joint}{urlencode(pairs)}{hash_}{fragment}" if pairs else path + hash_ + fragment

    def here(self, **changed: str | None) -> str:
        """Return this page's address with some parameters changed; None removes one."""
        pairs = [(name, value) for name, value in self.parameters if name not in changed]
        pairs += [(name, value) for name, value in changed.items() if value is not None]
        return f"{self.path}?{urlencode(pairs)}" if pairs else self.path


def visit(request: HttpRequest) -> Visit:
    """Return who looks at which page. Raises ProtocolError where the parameters are not UTF-8."""
    parameters = tuple(form_fields(request.query_string))
    asked = dict(parameters).get("lang")
    language = negotiate(asked, request.headers.get("accept-language"))
    path = "/" + request.path.lstrip("/")  # two slashes would make links of ours lead to another host
    return Visit(path, parameters, language, asked == language)


@dataclass(frozen=True)
class Edition:
    """Which data a page shows: the version and when it came about; empty where nobody can say."""

    release: str = ""
    version: int = 0
    updated: str = ""
    tag: str = ""


@dataclass(frozen=True)
class Page:
    """A page before it is rendered; one that is not stable has no entity tag, for it differs from time to time."""

    template: str
    values: Mapping[str, object] = field(default_factory=dict)
    status: int = 200
    stable: bool = True
    headers: Mapping[str, str] = field(default_factory=lambda: PAGE_HEADERS)


def page_tag(visitor: Visit, edition: Edition) -> str:
    """Return the entity tag of a page: over the software, the version of the data, the address and the language."""
    return etag("page", software(), edition.tag, visitor.here(), visitor.language)


def render(page: Page, visitor: Visit, edition: Edition | None = None) -> HttpResponse:
    """Return the response with a page in the visitor's language."""
    edition = edition or Edition()
    context = {"visit": visitor, "t": visitor.words, "language": visitor.language, "link": visitor.link,
             "edition": edition, **page.values}  # fmt: skip
    headers = {
        **page.headers,
        "Content-Type": "text/html; charset=utf-8",
        "Content-Language": visitor.language,
        # the same address gives RDF or JSON to programs, and each visitor a language: caches must keep them apart
        "Vary": "Accept, Accept-Language",
        "Cache-Control": "no-cache" if page.stable else "no-store",
    }
    if page.stable and page.status == 200 and edition.tag:
        headers["ETag"] = page_tag(visitor, edition)
    return HttpResponse(page.status, headers, _environment().get_template(page.template).render(context).encode())


def own_link(iri: str, base: str) -> str:
    """Return where a page links to for an IRI: a path for one of ours, itself for another's; else none.

    Data are not to be trusted, so only http, https and mailto become links, and no path of ours becomes another host.
    """
    if iri.startswith(base) and not iri.startswith("/", len(base)):
        return "/" + iri.removeprefix(base)
    return iri if _LINKED.match(iri) and len(iri) <= LONGEST_LINK else ""


def asset(name: str) -> str:
    """Return the address of a static file, with its digest, so that it can be kept for as long as it stays the same."""
    return f"/static/{name}?v={_digest(_PACKAGE / 'static' / name)[:12]}"


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def software() -> str:
    """Return what stands for all that decides how a page looks: version, templates, messages, styles and scripts."""
    folders = (_PACKAGE / "templates", _PACKAGE / "static", _PACKAGE / "messages")
    files = sorted(path for folder in folders for path in folder.iterdir() if path.is_file())
    return hashlib.sha256("".join([__version__, *map(_digest, files)]).encode()).hexdigest()


@cache
def _environment() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(_PACKAGE / "templates")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True,
        auto_reload=False,  # asset digests and entity tags are computed once too, so files do not change while it runs
    )  # fmt: skip
    environment.globals.update(asset=asset, languages=OWN_NAMES, software_version=__version__)
    return environment
