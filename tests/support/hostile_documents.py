"""Documents that RDF forbids, and documents that cost whoever reads them more than they should, in every format."""

from __future__ import annotations

from typing import Final

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
MEDIA_TYPES: Final = {
    "ttl": "text/turtle",
    "nt": "application/n-triples",
    "nq": "application/n-quads",
    "trig": "application/trig",
    "rdf": "application/rdf+xml",
    "jsonld": "application/ld+json",
}
IN_LINES: Final = ("ttl", "nt", "nq", "trig")
"""Formats whose statements are those of N-Triples or more."""


def rdf_xml(content: str, before: str = "") -> str:
    """Give a document in RDF/XML with that content, and with what stands before its root."""
    return f'{before}<rdf:RDF xmlns:rdf="{RDF}" xmlns:e="http://e/">\n{content}\n</rdf:RDF>'


def _about(value: str, attributes: str = "") -> str:
    return f'<rdf:Description rdf:about="http://e/a"><e:b {attributes}>{value}</e:b></rdf:Description>'


def _json(value: str) -> str:
    return f'{{"@id": "http://e/a",\n"http://e/b": {value}}}'


STATEMENTS: Final = {
    "a string with a language type and no language": f'<http://e/a> <http://e/b> "x"^^<{RDF}langString> .',
    "a string with a direction type and none": f'<http://e/a> <http://e/b> "x"^^<{RDF}dirLangString> .',
    "a type of a triple term": f'<http://e/a> <http://e/b> <<( <http://e/a> <http://e/b> "x"^^<{RDF}langString> )>> .',
    "a long language": '<http://e/a> <http://e/b> "x"@abcdefghijkl .',
    "a language of digits": '<http://e/a> <http://e/b> "x"@1a .',
    "an open language": '<http://e/a> <http://e/b> "x"@en- .',
    "an unknown direction": '<http://e/a> <http://e/b> "x"@en--up .',
    "a blank in an IRI": "<http://e/a b> <http://e/b> 'x' .",
    "an escaped blank in an IRI": '<http://e/a\\u0020b> <http://e/b> "x" .',
    "an escaped bracket in an IRI": '<http://e/a\\u003Eb> <http://e/b> "x" .',
    "a NUL in an IRI": '<http://e/a\\u0000b> <http://e/b> "x" .',
    "a broken host": '<http://[::1> <http://e/b> "x" .',
    "a broken percent sign": '<http://e/%zz> <http://e/b> "x" .',
    "a surrogate in an IRI": '<http://e/\\uD800> <http://e/b> "x" .',
    "a surrogate": '<http://e/a> <http://e/b> "\\uD800" .',
    "beyond Unicode": '<http://e/a> <http://e/b> "\\U00110000" .',
    "a NUL outside of a string": '<http://e/a> \0<http://e/b> "x" .',
    "an empty label": '_: <http://e/b> "x" .',
    "a label with a dash before it": '_:-a <http://e/b> "x" .',
    "a literal as subject": '"s" <http://e/b> "x" .',
    "a blank node as predicate": '<http://e/a> _:b "x" .',
    "an open string": '<http://e/a> <http://e/b> "x',
}
"""Statements that are none, in N-Triples and what extends it."""

IN_XML: Final = {
    "a string with a language type and no language": rdf_xml(_about("x", f'rdf:datatype="{RDF}langString"')),
    "a string with a direction type and none": rdf_xml(_about("x", f'rdf:datatype="{RDF}dirLangString"')),
    "a language beside its type": rdf_xml(_about("x", f'xml:lang="en" rdf:datatype="{RDF}langString"')),
    "a type in a nested property": rdf_xml(
        f'<e:C><e:p rdf:parseType="Resource"><e:q rdf:datatype="{RDF}langString">x</e:q></e:p></e:C>'
    ),
    "a blank in a language": rdf_xml(_about("x", 'xml:lang="a b"')),
    "a language of digits": rdf_xml(_about("x", 'xml:lang="1a"')),
    "a blank in an IRI": rdf_xml('<e:C rdf:about="http://e/a b"/>'),
    "a reference to a bracket in an IRI": rdf_xml('<e:C rdf:about="http://e/&#x3e;"/>'),
    "a broken host": rdf_xml('<e:C rdf:about="http://[::1"/>'),
    "a broken base": rdf_xml('<e:C xml:base="http://[/" rdf:about="x"/>'),
    "a type that is no IRI": rdf_xml(_about("x", 'rdf:datatype="a b"')),
    "a namespace that is no IRI": rdf_xml('<f:C xmlns:f="a b"/>'),
    "a relative namespace": rdf_xml('<f:C xmlns:f="rel"/>'),
    "a blank in a label": rdf_xml('<e:C rdf:nodeID="a b"/>'),
    "an empty label": rdf_xml('<e:C rdf:nodeID=""/>'),
    "a bracket in a label": rdf_xml('<e:C rdf:nodeID="a&gt;b"/>'),
    "a NUL": rdf_xml(_about("\0")),
    "a reference to NUL": rdf_xml(_about("&#0;")),
    "a reference to a control character": rdf_xml(_about("&#1;")),
    "a reference to a surrogate": rdf_xml(_about("&#xD800;")),
    "a reference beyond Unicode": rdf_xml(_about("&#x110000;")),
    "an unknown entity": rdf_xml(_about("&foo;")),
    "an element without namespace": rdf_xml("<b/>"),
    "two roots": rdf_xml("") + rdf_xml(""),
    "an open element": rdf_xml("<e:C>"),
    "another coding in the declaration": rdf_xml(_about("x"), '<?xml version="1.0" encoding="ISO-8859-1"?>\n'),
    "UTF-16 in the declaration": rdf_xml(_about("x"), '<?xml version="1.0" encoding="UTF-16"?>\n'),
    "UTF-7 in the declaration": rdf_xml(_about("x"), '<?xml version="1.0" encoding="UTF-7"?>\n'),
    "an unknown coding in the declaration": rdf_xml(_about("x"), '<?xml version="1.0" encoding="x-none"?>\n'),
}

IN_JSON: Final = {
    "a string with a language type and no language": _json(f'{{"@value": "x", "@type": "{RDF}langString"}}'),
    "a string with a direction type and none": _json(f'{{"@value": "x", "@type": "{RDF}dirLangString"}}'),
    "a type from a context": f'{{"@context": {{"p": {{"@id": "http://e/p", "@type": "{RDF}langString"}}}}, "p": "x"}}',
    "a number as language": _json('{"@value": "x", "@language": 5}'),
    "a direction that is none": _json('{"@value": "x", "@language": "en", "@direction": "up"}'),
    "a language beside a type": _json('{"@value": "x", "@language": "en", "@type": "http://e/t"}'),
    "a type that is no IRI": _json('{"@value": "x", "@type": "a b"}'),
    "a surrogate": _json('"\\ud800"'),
    "a surrogate in an IRI": '{"@id": "http://e/\\ud800", "http://e/b": "x"}',
    "a surrogate in a JSON literal": _json('{"@type": "@json", "@value": ["\\ud800"]}'),
    "a broken base": '{"@context": {"@base": "http://[/"}, "@id": "x", "http://e/b": 1}',
    "no number": _json("NaN"),
    "an infinite number": _json("-Infinity"),
    "nothing": " ",
    "no JSON": "{",
    "two identifiers": '{"@id": "http://e/a", "@id": "http://e/c", "http://e/b": 1}',
    "a literal as subject": '{"@id": "http://e/a", "@reverse": {"http://e/p": {"@value": "x"}}}',
}

INVALID: Final = (
    *((name, fmt, text) for name, text in STATEMENTS.items() for fmt in IN_LINES),
    *((name, "rdf", text) for name, text in IN_XML.items()),
    *((name, "jsonld", text) for name, text in IN_JSON.items()),
)
"""Documents that are none in their format: what is wrong, the name of the format, the text."""

_ENTITY: Final = '[<!ENTITY f "yes">]'
DOCTYPES: Final = {
    "as the standard writes it": rdf_xml(_about("&f;"), f"<!DOCTYPE a {_ENTITY}>").encode(),
    "in lower case": rdf_xml(_about("&f;"), f"<!doctype a {_ENTITY}>").encode(),
    "in mixed case": rdf_xml(_about("&f;"), f"<!DocType a {_ENTITY}>").encode(),
    "without entities": rdf_xml(_about("x"), "<!DOCTYPE a>").encode(),
    "behind a comment": rdf_xml(_about("&f;"), f"<!-- c --><!DOCTYPE a {_ENTITY}>").encode(),
    "behind an instruction": rdf_xml(_about("&f;"), f"<?i x?>\n<!DOCTYPE a {_ENTITY}>").encode(),
    "behind the declaration": rdf_xml(_about("&f;"), f'<?xml version="1.0"?>\n\n<!DOCTYPE\ta\n{_ENTITY}>').encode(),
    "in an element": rdf_xml(f"<e:C><!doctype a {_ENTITY}><e:p>&f;</e:p></e:C>").encode(),
    "at the end": rdf_xml("").encode() + f"<!doctype a {_ENTITY}>".encode(),
    "behind what ends no comment": rdf_xml(_about("x"), f"<!--a--!><!DOCTYPE a {_ENTITY}>").encode(),
    "behind a short comment": rdf_xml(_about("x"), f"<!--><!DOCTYPE a {_ENTITY}>").encode(),
    "behind a mark": b"\xef\xbb\xbf" + rdf_xml(_about("&f;"), f"<!doctype a {_ENTITY}>").encode(),
    **{
        f"in {coding}": rdf_xml(_about("&f;"), f"{declared}<!DOCTYPE a {_ENTITY}>").encode(coding)
        for coding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-7", "cp037")
        for declared in (f'<?xml version="1.0" encoding="{coding}"?>',)
    },
    "ten to the ninth": rdf_xml(
        _about("&j;"),
        '<!doctype a [<!ENTITY a "ha">'
        + "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefghi", "bcdefghij", strict=True))
        + "]>",
    ).encode(),
    "of another file": rdf_xml(_about("&f;"), '<!doctype a [<!ENTITY f SYSTEM "file:///etc/passwd">]>').encode(),
}
"""Document type declarations in RDF/XML, each in a spelling, a coding or a place of its own."""

_FACT: Final = "<http://e/a> <http://e/b> "
_ROOT, _END = rdf_xml("").split("\n\n")
_NODE, _NODE_END = _about("|", 'rdf:parseType="Literal"').split("|")
_VALUE: Final = '{"@id": "http://e/a", "http://e/b": '
DEEP: Final = {
    "lists": ("ttl", _FACT, "(", "", ")", " ."),
    "open lists": ("ttl", _FACT, "(", "", "", ""),
    "blank nodes": ("ttl", _FACT, "[<http://e/b> ", "1", "]", " ."),
    "open blank nodes": ("ttl", _FACT, "[<http://e/b> ", "", "", ""),
    "triple terms": ("ttl", _FACT, f"<<( {_FACT}", "1", ")>>", " ."),
    "triple terms in a line": ("nt", _FACT, f"<<({_FACT}", '"1"', ")>>", " ."),
    "reifying triples": ("ttl", _FACT, f"<< {_FACT}", "1", ">>", " ."),
    "annotations": ("ttl", f"{_FACT} 1", "{| <http://e/b> 1 ", "", "|}", " ."),
    "lists behind a string": ("ttl", f'{_FACT}"""a"b""", \'#\', ', "(", "", ")", " ."),
    "lists behind a broken string": ("ttl", f'{_FACT}"a\n, ', "(", "", ")", " ."),
    "lists behind a name": ("ttl", f"@prefix e: <http://e/> . {_FACT}e:\\', ", "(", "", ")", " ."),
    "graphs": ("trig", "", "{", "", "}", ""),
    "lists in a graph": ("trig", f"{{ {_FACT}", "(", "", ")", " }"),
    "triple terms in a quad": ("nq", _FACT, f"<<({_FACT}", '"1"', ")>>", " ."),
    "elements": ("rdf", _ROOT, "<e:C><e:p>", "", "</e:p></e:C>", _END),
    "open elements": ("rdf", _ROOT, "<e:C><e:p>", "", "", ""),
    "resources": ("rdf", f"{_ROOT}<e:C>", '<e:p rdf:parseType="Resource">', "", "</e:p>", f"</e:C>{_END}"),
    "elements of a literal": ("rdf", _ROOT + _NODE, "<a>", "", "</a>", _NODE_END + _END),
    "objects": ("jsonld", "", '{"http://e/b": ', "1", "}", ""),
    "lists of lists": ("jsonld", _VALUE, '{"@list": [', "1", "]}", "}"),
    "arrays": ("jsonld", _VALUE, "[", "1", "]", "}"),
    "open arrays": ("jsonld", "", "[", "", "", ""),
    "arrays behind a string": ("jsonld", f'{_VALUE}["\\"", ', "[", "1", "]", "]}"),
    "contexts": ("jsonld", '{"@context": ', '{"a": {"@id": "http://e/a", "@context": ', "{}", "}}", ', "a": 1}'),
    "JSON in a literal": ("jsonld", f'{_VALUE}{{"@type": "@json", "@value": ', "[", "", "]", "}}"),
}
"""The format; what begins the text, what opens a level, stands in the innermost, closes a level, ends the text."""


def nested(name: str, depth: int) -> tuple[str, str]:
    """Give the format and the text of a document of ``DEEP``."""
    fmt, before, opening, inside, closing, after = DEEP[name]
    return fmt, before + opening * depth + inside + closing * depth + after


LONG: Final = {
    "a string": ("ttl", f'{_FACT}"', "xxxxxxxx", '" .'),
    "an open string": ("ttl", f'{_FACT}"', "xxxxxxxx", ""),
    "an IRI": ("ttl", "<http://e/", "xxxxxxxx", '> <http://e/b> "" .'),
    "a name": ("ttl", "@prefix e: <http://e/> .\ne:", "xxxxxxxx", ' <http://e/b> "" .'),
    "a label": ("ttl", "_:", "xxxxxxxx", ' <http://e/b> "" .'),
    "a number": ("ttl", _FACT, "11111111", " ."),
    "a language": ("ttl", f'{_FACT}"a"@a', "-abcdefgh", " ."),
    "escapes": ("ttl", f'{_FACT}"', "\\u0041", '" .'),
    "an element": ("rdf", f"{_ROOT}<e:", "xxxxxxxx", f"/>{_END}"),
    "text of an element": ("rdf", f"{_ROOT}<e:C><e:p>", "xxxxxxxx", f"</e:p></e:C>{_END}"),
    "an attribute": ("rdf", f'{_ROOT}<e:C e:a="', "xxxxxxxx", f'"/>{_END}'),
    "a comment": ("rdf", "<!--", "xxxxxxxx", f"-->{_ROOT}{_END}"),
    "attributes": ("rdf", f"{_ROOT}<e:C", ' e:a{0}="x"', f"/>{_END}"),
    "namespaces": ("rdf", f"{_ROOT}<e:C", ' xmlns:a{0}="http://e/{0}"', f"/>{_END}"),
    "references": ("rdf", f"{_ROOT}<e:C><e:p>", "&lt;&#65;", f"</e:p></e:C>{_END}"),
    "a value": ("jsonld", f'{_VALUE}"', "xxxxxxxx", '"}'),
    "digits": ("jsonld", _VALUE, "11111111", "}"),
    "a key": ("jsonld", '{"http://e/', "xxxxxxxx", '": 1}'),
    "terms": ("jsonld", '{"@context": {', '"a{0}": "http://e/{0}", ', '"a": "http://e/"}, "a0": 1}'),
    "terms in a chain": ("jsonld", '{"@context": {', '"a{0}": "a{1}:x", ', '"a": "http://e/"}, "a0:p": 1}'),
    "contexts in turn": ("jsonld", '{"@context": [', '{{"a{0}": "http://e/a"}}, ', '{}], "http://e/b": 1}'),
    "errors": ("ttl", "", "a ", ""),
    "errors in statements": ("ttl", "", "x:a x:b x:c .\n", ""),
    "errors in lines": ("nt", "", "x:a x:b x:c .\n", ""),
    "quotes": ("ttl", "", "'''", ""),
    "prefixes": ("ttl", "", "@prefix a{0}: <http://e/{0}> .\n", ""),
    "objects of one subject": ("ttl", _FACT, "{0}, ", "0 ."),
    "members of a list": ("ttl", f"{_FACT}(", " 1", ") ."),
    "the same statement": ("nt", "", f'{_FACT}"" .\n', ""),
    "elements beside each other": ("rdf", _ROOT, "<e:C/>", _END),
    "objects beside each other": ("jsonld", "[", '{{"@type": "http://e/C"}}, ', "{}]"),
    "numbers": ("jsonld", f"{_VALUE}[", "{0}, ", "0]}"),
}
"""The format; what begins the text, what is repeated, with its number for ``{0}`` and the next for ``{1}``, the end."""


def repeated(name: str, characters: int) -> tuple[str, str]:
    """Give the format and the text of a document of ``LONG``, of about that length."""
    fmt, before, part, after = LONG[name]
    times = characters // len(part.format(0, 1))
    return fmt, before + "".join(part.format(n, n + 1) for n in range(times)) + after
