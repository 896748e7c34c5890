"""What a running vidpipe says of itself."""
