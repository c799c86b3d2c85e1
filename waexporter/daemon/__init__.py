"""The running daemon: composition, fleet, paging, reload, signals."""
