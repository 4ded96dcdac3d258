"""Published versions of functions.

docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..api.actions import Actions
from ..api.api_model import Call
from ..api.names import FunctionName, function_name
from ..api.paging import page
from ..errors import invalid_parameter
from .code import check_storage
from .configuration import PENDING, being_created, configuration, fingerprint, in_list
from .functions import existing
from .settings import check_revision, revise, settings_of
from .store import CHANGING, backend, copy_of, now, replace, versions_of


def register(actions: Actions, published: Callable[[Any], None]) -> None:
    """Answer the actions on versions.

    Args:
        published: told what has been published, as moto's.
    """
    actions.add(PublishVersion=lambda call: _publish(call, published), ListVersionsByFunction=_list)


def publish_version(name: FunctionName, description: str | None = None) -> Any:
    """Publish a function as it is, and return moto's version; the last one if nothing has changed.

    Versions are numbered on, also after a version has been deleted.

    Raises:
        ServiceError: as Lambda refuses.
    """
    from moto.awslambda.policy import Policy

    with CHANGING:
        function = existing(name)
        source = fingerprint(function)
        group = backend(name.region)._lambdas._functions[name.name]
        published = group.get("published", 0)
        for known in group["versions"][-1:]:
            if known.version == published and settings_of(known).published_from == source:
                return known
        check_storage(name.region, function.code_size)
        version = copy_of(function)
        version.set_version(published + 1)
        version.last_modified = now()
        version.policy = Policy(version)
        version.url_config = None
        if description is not None:
            version.description = description
        state = PENDING if settings_of(function).snap_start else {}
        revise(version, published_from=source, state=state)
        group["published"] = version.version
        group["versions"] = [*group["versions"], version]
        backend(name.region)._lambdas._arns[version.function_arn] = version
        latest = copy_of(function)
        revise(latest)
        replace(latest)
    return version


def _publish(call: Call, published: Callable[[Any], None]) -> dict[str, Any]:
    name = function_name(call.region, call.get("FunctionName"))
    with CHANGING:
        function = existing(name)
        check_revision(function, call.get("RevisionId"))
        wanted = call.get("CodeSha256")
        if wanted and wanted != function.code_sha_256:
            raise invalid_parameter(
                f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST "
                f"({function.code_sha_256}). Please try again with the CodeSHA256 in $LATEST."
            )
        before = versions_of(name)
        version = publish_version(name, call.get("Description"))
    shown = configuration(version, str(version.version))
    published(version)
    snapshot = settings_of(version).snap_start and version not in before
    return being_created(shown) if snapshot else shown


def _list(call: Call) -> dict[str, Any]:
    name = function_name(call.region, call.get("FunctionName"))
    functions = [existing(name), *versions_of(name)]
    shown = [in_list(configuration(each, str(each.version))) for each in functions]
    return page("Versions", shown, call)
