"""What one client may ask for: requests a second, processor seconds a minute, and who counts as one."""

from __future__ import annotations

import pytest

from coopkg.answers.http.rate_limit import REMEMBERED, ProcessorBudget, ProxyList, RateLimiter, network
from coopkg.errors import TooManyRequests, UsageError
from coopkg.settings import Settings


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_admitted_and_then_the_rate() -> None:
    clock = Clock()
    limiter = RateLimiter(2, 5, clock)
    for _ in range(5):
        limiter.take("192.0.2.1")
    with pytest.raises(TooManyRequests) as refused:
        limiter.take("192.0.2.1")
    assert refused.value.headers() == {"Retry-After": "1"}
    limiter.take("192.0.2.2")
    clock.now = 0.5
    limiter.take("192.0.2.1")


def test_processor_time_is_paid_back_before_anything_more_is_evaluated() -> None:
    clock = Clock()
    budget = ProcessorBudget(30, clock)
    budget.admit("192.0.2.1")
    budget.charge("192.0.2.1", 40)
    with pytest.raises(TooManyRequests) as refused:
        budget.admit("192.0.2.1")
    assert refused.value.headers() == {"Retry-After": "22"}
    budget.admit("192.0.2.2")
    clock.now = 21
    budget.admit("192.0.2.1")


def test_a_client_is_told_its_budget() -> None:
    clock = Clock()
    budget = ProcessorBudget(30, clock)
    budget.charge("192.0.2.1", 12.5)
    assert budget.fields("192.0.2.1") == {
        "RateLimit-Policy": '"processor-seconds";q=30;w=60',
        "RateLimit": '"processor-seconds";r=17;t=25',
    }
    budget.charge("192.0.2.1", 100)
    assert budget.fields("192.0.2.1")["RateLimit"].startswith('"processor-seconds";r=0;')


@pytest.mark.parametrize("client", ["127.0.0.1", "::1", ""])
def test_the_operator_is_not_limited(client: str) -> None:
    budget = ProcessorBudget(1)
    budget.charge(client, 1000)
    budget.admit(client)
    assert budget.fields(client) == {}


def test_invented_addresses_do_not_fill_the_memory() -> None:
    limiter = RateLimiter(1, 1)
    for number in range(3 * REMEMBERED):
        limiter.take(f"198.51.{number >> 8}.{number & 255}")
    assert len(limiter._buckets._buckets) == REMEMBERED  # noqa: SLF001 - its size is what is bounded


@pytest.mark.parametrize(("host", "client"), [
    ("192.0.2.1", "192.0.2.1"),
    ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ("::ffff:192.0.2.1", "192.0.2.1"),
    ("nonsense", "nonsense"),
])  # fmt: skip
def test_what_counts_as_one_client(host: str, client: str) -> None:
    assert network(host) == client


@pytest.mark.parametrize(("proxies", "peer", "forwarded", "client"), [
    ("", "127.0.0.1", "203.0.113.9", "127.0.0.1"),  # nobody is trusted
    ("127.0.0.1", "127.0.0.1", "203.0.113.9", "203.0.113.9"),
    ("127.0.0.1", "192.0.2.1", "203.0.113.9", "192.0.2.1"),  # not one of ours: it may have invented it
    ("127.0.0.1", "127.0.0.1", "127.0.0.1, 198.51.100.7, 203.0.113.9", "203.0.113.9"),  # the client wrote the first two
    ("127.0.0.1, 10.0.0.0/8", "127.0.0.1", "203.0.113.9, 10.1.2.3", "203.0.113.9"),
    ("127.0.0.1", "127.0.0.1", "", "127.0.0.1"),
    ("127.0.0.1", "127.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
    ("127.0.0.1", "127.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
    ("::1", "::1", "2001:db8::1", "2001:db8::1"),
])  # fmt: skip
def test_behind_a_proxy_the_forwarded_address_counts(proxies: str, peer: str, forwarded: str, client: str) -> None:
    assert ProxyList(proxies).client(peer, forwarded) == client


def test_a_proxy_that_is_none_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="nonsense"):
        Settings(proxies="127.0.0.1, nonsense")
