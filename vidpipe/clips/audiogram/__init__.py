"""What a clip of sound alone shows: a cover, bars that move with the voice; whether it does."""
