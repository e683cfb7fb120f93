"""The names of the terms of the vocabularies that facts use, for ``rdf/vocabulary_terms.json``; run it to write that.

They come from the namespaces that rdflib defines. It has none for the Web Annotation Vocabulary: those stand here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rdflib import namespace as namespaces

from coopkg.rdf import vocabularies

if TYPE_CHECKING:
    from rdflib.namespace import DefinedNamespace

DEFINED: Final[dict[str, type[DefinedNamespace]]] = {
    "dcterms": namespaces.DCTERMS, "foaf": namespaces.FOAF, "geo": namespaces.WGS, "org": namespaces.ORG,
    "owl": namespaces.OWL, "prov": namespaces.PROV, "qb": namespaces.QB, "rdf": namespaces.RDF,
    "rdfs": namespaces.RDFS, "skos": namespaces.SKOS, "xsd": namespaces.XSD,
}  # fmt: skip
ANNOTATION: Final = """
    Annotation Choice CssSelector CssStyle DataPositionSelector Direction FragmentSelector HttpRequestState
    Motivation PreferContainedDescriptions PreferContainedIRIs RangeSelector ResourceSelection Selector
    SpecificResource State Style SvgSelector TextPositionSelector TextQuoteSelector TextualBody TimeState
    XPathSelector annotationService assessing bodyValue bookmarking cachedSource canonical classifying commenting
    describing editing end exact hasBody hasEndSelector hasPurpose hasScope hasSelector hasSource hasStartSelector
    hasState hasTarget highlighting identifying linking ltrDirection moderating motivatedBy prefix
    processingLanguage questioning refinedBy renderedVia replying rtlDirection sourceDate sourceDateEnd
    sourceDateStart start styleClass styledBy suffix tagging textDirection via
"""
"""Web Annotation Vocabulary (W3C Recommendation of 2017-02-23), sections 3 and 4."""
LATER: Final = {"rdf": ("dirLangString", "reifies")}
"""Terms of RDF 1.2, which rdflib does not define."""


def terms() -> dict[str, list[str]]:
    """Return the local names of each vocabulary, by its prefix."""
    found = {"oa": sorted(ANNOTATION.split())}
    for prefix, namespace in DEFINED.items():
        names = (vocabularies.split(term)[1] for term in map(str, dir(namespace)) if ":" in term)
        found[prefix] = sorted({*names, *LATER.get(prefix, ())})
    return dict(sorted(found.items()))


if __name__ == "__main__":
    text = json.dumps(terms(), indent=1) + "\n"
    Path(vocabularies.__file__).with_name(vocabularies.FILE).write_text(text, encoding="utf-8")
