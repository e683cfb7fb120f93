"""Variables by which the supervisor tells the other processes of a server where they meet."""

from __future__ import annotations

from typing import Final

SOCKETS: Final = "COOPKG_SOCKETS"
"""The folder in which the dataset process listens, and which all processes share."""
COUNTERS: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The folder in which counters are shared, as prometheus_client reads it when it is imported."""
