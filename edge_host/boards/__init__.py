"""Attached boards: their port, the SMP client, and the member that speaks for a board to the fleet."""
