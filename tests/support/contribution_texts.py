"""Contributions in Turtle, without the declarations of their prefixes."""

from __future__ import annotations

from typing import Final

AGREEMENT: Final = """agreement:test a coop:Agreement ; skos:prefLabel "Test"@en, "Проба и"@ru, "Спроба і"@be ;
    coop:hasParty country:BY, country:MN ; coop:hasCertainty certainty:asserted ; coop:hasEvidence claim:test-001 .
triple:test-001-1 a rdf:Statement ; rdf:subject agreement:test ; rdf:predicate coop:hasParty ; rdf:object country:BY .
triple:test-001-2 a rdf:Statement ; rdf:subject agreement:test ; rdf:predicate coop:hasParty ; rdf:object country:MN .
"""
CLAIM: Final = """claim:test-001 a coop:Claim ; coop:claimNumber 1 ; coop:hasCertainty certainty:asserted ;
    coop:hasVoice voice:document ;
    coop:paraphrase "They signed."@en, "Подписали соглашение."@ru, "Падпісалі пагадненне."@be ;
    prov:wasAttributedTo source:belta-2019-04-29 ; prov:wasDerivedFrom source:belta-2019-04-29 ;
    coop:supports STATEMENTS .
"""


def claiming(*statements: str) -> str:
    """Give a claim, and for each triple the statement that it supports."""
    names = [f"triple:test-001-{number}" for number in range(1, len(statements) + 1)]
    stated = (
        f"{name} a rdf:Statement ; rdf:subject {s} ; rdf:predicate {p} ; rdf:object {o} .\n"
        for name, (s, p, o) in zip(names, (statement.split(" ", 2) for statement in statements), strict=True)
    )
    return CLAIM.replace("STATEMENTS", ", ".join(names)) + "".join(stated)


GOOD: Final = CLAIM.replace("STATEMENTS", "triple:test-001-1, triple:test-001-2") + AGREEMENT
