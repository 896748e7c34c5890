"""Running vidpipe somewhere: the demo, and what a deployment needs."""
