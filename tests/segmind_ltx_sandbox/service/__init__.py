"""What the emulated service decides and remembers."""
