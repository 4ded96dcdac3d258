"""Where the data plane meets moto. Nothing else in `labsupport.functions` knows moto.

moto keeps functions, roles and logs: `lookup` asks it for them, `store` changes them. Lambda's API
on functions, versions, aliases, layers and tags is answered in the modules named after them, in the
place of moto's own. moto's one choke point for running a function, `LambdaFunction.invoke`, which
its triggers go through, is led to the data plane by `patches`.
`metrics` shows CloudWatch what the data plane measures.
"""

from .lookup import (
    aliases,
    caller_of,
    exists,
    package_of,
    reserved_concurrency,
    resolve,
    revise,
    revision_of,
    role_credentials,
    routed,
    storage,
    write_log,
)
from .metrics import CloudWatch
from .patches import Bridge
from .snapstart import show_state
from .store import undisturbed

__all__ = [
    "Bridge",
    "CloudWatch",
    "aliases",
    "caller_of",
    "exists",
    "package_of",
    "reserved_concurrency",
    "resolve",
    "revise",
    "revision_of",
    "role_credentials",
    "routed",
    "show_state",
    "storage",
    "undisturbed",
    "write_log",
]
