"""What goes wrong in the simulator, and when."""
