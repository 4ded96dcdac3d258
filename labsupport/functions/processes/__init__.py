"""The processes that execution environments consist of, on every system."""
