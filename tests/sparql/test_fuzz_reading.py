"""No text makes the engine do what our tokens do not say, and no normal form means anything else than its original.

The seeded short form is part of the tests; ``make fuzz`` makes more texts, from another seed if asked.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import re
import select
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import pytest

from conftest import ROOT
from coopkg.answers.federation.service_clauses import unlisted
from coopkg.errors import CoopkgError, QuerySyntaxError
from coopkg.shacl.pre_binding import starts_from_this
from coopkg.sparql.admission import Bounds, admit
from coopkg.sparql.functions import VOLATILE
from coopkg.sparql.lexer import KEYWORDS, Kind, Token, rebase, significant
from coopkg.sparql.normal_form import NormalForm, of_query, of_update
from coopkg.sparql.reading import formless
from coopkg.sparql.rewrites import rewrite
from coopkg.sparql.rewrites.aggregate_variables import unfolded
from coopkg.sparql.syntax_tree import UnreadableError, read
from coopkg.sparql.update_dataset import with_using
from engine_child import sample
from query_maker import QueryMaker

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXTS: Final = int(os.environ.get("COOPKG_FUZZ", "1500"))
FIRST: Final = int(os.environ.get("COOPKG_FUZZ_SEED", "0"))
SECONDS: Final = 3.0
"""How long the engine may evaluate one text; what takes longer is not compared."""
BASE: Final = "http://e/v1/x"
CHILD: Final = Path(__file__).parent.parent / "support" / "engine_child.py"
ENDED: Final = "ended"
UNBOUNDED: Final = Bounds(**dict.fromkeys(vars(Bounds()), 10**9))


class Canary:
    """An address that counts the requests that come to it."""

    def __init__(self) -> None:
        self.hits = 0
        canary = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                canary.hits += 1
                self.send_error(404)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Child:
    """The engine in another process, with a deadline for each text."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self.process.communicate()

    def start(self) -> None:
        command = [sys.executable, str(CHILD), str(ROOT)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def outcomes(self, cases: list[dict[str, Any]]) -> list[str]:
        """Return what each text gives; after a text that ends the process or takes too long, nothing of any."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(cases) + "\n")
            self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], SECONDS * len(cases))
        line = self.process.stdout.readline() if ready else ""
        if not line:
            self.__exit__()
            self.start()
            return [ENDED] * len(cases)
        found: list[str] = json.loads(line)
        return found


@pytest.fixture
def canary() -> Iterator[Canary]:
    made = Canary()
    yield made
    made.close()


def forms_of(text: str, *, update: bool) -> tuple[NormalForm, ...]:
    return of_update(text, BASE) if update else (of_query(text, BASE),)


def admitted_words(text: str) -> frozenset[str]:
    """The keywords that admission finds, those of the prologue among them."""
    try:
        return admit(text, UNBOUNDED, service=True, load=True).words
    except QuerySyntaxError:
        return frozenset()


def spaced(text: str) -> str:
    """The tokens as they are written, each apart from the next: what the engine makes of them is another reading."""
    tokens = list(significant(text))
    parts = []
    for before, token in zip([None, *tokens], tokens, strict=False):
        signed = before is not None and before.text in {"+", "-"} and token.start == before.start + 1
        called = token.text == "(" and before is not None and before.kind is Kind.WORD
        boolean = token.keyword in {"TRUE", "FALSE"}
        parts.append(
            ("" if called or (signed and token.kind is Kind.NUMBER) else " ")
            + (token.text.lower() if boolean else token.text)
        )
    return "".join(parts)


def is_odd(text: str) -> bool:
    """Whether the engine may read a text in another way than the grammar: what it is known to get wrong is in it."""
    tokens = list(significant(text))
    return any(_odd(before, token) for before, token in zip([None, *tokens], tokens, strict=False))


def _odd(before: Token | None, token: Token) -> bool:
    if token.kind is Kind.WORD:
        return token.keyword not in KEYWORDS and token.text != "a"
    if token.kind is Kind.PREFIXED:
        # The engine ends a local name at a digit behind a dot, and begins one behind what it takes for a keyword.
        prefix, _, local = token.text.partition(":")
        return "." in token.text or _begins_with_keyword(prefix) or ":" in local
    if token.kind is Kind.NUMBER and before is not None and before.text in {"+", "-"}:
        return True
    glued = before is not None and token.start == before.start + len(before.text)
    return token.kind is Kind.IRI and glued and re.search(r"[&()?!=,;|*#]", token.text) is not None


def _begins_with_keyword(name: str) -> bool:
    return name.startswith("a") or any(name.upper().startswith(word) for word in KEYWORDS)


class Run:
    """One run over many texts, and what was seen."""

    def __init__(self, canary: Canary, child: Child) -> None:
        self.canary, self.child = canary, child
        self.quads = sample(ROOT)
        self.seen: Counter[str] = Counter()
        self.faults: list[tuple[str, str]] = []

    def take(self, seed: int) -> None:
        text, update = QueryMaker(seed, self.quads, self.canary.address).text()
        try:
            forms = forms_of(text, update=update)
        except CoopkgError:
            self.seen["refused"] += 1
            self.refused(text, update=update)
            return
        words = frozenset().union(*(form.words for form in forms))
        if not (admitted := admitted_words(text)) >= words or (admitted - words) & {"SERVICE", "LOAD", "FROM"}:
            self.faults.append(("admission has other words", text))
        remote = words & {"SERVICE", "LOAD"}
        self.seen["remote" if remote else "read"] += 1
        before = self.canary.hits
        given = [_case(form, update=update) for form in forms]
        dataset = {"other": True} if "FROM" in words else {"explicit": True}
        outcomes = self.child.outcomes(given + [{**case, **dataset} for case in given])
        if remote:
            self.seen["requests"] += self.canary.hits - before
            return
        if self.canary.hits != before:
            self.faults.append(("a request that no token asks for", text))
        if words & VOLATILE or ENDED in outcomes:
            self.seen[ENDED if ENDED in outcomes else "volatile"] += 1
            return
        if not update and outcomes[0] != outcomes[1]:
            self.faults.append((f"FROM {'is' if 'FROM' in words else 'is not'} among the words", text))
        self.seen["SyntaxError" if "SyntaxError" in outcomes else "evaluated"] += 1
        if len(forms) == 1:
            self.compare(text, outcomes[0], update=update)

    def compare(self, text: str, outcome: str, *, update: bool) -> None:
        """Hold the outcome of a normal form against that of its tokens as written, and of the text itself."""
        case = {"text": spaced(text), "base": BASE, "update": update}
        (apart,) = self.child.outcomes([case])
        original = self.original(text, update=update)
        if ENDED in {apart, original}:
            return
        if apart not in {outcome, "SyntaxError"} and not is_odd(text):
            self.faults.append((f"{outcome} for the normal form, {apart} for the tokens", text))
        if original in {"SyntaxError", outcome}:
            self.seen["same" if original == outcome else "the engine refuses the original"] += 1
        elif is_odd(text):
            self.seen["differs, and the grammar decides"] += 1
        else:
            self.faults.append((f"{outcome} for the normal form, {original} for the original", text))

    def original(self, text: str, *, update: bool) -> str:
        """Evaluate a text itself, which no server does, and count the requests that no token of it asks for."""
        before = self.canary.hits
        (outcome,) = self.child.outcomes([{"text": text, "base": BASE, "update": update}])
        self.seen["requests of originals"] += self.canary.hits - before
        return outcome

    def refused(self, text: str, *, update: bool) -> None:
        """Hold it against the engine that a text is refused; what it would evaluate must be one of its known faults."""
        original = self.original(text, update=update)
        if original in {"SyntaxError", ENDED}:
            return
        self.seen["refused, though the engine evaluates it"] += 1
        if not is_odd(text):
            self.faults.append((f"refused, and {original} for the original", text))


def _case(form: NormalForm, *, update: bool) -> dict[str, Any]:
    return {"text": form.text, "base": form.base, "update": update}


@pytest.mark.slow
def test_normal_form_and_original_mean_the_same(canary: Canary) -> None:
    with Child() as child:
        run = Run(canary, child)
        for seed in range(FIRST, FIRST + TEXTS):
            run.take(seed)
    print(dict(run.seen))  # noqa: T201 - make fuzz shows it
    assert run.faults == []
    assert run.seen["requests"] > TEXTS / 100, "the canary was never asked, so that it tells nothing"
    assert run.seen["requests of originals"], "no text deceives the engine, so that the test tells nothing"
    assert run.seen["same"] > TEXTS / 4, "too few texts are evaluated"


@pytest.mark.slow
def test_whatever_the_text_only_errors_of_ours_are_raised() -> None:
    quads = sample(ROOT)
    readers = (admitted_words, read, formless, starts_from_this)
    for seed in range(FIRST, FIRST + TEXTS // 3):
        text, update = QueryMaker(seed, quads, BASE).text()
        for reader in readers:
            with contextlib.suppress(CoopkgError, UnreadableError):
                reader(text)
        with contextlib.suppress(CoopkgError):
            rebase(text, "http://e/", "http://f/")
        with contextlib.suppress(CoopkgError):
            with_using(text, ["http://e/g"], ["http://e/h"])
        with contextlib.suppress(CoopkgError):
            unlisted(text, {}, BASE)
        with contextlib.suppress(CoopkgError):
            for form in forms_of(text, update=update):
                starts, places = form.places()
                assert len(starts) == len(places)
                assert starts == sorted(starts)
                rewrite(form.text, lambda _: True)
                unfolded(form.text)
