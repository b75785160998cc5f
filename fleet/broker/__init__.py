"""The brokers that come with the fleet: nats-server as the hub, and as the leaf of a site."""
