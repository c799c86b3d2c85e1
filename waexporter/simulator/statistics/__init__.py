"""The counters and gauges of the simulated client."""
