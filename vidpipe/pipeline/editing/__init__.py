"""What people decided, applied to what the pipeline found."""
