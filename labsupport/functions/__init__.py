"""Lambda's data plane: functions really run, one process for each execution environment.

Read `data_plane` first, then `pool` (which environment serves an invocation), `environment` (its
life), `runtime_api` (what the runtime client says) and `warden` (who owns the processes).
`api_model`, `names`, `limits` and `runtimes` know what a call may say. `moto_bridge` alone speaks
to moto, and keeps functions, versions, aliases and layers in it.
"""

from .data_plane import DataPlane
from .errors import ServiceError
from .model import FunctionVersion, InvokeResult

__all__ = ["DataPlane", "FunctionVersion", "InvokeResult", "ServiceError"]
