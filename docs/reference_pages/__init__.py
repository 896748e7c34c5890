"""The pages of docs/reference, by what they tell of; `docs/generate.py` writes them."""
