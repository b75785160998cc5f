"""Bundles from elsewhere than the fleet: files, registries and web servers.

A child process fetches and unpacks them (`unpack`): neither HTTP nor a whole bundle is ever in the agent's memory.
"""
