"""A cache of what was computed from texts, bounded in bytes: the texts are clients' own, and of any length."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from functools import wraps
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_P = ParamSpec("_P")
_V = TypeVar("_V")
_ENTRY: Final = 1024
"""Bytes that an entry takes besides its text and what grows with that."""


def cached_by_text(capacity: int, per_byte: int) -> Callable[[Callable[_P, _V]], Callable[_P, _V]]:
    """Cache a function of a text, and of further arguments that are small, in at most ``capacity`` bytes.

    ``per_byte`` is the memory that a result takes for each byte of the text, at most. What was used last is kept. A
    text that would take more than an eighth of the capacity is computed each time, so that a large one displaces only
    a few of the small ones. The function may be called from several threads.
    """

    def decorate(function: Callable[_P, _V]) -> Callable[_P, _V]:
        entries: OrderedDict[object, tuple[_V, int]] = OrderedDict()
        lock = threading.Lock()
        size = 0

        @wraps(function)
        def cached(*args: _P.args, **kwargs: _P.kwargs) -> _V:
            nonlocal size
            key = (args, *kwargs.items())
            with lock:
                known = entries.get(key)
                if known is not None:
                    entries.move_to_end(key)
                    return known[0]
            value = function(*args, **kwargs)
            cost = _ENTRY + sys.getsizeof(args[0]) * (1 + per_byte)
            if cost * 8 <= capacity:
                with lock:
                    size += cost - entries.pop(key, (None, 0))[1]
                    entries[key] = value, cost
                    while size > capacity:
                        size -= entries.popitem(last=False)[1][1]
            return value

        return cached

    return decorate
