"""What the fleet does, one subject a module; functions on a session, used by `fleet.operations` and `fleet.mqtt`."""
