"""The modules of the application that have routes: each of one matter, in a blueprint of its own."""

from __future__ import annotations

from typing import Final

from coopkg.web.pages import (
    api,
    changes,
    contribute,
    discovery,
    dumps,
    entities,
    explain,
    facts,
    federation,
    graph_store,
    home,
    operations,
    query,
    saved_queries,
    search,
    sparql,
    status,
    update,
    validate,
)
from coopkg.web.pages import help as help_pages

PAGES: Final = (
    api,
    changes,
    contribute,
    discovery,
    dumps,
    explain,
    facts,
    federation,
    graph_store,
    help_pages,
    home,
    operations,
    query,
    saved_queries,
    search,
    sparql,
    status,
    update,
    validate,
    entities,  # the last: it answers for every path that no other module has
)
