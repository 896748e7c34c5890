"""Measurements on recordings that other people made, in two columns: built on, and held out."""
