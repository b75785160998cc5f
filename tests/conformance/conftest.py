"""Agents, brokers and doubles of the fleet are those of the edge host's tests."""

from tests.edge_host.conftest import fleet, new_agent, shared_broker

__all__ = ["fleet", "new_agent", "shared_broker"]
