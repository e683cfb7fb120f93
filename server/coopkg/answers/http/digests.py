"""``Content-Digest``: whether the content that arrived is the one that was sent (RFC 9530, section 2)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Final

from coopkg.errors import MalformedRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHMS: Final = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
"""The active algorithms of the registry (RFC 9530, section 7.2); members with others are ignored (section 2)."""
# One member of a Dictionary whose value is a Byte Sequence, with its parameters (RFC 9651, sections 3.2 and 3.3.5).
_MEMBER: Final = re.compile(r"[ \t]*+([a-z*][a-z0-9_.*-]*+)=:([A-Za-z0-9+/=]*+):[^,]*+")


def check_content_digest(headers: Mapping[str, str], body: bytes) -> None:
    """Compare a body with the digests that its request gives for it. Raises MalformedRequest where one differs."""
    field = headers.get("content-digest")
    if field is None:
        return
    for member in field.split(","):
        match = _MEMBER.fullmatch(member)
        if match is None:
            raise MalformedRequest("The Content-Digest is not a dictionary of digests, such as sha-256=:…:.")
        algorithm = ALGORITHMS.get(match[1])
        if algorithm is None:
            continue
        try:
            given = base64.b64decode(match[2], validate=True)
        except binascii.Error:
            raise MalformedRequest("A digest of the Content-Digest is not base64.") from None
        if not hmac.compare_digest(given, algorithm(body).digest()):
            raise MalformedRequest("The body is not the one that its Content-Digest describes.", algorithm=match[1])
