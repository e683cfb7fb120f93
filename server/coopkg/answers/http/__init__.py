"""HTTP as values: requests, negotiation, validators, rate limit, metrics. No framework in it."""
