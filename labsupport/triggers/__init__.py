"""What calls functions: queues, streams, buckets, topics, events, schedules, HTTP, workflows.

moto delivers some of these in its own way, within the producer's call, and others not at all. Here
each kind of source has a module that puts its own delivery in the place of moto's, from `install`
until `close`; a producer never waits for a consumer.
"""

from .opening import open_triggers
from .surroundings import Surroundings, Trigger

__all__ = ["Surroundings", "Trigger", "open_triggers"]
