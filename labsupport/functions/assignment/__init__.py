"""Which execution environment serves an invocation, and whether one may."""
