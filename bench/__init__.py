"""Measurements that are tracked; never part of the tests."""
