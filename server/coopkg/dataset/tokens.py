"""Bearer tokens (RFC 6750): who may write, and what. The file holds hashes, so that reading it gives nobody a token.

A secret has 256 random bits; a single SHA-256 of such a one cannot be searched, so no slow hash is needed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from coopkg.dataset.journal import write_whole
from coopkg.errors import BadParameter, DatasetBroken, Forbidden, NotFound, Unauthorized

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "tokens"
PREFIX: Final = "coopkg_"
"""What every secret begins with, so that one that has leaked is recognised."""
SCOPES: Final = {
    "facts": "add facts to the graphs of contributions by POST /facts",
    "update": "send SPARQL updates to /update",
    "graphs": "change any graph by /graphs, and add to any by POST /facts",
    "admin": "all of these, and revert commits",
}
"""What a token may allow."""
_NEVER: Final = "never"
_DURATION: Final = re.compile(r"([1-9][0-9]{0,4})([dhm])")
_UNITS: Final = {"d": "days", "h": "hours", "m": "minutes"}


@dataclass(frozen=True)
class Token:
    """A token as the file has it: whose, the SHA-256 of its secret, its scopes, when it was made and when it ends."""

    name: str
    digest: str
    scopes: frozenset[str]
    created: str
    expires: str = _NEVER

    def line(self) -> str:
        """Return the token's line in the file."""
        return "\t".join((self.name, self.digest, ",".join(sorted(self.scopes)), self.created, self.expires))

    @property
    def expired(self) -> bool:
        """Return whether its time is over."""
        return self.expires != _NEVER and datetime.fromisoformat(self.expires) <= datetime.now(UTC)

    def allows(self, scope: str) -> bool:
        """Return whether it has that scope, or all."""
        return bool({scope, "admin"} & self.scopes)


def read_tokens(path: Path) -> list[Token]:
    """Return the tokens; none where there is no file. Raises DatasetBroken where it is damaged or open to others."""
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    if mode & 0o077:
        raise DatasetBroken(f"{path} is open to other users (mode {mode & 0o777:o}); make its mode 600.")
    return [_token(path, number, line) for number, line in enumerate(text.split("\n")[:-1], 1)]


def _token(path: Path, number: int, line: str) -> Token:
    try:
        name, digest, scopes, created, expires = line.split("\t")
        found = Token(name, digest, frozenset(scopes.split(",")), created, expires)
        _ = found.expired
    except ValueError:
        raise DatasetBroken(f"{path}:{number}: this is no token.") from None
    return found


def add_token(path: Path, name: str, scopes: frozenset[str], expires: str = _NEVER) -> str:
    """Make a token and give its secret, which is kept nowhere. Raises BadParameter for a name that is taken or odd."""
    tokens = read_tokens(path)
    if not name.isprintable() or not 0 < len(name.strip()) <= 80:
        raise BadParameter("The name of a token has one to 80 printable characters.")
    if any(token.name == name for token in tokens):
        raise BadParameter(f"There is a token named {name!r} already; revoke it first, or choose another name.")
    secret = PREFIX + secrets.token_urlsafe(32)
    _write(path, [*tokens, Token(name, _digest(secret), scopes, _moment(datetime.now(UTC)), expires)])
    return secret


def revoke_token(path: Path, name: str) -> None:
    """Take a token away, at once. Raises NotFound."""
    tokens = read_tokens(path)
    left = [token for token in tokens if token.name != name]
    if len(left) == len(tokens):
        raise NotFound(f"There is no token named {name!r}.")
    _write(path, left)


def _write(path: Path, tokens: list[Token]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, "".join(f"{token.line()}\n" for token in tokens).encode())


def expiry(text: str | None) -> str:
    """Return the moment that ``90d``, ``12h``, ``30m`` or a date means; ``never`` for None. Raises BadParameter."""
    if text is None:
        return _NEVER
    found = _DURATION.fullmatch(text)
    if found:
        return _moment(datetime.now(UTC) + timedelta(**{_UNITS[found[2]]: int(found[1])}))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadParameter(f"A token ends after a time such as 90d, 12h or 30m, or on a date, not {text!r}.") from None
    return _moment(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def authorize(path: Path, field: str | None, scope: str) -> Token:
    """Return the token that an Authorization field carries.

    Raises Forbidden where there are no tokens at all, or this one has another scope, and Unauthorized where it carries
    none, or one that is unknown or over (RFC 6750, section 3.1). Every token is compared, in constant time.
    """
    tokens = read_tokens(path)
    if not tokens:
        raise Forbidden("Writes are off on this server: there is no token. See coopkg token add.")
    kind, _, secret = (field or "").strip().partition(" ")
    if kind.lower() != "bearer" or not secret.strip():
        raise Unauthorized("This needs a token: Authorization: Bearer ...")
    digest = _digest(secret.strip())
    found = [token for token in tokens if hmac.compare_digest(token.digest, digest)]
    if not found or found[0].expired:
        raise Unauthorized("The token is not known here, or its time is over.", error="invalid_token")
    if not found[0].allows(scope):
        raise Forbidden(f"The token {found[0].name!r} does not have the scope {scope!r}.", error="insufficient_scope")
    return found[0]
