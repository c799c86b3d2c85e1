"""Prometheus exporter and health agent for the WhatsApp Business On-Premises API."""

__version__ = "0.1.0"
