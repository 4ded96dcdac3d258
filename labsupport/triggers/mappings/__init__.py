"""Event source mappings: Lambda's own pollers of queues and streams.

`settings` and `checks` know what a mapping is and may be, `api` keeps the mappings and answers
Lambda's API, `queue_poller` and `stream_poller` read sources and invoke functions, `moto_bridge`
beside this package is where the sources are.
docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
"""

from .trigger import EventSourceMappings

__all__ = ["EventSourceMappings"]
