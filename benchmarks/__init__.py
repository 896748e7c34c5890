"""Side-by-side measurements, one command each. Not tests: nothing here can fail on a time."""
