"""Execution environments: their life, their runtime, what they find around them."""
