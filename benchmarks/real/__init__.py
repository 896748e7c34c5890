"""Measurements on what nobody here made: real voices, real faces, real screens."""
