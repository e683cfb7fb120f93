"""The Graph Store Protocol suite of the W3C, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from w3c.exchange import hold
from w3c.graph_store import CONVERSATIONS

if TYPE_CHECKING:
    from w3c.exchange import Conversation, Wire

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda c: c.name)
def test_graph_store_protocol(wire: Wire, conversation: Conversation) -> None:
    assert hold(wire, conversation) == ""


def test_each_test_once() -> None:
    assert len({conversation.iri for conversation in CONVERSATIONS}) == 13
