"""Text in pictures: captions, cards and titles, their fonts, and how words appear."""
