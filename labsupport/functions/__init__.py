"""Lambda's data plane: functions really run, one process for each execution environment.

Read `data_plane` first, then `assignment.pool` (which environment serves an invocation),
`environments.environment` (its life), `environments.runtime_api` (what the runtime client says) and
`processes.warden` (who owns the processes). `api` knows what a call may say, `events` what becomes
of asynchronous ones, `telemetry` what an invocation leaves behind. `moto_bridge` alone speaks to
moto, and keeps functions, versions, aliases and layers in it.
"""

from .data_plane import DataPlane
from .errors import ServiceError
from .model import FunctionVersion, InvokeResult

__all__ = ["DataPlane", "FunctionVersion", "InvokeResult", "ServiceError"]
