"""What the simulated client knows: accounts, settings, groups, cluster, callbacks."""
