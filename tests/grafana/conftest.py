"""Simulated clients, as the end-to-end tests have them."""

from tests.e2e.conftest import simulate

__all__ = ["simulate"]
