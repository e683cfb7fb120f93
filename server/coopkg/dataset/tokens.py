"""Bearer tokens (RFC 6750): who may write, and what. The file holds hashes, so that reading it gives nobody a token.

A secret has 256 random bits. That is too many to try them all against a single SHA-256, so no slow hash is needed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from coopkg.dataset.durable_files import write_whole
from coopkg.errors import BadParameter, DatasetBroken, Forbidden, NotFound, Unauthorized

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "tokens"
PREFIX: Final = "coopkg_"
"""The prefix of every secret, by which scanners recognise one that has leaked into a repository or a log."""
SCOPES: Final = {
    "facts": "add facts to the graphs of contributions by POST /facts",
    "update": "send SPARQL updates to /update",
    "graphs": "change any graph by /graphs, and add to any by POST /facts",
    "admin": "all of these, and revert commits",
}
"""The scopes of tokens, and what each allows."""
_NEVER: Final = "never"
_DURATION: Final = re.compile(r"([1-9][0-9]{0,4})([dhm])")
_UNITS: Final = {"d": "days", "h": "hours", "m": "minutes"}


@dataclass(frozen=True)
class Token:
    """A token as the file has it: its owner, the SHA-256 of its secret, its scopes, when it was created and expires."""

    name: str
    digest: str
    scopes: frozenset[str]
    created: str
    expires: str = _NEVER

    def line(self) -> str:
        """Format the token's line in the file: five fields with tabs between them."""
        return "\t".join((self.name, self.digest, ",".join(sorted(self.scopes)), self.created, self.expires))

    @property
    def expired(self) -> bool:
        """Return whether the token has expired."""
        return self.expires != _NEVER and datetime.fromisoformat(self.expires) <= datetime.now(UTC)

    def allows(self, scope: str) -> bool:
        """Check whether the token has that scope, or ``admin``, which includes all."""
        return bool({scope, "admin"} & self.scopes)


def read_tokens(path: Path) -> list[Token]:
    """Read the tokens; none where there is no file. Raises DatasetBroken where it is damaged or others may read it."""
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError):
        raise DatasetBroken(f"{path} cannot be read as a file of tokens.") from None
    # Hashes too are for the owner alone: whoever could write the file could give himself a token.
    if mode & 0o077:
        raise DatasetBroken(f"{path} is open to other users (mode {mode & 0o777:o}); make its mode 600.")
    return [_token(path, number, line) for number, line in enumerate(text.split("\n")[:-1], 1)]


def _token(path: Path, number: int, line: str) -> Token:
    try:
        name, digest, scopes, created, expires = line.split("\t")
        token = Token(name, digest, frozenset(scopes.split(",")), created, expires)
        _ = token.expired  # parses the date, so that a damaged one is noticed now and not when it is used
    except ValueError:
        raise DatasetBroken(f"{path}:{number}: this is no token.") from None
    return token


def add_token(path: Path, name: str, scopes: frozenset[str], expires: str = _NEVER) -> str:
    """Add a token to the file and return its secret, which is stored nowhere.

    Raises BadParameter for a name that is in use, empty, too long or not printable.
    """
    tokens = read_tokens(path)
    # A tab or a line end in a name would begin a field or a line of its own in the file.
    if not name.isprintable() or not 0 < len(name.strip()) <= 80:
        raise BadParameter("The name of a token has one to 80 printable characters.")
    if any(token.name == name for token in tokens):
        raise BadParameter(f"There is a token named {name!r} already; revoke it first, or choose another name.")
    secret = PREFIX + secrets.token_urlsafe(32)
    _write(path, [*tokens, Token(name, _digest(secret), scopes, _moment(datetime.now(UTC)), expires)])
    return secret


def revoke_token(path: Path, name: str) -> None:
    """Remove a token from the file; servers read it for each request. Raises NotFound."""
    tokens = read_tokens(path)
    remaining = [token for token in tokens if token.name != name]
    if len(remaining) == len(tokens):
        raise NotFound(f"There is no token named {name!r}.")
    _write(path, remaining)


def _write(path: Path, tokens: list[Token]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, "".join(f"{token.line()}\n" for token in tokens).encode())


def expiry(text: str | None) -> str:
    """Return the xsd:dateTime that ``90d``, ``12h``, ``30m`` or a date means; ``never`` for None.

    Raises BadParameter.
    """
    if text is None:
        return _NEVER
    duration = _DURATION.fullmatch(text)
    if duration:
        return _moment(datetime.now(UTC) + timedelta(**{_UNITS[duration[2]]: int(duration[1])}))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadParameter(f"A token ends after a time such as 90d, 12h or 30m, or on a date, not {text!r}.") from None
    return _moment(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _digest(secret: str) -> str:
    # Lone surrogates, which UTF-8 refuses, must give a digest that matches no token, not an error.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def authorize(path: Path, field: str | None, scope: str) -> Token:
    """Return the token that an Authorization field carries, if it has ``scope``.

    Raises Forbidden where there are no tokens at all, where their file cannot be used, or this one lacks the scope, and
    Unauthorized where the field carries no token, or one that is unknown or has expired (RFC 6750, section 3.1).
    """
    try:
        tokens = read_tokens(path)
    except DatasetBroken:
        # What is wrong is for the operator, with the path; a client learns that it is not his request.
        raise Forbidden(
            "Writes are off on this server: its file of tokens cannot be used. See coopkg token list."
        ) from None
    if not tokens:
        raise Forbidden("Writes are off on this server: there is no token. See coopkg token add.")
    kind, _, secret = (field or "").strip().partition(" ")
    if kind.lower() != "bearer" or not secret.strip():
        raise Unauthorized("This needs a token: Authorization: Bearer ...")
    digest = _digest(secret.strip())
    # Every token is compared, each in constant time, so that response times tell nothing about digests or their order.
    matches = [token for token in tokens if hmac.compare_digest(token.digest, digest)]
    if not matches or matches[0].expired:
        raise Unauthorized("The token is not known here, or its time is over.", error="invalid_token")
    if not matches[0].allows(scope):
        raise Forbidden(f"The token {matches[0].name!r} does not have the scope {scope!r}.", error="insufficient_scope")
    return matches[0]
