"""Plain HTTP requests to a server on loopback."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.parse
import urllib.request


def get(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - our own server
    try:
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            return response.status, _fields(response), response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _fields(error), error.read()


def _fields(response: http.client.HTTPResponse | urllib.error.HTTPError) -> dict[str, str]:
    """Give the header fields by name in lower case (RFC 9110, section 5.1)."""
    return {name.lower(): value for name, value in response.headers.items()}


def connection(address: str) -> http.client.HTTPConnection:
    parts = urllib.parse.urlsplit(address)
    return http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)


def multipart(*parts: tuple[str, str, str, str]) -> tuple[bytes, str]:
    """Give the body and Content-Type of a form: (field, file name, media type, content); no file name for a field."""
    lines = []
    for field, name, kind, content in parts:
        file = f'; filename="{name}"\r\nContent-Type: {kind}' if name else ""
        lines.append(f'--B\r\nContent-Disposition: form-data; name="{field}"{file}\r\n\r\n{content}\r\n')
    return ("".join(lines) + "--B--\r\n").encode(), "multipart/form-data; boundary=B"
