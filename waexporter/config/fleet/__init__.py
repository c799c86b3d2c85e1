"""The targets of a fleet: lists of them in files, what all of them share, and the shard that is polled."""
