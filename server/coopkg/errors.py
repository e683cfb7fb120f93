"""Every way in which coopkg can refuse, as one closed tree.

::

    CoopkgError
    +-- UsageError             400, exit 2    the request or the command line is invalid
    |   +-- ProtocolError      400            the request breaks the SPARQL 1.1 Protocol
    |   +-- QueryTooComplex    400, exit 5    the query would exhaust the engine: refused by admission
    |   +-- BadParameter       400, exit 2    a saved query's parameter is missing or of the wrong kind
    |   +-- MalformedRequest   400            the request breaks HTTP: cut off, badly framed, or not as its digest says
    +-- InputUnreadable        400, exit 3    something could not be read as what it should be
    |   +-- RdfSyntaxError     400, exit 3    ... as RDF: file, line and column
    |   +-- QuerySyntaxError   400, exit 3    ... as SPARQL: line and column
    |   +-- RemoteContext      422, exit 3    ... as JSON-LD: it names a context that is not bundled
    |   +-- DatasetBroken      500, exit 3    ... the published files, or the journal, are damaged
    +-- Unauthorized           401            no token, or a wrong one
    +-- Forbidden              403            not allowed to anybody, or not to this token
    +-- NotFound               404, exit 2    no such saved query, entity, graph or route
    |   +-- Gone               410, exit 2    ... any more: a commit removed it
    +-- MethodNotAllowed       405            with the methods that are allowed
    +-- NotAcceptable          406, exit 2    with the media types that are on offer
    +-- RequestTimeout         408            the body did not arrive in time
    +-- Stale                  412, exit 1    the graph is no longer the one that If-Match names
    +-- TooLarge               413            a body, or an answer, above its cap
    +-- TargetTooLong          414            the address has more bytes than are read
    +-- HeaderTooLarge         431            more header fields, or longer ones, than are read
    +-- UnsupportedMediaType   415, exit 2    with the media types that are accepted
    |   +-- UnsupportedCoding  415, exit 2    a body that is compressed, or coded in another way
    +-- DoesNotConform         422, exit 1    the published data violate their shapes
    +-- NothingValidated       422, exit 3    no shape looked at anything in the documents
    +-- KeyReused              422, exit 2    an idempotency key came before with another request
    +-- TooManyRequests        429            one client asks more often than it may
    +-- Busy                   503            the queue is full: come back
    +-- NotFetched             502, exit 4    a document of another server could not be fetched
    +-- EndpointFailed         502, exit 4    a remote endpoint gave no usable answer
    |   +-- EndpointTimeout    504, exit 4    ... or none within its budget
    +-- DeadlineExceeded       504, exit 5    the evaluation took longer than it may
    +-- MemoryExceeded         507, exit 5    the evaluation wanted more memory than it may have
    +-- StorageExceeded        507, exit 5    the disk is full or failed: nothing was changed
    +-- EngineFault            500, exit 70   the engine failed unexpectedly
    +-- NotConfined            500, exit 1    the kernel lets nothing keep workers from the network
    +-- SystemUnsupported      500, exit 1    the operating system lacks what the server is built on
    +-- PortInUse              500, exit 1    the address to serve on is taken
    +-- HomeInUse              500, exit 1    another process writes to the data directory

Each class owns its HTTP status, its exit code and the name of its problem type (RFC 9457, section 3.1.1).
"""

from __future__ import annotations

import math
from typing import ClassVar


class CoopkgError(Exception):
    """The root.

    ``str(error)`` is one sentence for people; ``members`` are extension members of the problem document.
    """

    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 70
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str, **members: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.members = members

    @classmethod
    def slug(cls) -> str:
        """Return the problem type's name, as in ``/help/problems#query-syntax-error``."""
        name = cls.__name__.removesuffix("Error") if cls.__name__ == "CoopkgError" else cls.__name__
        return "".join(f"-{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))

    def headers(self) -> dict[str, str]:
        """Return the header fields that must go with this status (RFC 9110, section 15)."""
        return {}


class UsageError(CoopkgError):
    """The request or the command line is invalid."""

    status = 400
    exit_code = 2
    title = "Bad request"


class ProtocolError(UsageError):
    """The request breaks a rule of the SPARQL 1.1 Protocol (section 2)."""

    title = "Not a valid SPARQL protocol request"


class QueryTooComplex(UsageError):
    """The query is nested, or long, beyond what the engine can evaluate without overflowing its stack."""

    title = "The query is too complex"
    exit_code = 5


class BadParameter(UsageError):
    """A parameter of a saved query is missing, unknown or of the wrong kind."""

    title = "A parameter is missing or wrong"


class MalformedRequest(UsageError):
    """The request is no whole HTTP message: cut off, badly framed, or other bytes than its digest describes."""

    title = "Not a whole HTTP request"


class InputUnreadable(CoopkgError):
    """Something could not be read as what it should be."""

    status = 400
    exit_code = 3
    title = "The input cannot be read"


class RdfSyntaxError(InputUnreadable):
    """A document is not well-formed RDF in the format that it claims; ``path:line:column`` begins the sentence."""

    title = "The RDF document has a syntax error"


class QuerySyntaxError(InputUnreadable):
    """A query or an update is not well-formed SPARQL."""

    title = "The query has a syntax error"


class RemoteContext(InputUnreadable):
    """A JSON-LD document names a context that is neither its own nor bundled; nothing is fetched for it."""

    status = 422
    title = "A remote context is not fetched"


class DatasetBroken(InputUnreadable):
    """The published files are missing or contradict themselves, or the journal is damaged."""

    status = 500
    title = "The published files are broken"


class Unauthorized(CoopkgError):
    """The request needs a bearer token that it does not carry."""

    status = 401
    title = "A token is needed"

    def headers(self) -> dict[str, str]:
        """Return the challenge (RFC 6750, section 3)."""
        return {"WWW-Authenticate": 'Bearer realm="coopkg"'}


class Forbidden(CoopkgError):
    """The operation is not allowed here, or not with this token."""

    status = 403
    exit_code = 2
    title = "Not allowed"


class NotFound(CoopkgError):
    """There is no such resource, saved query, token or file."""

    status = 404
    exit_code = 2
    title = "Not found"


class Gone(NotFound):
    """A commit has removed the resource; ``version`` is the one that it made."""

    status = 410
    title = "Gone"


class MethodNotAllowed(CoopkgError):
    """The resource exists, but does not support the method."""

    status = 405
    title = "Method not allowed"

    def __init__(self, detail: str, allow: tuple[str, ...], **members: object) -> None:
        super().__init__(detail, allow=list(allow), **members)
        self.allow = allow

    def headers(self) -> dict[str, str]:
        """Return the methods that are allowed (RFC 9110, section 10.2.1)."""
        return {"Allow": ", ".join(self.allow)}


class NotAcceptable(CoopkgError):
    """None of the media types that the client accepts is available; ``available`` lists those that are."""

    status = 406
    exit_code = 2
    title = "Not available in that media type"


class RequestTimeout(CoopkgError):
    """The body of the request did not arrive in time (RFC 9110, section 15.5.9)."""

    status = 408
    title = "The request took too long to arrive"


class Stale(CoopkgError):
    """The graph has changed since the version that the request names (RFC 9110, section 13.1.1)."""

    status = 412
    exit_code = 1
    title = "The graph has changed meanwhile"


class TooLarge(CoopkgError):
    """A body, or an answer, is larger than its cap."""

    status = 413
    exit_code = 5
    title = "Too large"


class TargetTooLong(CoopkgError):
    """The address of the request has more bytes than are read (RFC 9110, section 15.5.15)."""

    status = 414
    title = "The address is too long"


class HeaderTooLarge(CoopkgError):
    """The request has more header fields, or longer ones, than are read (RFC 6585, section 5)."""

    status = 431
    title = "The header fields are too large"


class UnsupportedMediaType(CoopkgError):
    """The body has a media type that is not supported here."""

    status = 415
    exit_code = 2
    title = "Unsupported media type"

    def __init__(self, detail: str, accept: tuple[str, ...], **members: object) -> None:
        super().__init__(detail, accept=list(accept), **members)
        self.accept = accept

    def headers(self) -> dict[str, str]:
        """Return the media types that are supported (``Accept-Post``, LDP 1.0, section 7.1)."""
        return {"Accept-Post": ", ".join(self.accept)}


class UnsupportedCoding(UnsupportedMediaType):
    """The body is in a content coding; none is decoded, so that no body is larger than the bytes that arrive."""

    title = "Unsupported content coding"

    def __init__(self, coding: str) -> None:
        super().__init__(f"The body is in the content coding {coding[:40]!r}; bodies are read as they are.", ())

    def headers(self) -> dict[str, str]:
        """Return the codings that are supported (RFC 9110, section 15.5.16)."""
        return {"Accept-Encoding": "identity"}


class DoesNotConform(CoopkgError):
    """The data violate their shapes and are therefore not served."""

    status = 422
    exit_code = 1
    title = "The data do not conform to their shapes"


class NothingValidated(CoopkgError):
    """No shape looked at anything in the documents, so that to conform would mean nothing."""

    status = 422
    exit_code = 3
    title = "Nothing was validated"


class KeyReused(CoopkgError):
    """The idempotency key has been used for another request."""

    status = 422
    exit_code = 2
    title = "The idempotency key was used for another request"


class TooManyRequests(CoopkgError):
    """One client exceeds its rate limit; ``seconds`` is the time to wait."""

    status = 429
    title = "Too many requests"

    def __init__(self, detail: str, seconds: float) -> None:
        super().__init__(detail)
        self.seconds = seconds

    def headers(self) -> dict[str, str]:
        """Return the seconds to wait, rounded up (RFC 6585, section 4)."""
        return {"Retry-After": str(math.ceil(self.seconds))}


class Busy(CoopkgError):
    """Every worker is busy and the queue is full."""

    status = 503
    title = "Busy"

    def headers(self) -> dict[str, str]:
        """Ask the client to try again in a second (RFC 9110, section 10.2.3)."""
        return {"Retry-After": "1"}


class NotFetched(CoopkgError):
    """A document of another server could not be fetched: the server is unreachable, slow, or sends too much."""

    status = 502
    exit_code = 4
    title = "A document could not be fetched"


class EndpointFailed(CoopkgError):
    """A remote endpoint gave no usable answer; ``endpoint`` names it by its alias, ``reason`` says why in a word."""

    status = 502
    exit_code = 4
    title = "A remote endpoint failed"


class EndpointTimeout(EndpointFailed):
    """A remote endpoint did not answer within its budget of time."""

    status = 504
    title = "A remote endpoint took too long"


class DeadlineExceeded(CoopkgError):
    """The evaluation took longer than its deadline and was ended."""

    status = 504
    exit_code = 5
    title = "The deadline has passed"


class MemoryExceeded(CoopkgError):
    """The evaluation needed more memory than a worker may have and was ended."""

    status = 507
    exit_code = 5
    title = "The memory limit has been reached"


class StorageExceeded(CoopkgError):
    """The disk is full or failed; nothing was changed (RFC 4918, section 11.5)."""

    status = 507
    exit_code = 5
    title = "The disk takes no more"


class EngineFault(CoopkgError):
    """The engine failed unexpectedly."""

    title = "The engine failed"


class NotConfined(CoopkgError):
    """The kernel allows nothing that keeps workers from the network, and the operator has not accepted that."""

    exit_code = 1
    title = "Workers cannot be confined here"


class SystemUnsupported(CoopkgError):
    """The operating system lacks what the server is built on."""

    exit_code = 1
    title = "The server does not run on this system"


class PortInUse(CoopkgError):
    """Another process serves on the address already."""

    exit_code = 1
    title = "The address is in use"


class HomeInUse(CoopkgError):
    """Another process writes to the data directory."""

    exit_code = 1
    title = "The data directory is in use"
