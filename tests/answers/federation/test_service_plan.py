"""What is known of each SERVICE clause before anything is asked: by the text of the query alone."""

from __future__ import annotations

from typing import Final, NamedTuple

import pytest

from coopkg.answers.federation.service_plan import (
    Edits,
    ServiceClause,
    clauses,
    service_iri,
    surroundings,
    waits,
)
from coopkg.errors import QuerySyntaxError, QueryTooComplex
from coopkg.sparql.syntax_tree import Tree, read

PROLOGUE: Final = "PREFIX : <http://e/> SELECT * "


class Around(NamedTuple):
    """The surroundings of the last clause of a pattern, while no clause is carried out: text and variables in scope."""

    pattern: str
    text: str
    variables: str


ONE: Final = "SERVICE :e { ?s :q ?y }"
AROUND: Final = (
    # what joins counts wherever it stands in the group, what only adds or removes counts before the clause alone
    Around(f"{{ ?s :p ?x . {ONE} ?s :r ?z }}", "{ ?s :p ?x  . ?s :r ?z . }", "s x z"),
    Around(f"{{ {ONE} }}", "", ""),
    Around(f"{{ {ONE} OPTIONAL {{ ?s :p ?o }} ?s :r ?z }}", "{ ?s :r ?z . }", "s z"),
    Around(f"{{ OPTIONAL {{ ?s :p ?o }} {ONE} MINUS {{ ?s :m ?n }} }}", "{ OPTIONAL { ?s :p ?o } }", "o s"),
    Around(f"{{ ?s :p ?x MINUS {{ ?s :m ?n }} {ONE} }}", "{ ?s :p ?x . MINUS { ?s :m ?n } }", "s x"),
    Around(f"{{ ?s :p ?x BIND(?x AS ?m) {ONE} BIND(?y AS ?k) }}", "{ ?s :p ?x . BIND(?x AS ?m) }", "m s x"),
    Around(f"{{ {ONE} VALUES ?s {{ :a }} }}", "{ VALUES ?s { :a } }", "s"),
    Around(f"{{ {ONE} {{ ?s :a ?b }} UNION {{ ?s :c ?d }} }}", "{ { ?s :a ?b } UNION { ?s :c ?d } }", "b d s"),
    Around(f"{{ {ONE} GRAPH ?g {{ ?s :a ?b }} }}", "{ GRAPH ?g { ?s :a ?b } }", "b g s"),
    Around(f"{{ ?s :p [ :q ?b ] . {ONE} }}", "{ ?s :p [ :q ?b ]  . }", "b s"),
    # what gives other values every time is left out, and what may build on it
    Around(f"{{ ?s :p ?x BIND(NOW() AS ?n) BIND(?x AS ?m) ?s :r ?z {ONE} }}", "{ ?s :p ?x . ?s :r ?z . }", "s x z"),
    Around(f"{{ ?s :p ?x FILTER(RAND() < 1) OPTIONAL {{ ?s :o ?v }} {ONE} }}",
           "{ ?s :p ?x . OPTIONAL { ?s :o ?v } }", "s v x"),
    Around(f"{{ {{ ?s :p ?x BIND(UUID() AS ?u) }} UNION {{ ?s :p ?x }} {ONE} ?s :r ?z }}", "{ ?s :r ?z . }", "s z"),
    # so does a clause that is not carried out yet
    Around(f"{{ SERVICE :f {{ ?s :a ?b }} OPTIONAL {{ ?b :c ?d }} ?s :r ?z {ONE} }}", "{ ?s :r ?z . }", "s z"),
    Around(f"{{ {{ ?s :a ?b SERVICE :f {{ ?s :a ?c }} }} UNION {{ ?s :d ?b }} ?s :r ?z {ONE} }}", "{ ?s :r ?z . }",
         "s z"),
    # filters, where they say of what is kept what they say of the whole group
    Around(f"{{ ?s :p ?x FILTER(?x > 1) {ONE} FILTER(?y > 1) FILTER(?x < ?y) }}", "{ ?s :p ?x . FILTER(?x > 1) }",
         "s x"),
    Around(f"{{ ?s :p ?x {ONE} FILTER(?x > 1) }}", "{ ?s :p ?x . FILTER(?x > 1) }", "s x"),
    Around(f"{{ ?s :p ?x FILTER(?s > 1) {ONE} }}", "{ ?s :p ?x . }", "s x"),
    Around(f"{{ ?s :p ?x FILTER(?x > RAND()) {ONE} }}", "{ ?s :p ?x . }", "s x"),
    Around(f"{{ ?s :p ?x FILTER EXISTS {{ ?s :e ?x }} {ONE} }}", "{ ?s :p ?x . }", "s x"),
    Around(f"{{ ?s :p ?x FILTER EXISTS {{ ?x :e ?x }} {ONE} }}", "{ ?s :p ?x . }", "s x"),
    Around(f"{{ ?s :p ?x FILTER(!BOUND(?v)) {ONE} OPTIONAL {{ ?s :o ?v }} }}", "{ ?s :p ?x . }", "s x"),
    Around(f"{{ ?s :p ?x FILTER(BOUND(?v)) {ONE} }}", "{ ?s :p ?x . }", "s x"),
    # the groups around it, up to an OPTIONAL or MINUS
    Around(f"{{ ?s :p ?x {{ ?s :a ?b {ONE} }} ?x :r ?z }}", "{ ?s :p ?x . ?x :r ?z . { ?s :a ?b . } }", "b s x z"),
    Around(f"{{ ?s :p ?x {{ {ONE} }} UNION {{ ?s :q ?z }} ?x :r ?v }}", "{ ?s :p ?x . ?x :r ?v . }", "s v x"),
    Around(f"{{ ?s :p ?x OPTIONAL {{ ?s :o ?w {ONE} ?y :after ?z }} ?x :r ?v }}",
           "{ ?s :p ?x . { ?s :o ?w . ?y :after ?z . } }", "s w x y z"),
    Around(f"{{ ?s :p ?x MINUS {{ ?s :o ?w {ONE} }} ?x :r ?v }}", "{ ?s :p ?x . { ?s :o ?w . } }", "s w x"),
    Around(f"{{ ?a :b ?c {{ ?s :p ?x OPTIONAL {{ {ONE} }} }} }}", "{ ?s :p ?x . }", "s x"),
    Around(f"{{ ?a :b ?c OPTIONAL {{ {{ ?s :p ?x {ONE} }} }} }}", "{ ?a :b ?c . { { ?s :p ?x . } } }", "a c s x"),
    Around(f"{{ ?s :p ?x GRAPH ?g {{ ?s :o ?w {ONE} }} }}", "{ ?s :p ?x . GRAPH ?g { ?s :o ?w . } }", "g s w x"),
    Around(f"{{ ?s :p ?x GRAPH ?g {{ {ONE} }} }}", "{ ?s :p ?x . GRAPH ?g {} }", "g s x"),
    Around(f"{{ GRAPH :g {{ {ONE} }} }}", "{ GRAPH :g {} }", ""),
    Around(f"{{ GRAPH ?g {{ ?s :o ?w {{ ?s :a ?b {ONE} }} }} }}", "{ GRAPH ?g { ?s :o ?w . { ?s :a ?b . } } }",
         "b g s w"),
    Around(f"{{ ?s :p ?x {{ ?s :a ?b {ONE} }} }} ORDER BY ?last", "{ ?s :p ?x . { ?s :a ?b . } }", "b s x"),
    # a sub-SELECT, EXISTS and LATERAL are joined with nothing further out
    Around(f"{{ ?s :p ?x {{ SELECT ?s {{ {ONE} ?s :r ?z }} }} }}", "{ ?s :r ?z . }", "s z"),
    Around(f"{{ ?s :p ?x FILTER EXISTS {{ {ONE} ?s :r ?z }} }}", "{ ?s :r ?z . }", "s z"),
    Around(f"{{ ?s :p ?x LATERAL {{ {ONE} ?y :r ?z }} }}", "{ ?y :r ?z . }", "y z"),
)  # fmt: skip


class Known(NamedTuple):
    """What is known of the clauses of a pattern, in order."""

    pattern: str
    known: tuple[str, ...]


KNOWN: Final = (
    Known("{ SERVICE :e { ?s :q ?y } }", ("s y; certain s y; divisible",)),
    Known("{ SERVICE SILENT :e { ?s :q ?y } }", ("silent; s y; certain s y; divisible",)),
    Known("{ SERVICE :e { ?s :q ?y OPTIONAL { ?y :z ?w } } }", ("s w y; certain s y; divisible",)),
    Known("{ SERVICE :e { ?s :q ?y MINUS { ?y :z ?w } FILTER(?v > 1) } }", ("s y; certain s y; divisible",)),
    Known("{ SERVICE :e { ?s :q ?y BIND(?y AS ?v) VALUES ?w { UNDEF } } }", ("s v w y; certain s y; divisible",)),
    Known("{ SERVICE :e { { ?s :a ?b } UNION { ?s :a ?c } } }", ("b c s; certain s; divisible",)),
    Known("{ SERVICE :e { GRAPH ?g { ?s :q ?y } } }", ("g s y; certain g s y; divisible",)),
    Known("{ SERVICE :e { SERVICE SILENT :f { ?s :q ?y } SERVICE :g { ?s :r ?z } } }",
          ("s y z; certain s z; divisible",)),
    Known("{ SERVICE :e { { SELECT * { ?s :q ?y } } } }", ("s y; certain s y; divisible",)),
    Known("{ SERVICE :e { { SELECT ?s { ?s :q ?y } } } }", ("s; certain s; divisible",)),
    Known("{ SERVICE :e { { SELECT ?s (MAX(?y) AS ?n) { ?s :q ?y } GROUP BY ?s } } }", ("n s; certain s; divisible",)),
    Known("{ SERVICE :e { { SELECT (?s AS ?t) ?v { ?s :q ?y } } } }", ("t v; certain ; divisible",)),
    *(Known(f"{{ SERVICE :e {{ {{ SELECT ?s {{ ?s :q ?y {inside} }} {after} }} }} }}", ("s; certain s; whole",))
      for inside, after in (("", "LIMIT 3"), ("", "OFFSET 3"), ("FILTER(RAND() < 1)", ""), ("FILTER(?y < NOW())", ""),
                            ("FILTER(?y = UUID())", ""), ("FILTER(?y = STRUUID())", ""), ("BIND(BNODE() AS ?b)", ""))),
    Known("{ SERVICE :e { { SELECT ?s (SAMPLE(?y) AS ?n) { ?s :q ?y } GROUP BY ?s } } }", ("n s; certain s; whole",)),
    Known("{ SERVICE :e { { SELECT ?s (GROUP_CONCAT(?y) AS ?n) { ?s :q ?y } GROUP BY ?s } } }",
          ("n s; certain s; whole",)),
    Known("{ ?s :p ?x FILTER(RAND() < 1) SERVICE :e { ?s :q ?y } } LIMIT 3", ("s y; certain s y; divisible",)),
    # evaluated anew for each solution around it
    Known("{ ?s :p ?x FILTER EXISTS { SERVICE :e { ?s :q ?y } } }", ("s y; certain s y; divisible; correlated",)),
    Known("{ ?s :p ?x FILTER EXISTS { { SERVICE :e { ?s :q ?y } } } }", ("s y; certain s y; divisible; correlated",)),
    Known("{ ?s :p ?x BIND(EXISTS { SERVICE :e { ?s :q ?y } } AS ?b) }", ("s y; certain s y; divisible; correlated",)),
    Known("{ ?s :p ?x LATERAL { SERVICE :e { ?s :q ?y } } }", ("s y; certain s y; divisible; correlated",)),
    Known("{ ?s :p ?x FILTER EXISTS { { SELECT ?s { SERVICE :e { ?s :q ?y } } } } }",
          ("s y; certain s y; divisible; correlated",)),
    Known("{ ?s :p ?x { SELECT ?s { SERVICE :e { ?s :q ?y } } } }", ("s y; certain s y; divisible",)),
    Known("{ { SELECT (EXISTS { SERVICE :e { ?s :q ?y } } AS ?b) { ?s :p ?x } } }",
          ("s y; certain s y; divisible; correlated",)),
    Known("{ ?s :p ?x FILTER EXISTS { SERVICE :e { ?s :q ?y FILTER(?y > ?inner) } } }",
          ("s y; certain s y; divisible; correlated",)),
    Known("{ ?s :p ?x SERVICE :e { ?s :q ?y FILTER(?y > ?x) } }", ("s y; certain s y; divisible",)),
    # which one waits for which
    Known("{ SERVICE :e { ?s :q ?y } SERVICE :f { ?y :r ?z } }",
          ("s y; certain s y; divisible", "y z; certain y z; divisible; waits")),
    Known("{ SERVICE :e { ?s :q ?y } SERVICE :f { ?a :r ?z } }",
          ("s y; certain s y; divisible", "a z; certain a z; divisible")),
    Known("{ SERVICE :e { ?s :q ?y } SERVICE :f { ?a :r ?z OPTIONAL { ?z :o ?y } } }",
          ("s y; certain s y; divisible", "a y z; certain a z; divisible")),
    Known("{ SERVICE :e { ?s :at ?f } SERVICE ?f { ?a :r ?z } }",
          ("f s; certain f s; divisible", "a z; certain a z; divisible; waits")),
    Known("{ SERVICE ?f { ?a :r ?z } SERVICE :e { ?s :at ?f } }",
          ("a z; certain a z; divisible; waits", "f s; certain f s; divisible")),
    Known("{ { SERVICE :e { ?s :q ?y } } { SERVICE :f { ?y :r ?z } } }",
          ("s y; certain s y; divisible", "y z; certain y z; divisible; waits")),
    Known("{ { SERVICE :e { ?s :q ?y } } UNION { SERVICE :f { ?y :r ?z } } }",
          ("s y; certain s y; divisible", "y z; certain y z; divisible")),
    Known("{ SERVICE :e { ?s :q ?y } { ?s :a ?b { SERVICE :f { ?y :r ?z } } } }",
          ("s y; certain s y; divisible", "y z; certain y z; divisible; waits")),
    Known("{ { SERVICE :e { ?s :q ?y } ?s :a ?b } SERVICE :f { ?y :r ?z } SERVICE :g { ?z :t ?v } }",
          ("s y; certain s y; divisible", "y z; certain y z; divisible; waits", "v z; certain v z; divisible; waits")),
    Known("{ SERVICE :e { ?s :q ?y } FILTER EXISTS { SERVICE :f { ?y :r ?z } } }",
          ("s y; certain s y; divisible", "y z; certain y z; divisible; correlated")),
)  # fmt: skip


def plan(pattern: str) -> tuple[Tree, list[ServiceClause]]:
    tree = read(PROLOGUE + pattern)
    return tree, clauses(tree)


@pytest.mark.parametrize("around", AROUND, ids=lambda around: around.pattern)
def test_the_surroundings_of_a_clause(around: Around) -> None:
    tree, found = plan(around.pattern)
    got = surroundings(tree, found[-1], [clause.element for clause in found], Edits())
    assert (got.text, " ".join(sorted(got.variables))) == (around.text, around.variables)


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.pattern)
def test_what_is_known_of_a_clause(known: Known) -> None:
    tree, found = plan(known.pattern)
    assert tuple(described(tree, clause, found) for clause in found) == known.known


def described(tree: Tree, clause: ServiceClause, others: list[ServiceClause]) -> str:
    said = [
        "silent" if clause.silent else "",
        " ".join(clause.variables),
        f"certain {' '.join(sorted(clause.certain))}",
        "divisible" if clause.divisible else "whole",
        "correlated" if clause.correlated else "",
        "waits" if waits(tree, clause, others) else "",
    ]
    return "; ".join(each for each in said if each)


def test_what_is_carried_out_stands_in_the_surroundings_of_the_others() -> None:
    tree, (one, other) = plan("{ ?s :p ?x SERVICE :e { ?s :q ?y } OPTIONAL { ?y :a ?b } SERVICE :f { ?y :r ?z } }")
    edits = Edits({(one.element.first, one.element.last): "VALUES ?s { :carried }"})
    got = surroundings(tree, other, [other.element], edits)
    assert got.text == "{ ?s :p ?x .  VALUES ?s { :carried }  OPTIONAL { ?y :a ?b } }"
    assert sorted(got.variables) == ["b", "s", "x", "y"]


def test_edits_outside_of_what_is_rendered_or_within_another_are_not_made() -> None:
    tree = read("ASK { ?a ?b ?c . ?d ?e ?f }")
    edits = Edits({(0, 1): "no", (2, 5): "one", (3, 4): "within", (6, 9): "two", (8, 10): "over"})
    assert edits.render(tree, 1, 9).split() == ["{", "one", ".", "two"]
    assert edits.render(tree, 2, 5).split() == ["one"]
    assert edits.render(tree, 2, 9).split() == ["one", ".", "two"]
    assert Edits().render(tree, 2, 5) == "?a ?b ?c"


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{ ?s :p ?x FILTER EXISTS { SERVICE :e { ?s :q ?y FILTER(?y > ?x) } } }", "1:58: a SERVICE clause in EXISTS"),
        ("{ ?s :p ?x LATERAL { SERVICE :e { ?s :q ?y FILTER(?y > ?x) } } }", "a SERVICE clause in EXISTS or LATERAL"),
    ],
)
def test_a_correlated_clause_uses_no_variable_from_around_it(pattern: str, message: str) -> None:
    with pytest.raises(QueryTooComplex, match=message):
        plan(pattern)


def test_a_clause_where_no_solutions_are_joined_is_refused() -> None:
    tree = read("ASK {} ORDER BY (EXISTS { SERVICE <http://e/> { ?a ?b ?c } })")
    with pytest.raises(QueryTooComplex, match="stands where this service cannot"):
        clauses(tree)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("{ SERVICE :e { SERVICE :f { SERVICE :g { ?s :q ?y } } } SERVICE :h { ?s :q ?y } }", ":e :h"),
        (
            "{ SERVICE :e { { SELECT ?s { SERVICE :f { ?s :q ?y } } } FILTER EXISTS { SERVICE :g { ?s :q ?z } } } }",
            ":e",
        ),
        ("{ SERVICE :e { { SELECT (EXISTS { SERVICE :f { ?s :q ?y } } AS ?b) { ?s ?p ?o } } } }", ":e"),
        ("{ FILTER EXISTS { SERVICE :e { ?a :q ?y } } SERVICE :f { ?s :q ?z } }", ":e :f"),
        ("{ { SELECT (EXISTS { SERVICE :e { ?a :q ?y } } AS ?b) { SERVICE :f { ?s :q ?z } } } }", ":e :f"),
    ],
)
def test_ours_are_the_outermost_clauses_in_the_order_of_the_text(pattern: str, names: str) -> None:
    tree, found = plan(pattern)
    assert " ".join(tree.tokens[clause.element.name].text for clause in found) == names


def test_the_pattern_of_a_clause_is_its_group() -> None:
    tree, (clause,) = plan("{ ?s :p ?x SERVICE SILENT :e { ?s :q ?y } }")
    assert tree.slice(clause.pattern.first, clause.pattern.last) == "{ ?s :q ?y }"
    assert tree.slice(clause.element.first, clause.element.last) == "SERVICE SILENT :e { ?s :q ?y }"


@pytest.mark.parametrize(
    ("prologue", "name", "found"),
    [
        ("", "<http://e/x>", ("http://e/x", "http://e/x")),
        ("", "<far>", ("far", "http://base.example/far")),
        ("BASE <http://other.example/a/>", "<far>", ("far", "http://other.example/a/far")),
        ("BASE <sub/> BASE <more/>", "<far>", ("far", "http://base.example/sub/more/far")),
        ("PREFIX abc: <http://e/>", "<>", ("", "http://base.example/")),
        ("", "?e", ("", "")),
        ("PREFIX e: <http://e/>", "e:far", ("", "http://e/far")),
        ("PREFIX e: <http://e/>", "e:a\\-b:c", ("", "http://e/a-b:c")),
        ("PREFIX : <http://e/>", ":", ("", "http://e/")),
        ("PREFIX e: <e/>", "e:far", ("", "http://base.example/e/far")),
        ("PREFIX e: <e/> BASE <http://late.example/>", "e:far", ("", "http://base.example/e/far")),
        ("BASE <http://early.example/> PREFIX e: <e/>", "e:far", ("", "http://early.example/e/far")),
        ("PREFIX e: <http://one/> PREFIX e: <http://two/>", "e:far", ("", "http://two/far")),
        ("VERSION '1.2' PREFIX e: <http://e/>", "e:far", ("", "http://e/far")),
    ],
)
def test_the_address_that_a_clause_names(prologue: str, name: str, found: tuple[str, str]) -> None:
    tree = read(f"{prologue} SELECT * {{ SERVICE {name} {{ ?s ?p ?o }} }}")
    (clause,) = clauses(tree)
    assert service_iri(tree, clause.element.name, "http://base.example/") == found


@pytest.mark.parametrize(
    ("name", "message"), [("none:x", "1:20: the prefix none: is not"), ("'x'", "1:20: SERVICE names")]
)
def test_what_names_no_address_is_refused_at_its_place(name: str, message: str) -> None:
    tree = read(f"SELECT * {{ SERVICE {name} {{ ?s ?p ?o }} }}")
    at = next(i for i, token in enumerate(tree.tokens) if token.keyword == "SERVICE") + 1
    with pytest.raises(QuerySyntaxError, match=message):
        service_iri(tree, at, "http://base.example/")
