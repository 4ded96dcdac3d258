"""Provisioned concurrency: environments initialised ahead, and what they leave to others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labsupport import Lab
from tests.unit.functions_lab import Lambda, refusal, wait_until, zipped

SOURCE = (
    "import os, time\n"
    "started = time.time()\n"
    "def handler(event, context):\n"
    "    time.sleep(event.get('seconds', 0))\n"
    "    return {'kind': os.environ['AWS_LAMBDA_INITIALIZATION_TYPE'], 'started': started,\n"
    "            'pid': os.getpid(), 'version': context.function_version}\n"
)


@pytest.fixture
def cloud() -> Iterator[Lambda]:
    with Lab.start(concurrency=10) as lab:
        yield Lambda(lab)


def publish(cloud: Lambda, source: str = SOURCE) -> str:
    if "f" in [function["FunctionName"] for function in cloud.client.list_functions()["Functions"]]:
        cloud.client.update_function_code(FunctionName="f", ZipFile=zipped(source))
    else:
        cloud.create(source)
    return str(cloud.client.publish_version(FunctionName="f")["Version"])


def provision(cloud: Lambda, count: int, qualifier: str = "1") -> Any:
    return cloud.client.put_provisioned_concurrency_config(
        FunctionName="f", Qualifier=qualifier, ProvisionedConcurrentExecutions=count
    )


def status(cloud: Lambda, qualifier: str = "1") -> Any:
    return cloud.client.get_provisioned_concurrency_config(FunctionName="f", Qualifier=qualifier)


def until(cloud: Lambda, wanted: str, qualifier: str = "1") -> Any:
    wait_until(lambda: status(cloud, qualifier)["Status"] == wanted)
    return status(cloud, qualifier)


def test_environments_are_there_before_the_first_event(cloud: Lambda) -> None:
    publish(cloud)
    assert provision(cloud, 2)["Status"] == "IN_PROGRESS"
    assert until(cloud, "READY")["AvailableProvisionedConcurrentExecutions"] == 2
    assert cloud.lab.history.invocations == []
    answer = cloud.invoke(Qualifier="1")["Payload"]
    assert answer["kind"] == "provisioned-concurrency"
    assert cloud.lab.history.invocations[0].real_started > answer["started"]
    assert cloud.invoke()["Payload"]["kind"] == "on-demand", "$LATEST has none of it"


def test_first_report_shows_the_init_that_went_before(cloud: Lambda) -> None:
    publish(cloud)
    provision(cloud, 1)
    until(cloud, "READY")
    for _ in range(2):
        cloud.invoke(Qualifier="1")
    first, second = cloud.lab.history.invocations
    assert first.environment == second.environment
    assert first.init_ms
    assert second.init_ms is None


def test_more_at_once_spills_over_to_on_demand(cloud: Lambda) -> None:
    publish(cloud)
    provision(cloud, 1)
    until(cloud, "READY")
    kinds: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: kinds.append(
                cloud.invoke(b'{"seconds": 0.5}', Qualifier="1")["Payload"]["kind"]
            )
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(kinds) == ["on-demand", "on-demand", "provisioned-concurrency"]


def test_init_that_fails_is_a_failed_allocation(cloud: Lambda) -> None:
    publish(cloud, "raise ValueError\n")
    provision(cloud, 2)
    failed = until(cloud, "FAILED")
    assert failed["StatusReason"] == "FUNCTION_ERROR_INIT_FAILURE"
    assert failed["AllocatedProvisionedConcurrentExecutions"] == 0
    publish(cloud)
    provision(cloud, 1, "2")
    until(cloud, "READY", "2")


def test_alias_takes_its_environments_to_another_version(cloud: Lambda) -> None:
    publish(cloud)
    cloud.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    provision(cloud, 1, "live")
    until(cloud, "READY", "live")
    assert cloud.invoke(Qualifier="live")["Payload"]["version"] == "1"
    assert cloud.invoke(Qualifier="1")["Payload"]["kind"] == "on-demand"
    publish(cloud, SOURCE + "# changed\n")
    cloud.client.update_alias(FunctionName="f", Name="live", FunctionVersion="2")
    until(cloud, "READY", "live")
    answer = cloud.invoke(Qualifier="live")["Payload"]
    assert (answer["version"], answer["kind"]) == ("2", "provisioned-concurrency")


def test_version_is_not_provisioned_twice(cloud: Lambda) -> None:
    publish(cloud)
    cloud.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    provision(cloud, 1, "live")
    with pytest.raises(ClientError, match="Version is pointed by a Provisioned Concurrency alias"):
        provision(cloud, 1, "1")
    delete = cloud.client.delete_provisioned_concurrency_config
    delete(FunctionName="f", Qualifier="live")
    delete(FunctionName="f", Qualifier="live")
    provision(cloud, 1, "1")
    with pytest.raises(ClientError, match="on an already Provisioned version"):
        provision(cloud, 1, "live")


def test_what_is_provisioned_is_kept_from_others(cloud: Lambda) -> None:
    publish(cloud)
    with pytest.raises(ClientError, match=r"greater than account's unreserved concurrency \[10\]"):
        provision(cloud, 11)
    with pytest.raises(ClientError, match=r"below its minimum value of \[1\]"):
        provision(cloud, 10)
    cloud.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=2)
    with pytest.raises(ClientError, match="greater than the reservedConcurrentExecution"):
        provision(cloud, 3)
    provision(cloud, 2)
    until(cloud, "READY")
    with pytest.raises(ClientError, match=r"should not be lower than .* \[2\]"):
        cloud.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)
    assert cloud.invoke(Qualifier="1")["StatusCode"] == 200
    with pytest.raises(ClientError) as caught:
        cloud.invoke()
    reason = caught.value.response["Reason"]
    assert reason == "ReservedFunctionConcurrentInvocationLimitExceeded", "none left for $LATEST"


def test_unpublished_or_unknown_versions_are_refused(cloud: Lambda) -> None:
    publish(cloud)
    put = cloud.client.put_provisioned_concurrency_config
    arguments = {"FunctionName": "f", "ProvisionedConcurrentExecutions": 1}
    assert refusal(put, Qualifier="$LATEST", **arguments)[0] == "InvalidParameterValueException"
    assert refusal(put, Qualifier="9", **arguments) == ("ResourceNotFoundException", 404)
    get = cloud.client.get_provisioned_concurrency_config
    code = "ProvisionedConcurrencyConfigNotFoundException"
    assert refusal(get, FunctionName="f", Qualifier="1") == (code, 404)


def test_deleted_function_gives_everything_back(cloud: Lambda) -> None:
    publish(cloud)
    provision(cloud, 2)
    until(cloud, "READY")
    listed = cloud.client.list_provisioned_concurrency_configs(FunctionName="f")
    assert [config["FunctionArn"][-4:] for config in listed["ProvisionedConcurrencyConfigs"]] == [
        ":f:1"
    ]
    cloud.client.delete_function(FunctionName="f")
    publish(cloud)
    provision(cloud, 9)
    until(cloud, "READY")
    provision(cloud, 1)
    assert until(cloud, "READY")["AllocatedProvisionedConcurrentExecutions"] == 1
