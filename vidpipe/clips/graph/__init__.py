"""What ffmpeg is told to draw: filter graphs, built from plans and run by nobody here."""
