"""Asynchronous events: their queue, where they end, and the chains they form."""
