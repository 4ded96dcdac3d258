"""What an invocation leaves behind: log, metrics, record."""
