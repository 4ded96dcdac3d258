"""Where the data plane meets moto. Nothing else in `labsupport.functions` knows moto.

moto keeps functions, roles and logs: `lookup` asks it for them. Its one choke point for running a
function, `LambdaFunction.invoke`, which its API and all its triggers go through, is led to the data
plane by `patches`; what moto accepts although AWS refuses it is checked there.
"""

from .lookup import (
    aliases,
    reserved_concurrency,
    resolve,
    role_credentials,
    routed,
    storage,
    write_log,
)
from .patches import Bridge

__all__ = [
    "Bridge",
    "aliases",
    "reserved_concurrency",
    "resolve",
    "role_credentials",
    "routed",
    "storage",
    "write_log",
]
