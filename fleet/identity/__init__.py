"""Identities: the fleet's certificate authority, and what a device gets when it enrols."""
