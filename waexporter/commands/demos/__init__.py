"""What `waexporter demo` needs beside the daemon and the simulated clients."""
