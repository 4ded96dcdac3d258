"""The other ends of the course's examples: services that handlers use, kept by moto."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from labsupport import Lab
from tests.unit.functions_lab import Lambda, refusal


@pytest.fixture
def cloud() -> Iterator[Lambda]:
    with Lab.start() as lab:
        yield Lambda(lab)


def test_handler_stops_and_starts_instances(cloud: Lambda) -> None:
    ec2 = boto3.client("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]
    cloud.create(
        "import boto3\n"
        "def handler(event, context):\n"
        "    ec2, ids = boto3.client('ec2'), event['ids']\n"
        "    getattr(ec2, event['do'] + '_instances')(InstanceIds=ids)\n"
        "    found = ec2.describe_instances(InstanceIds=ids)['Reservations'][0]['Instances'][0]\n"
        "    return found['State']['Name']\n",
        Timeout=60,
    )
    payload = '{"do": "%s", "ids": ["' + instance["InstanceId"] + '"]}'
    assert cloud.invoke(payload % "stop")["Payload"] == "stopped"
    assert cloud.invoke(payload % "start")["Payload"] == "running"


def test_handler_asks_rekognition_whose_answers_are_canned(cloud: Lambda) -> None:
    """moto has the same labels for every picture."""
    boto3.client("s3").create_bucket(Bucket="photos")
    boto3.client("s3").put_object(Bucket="photos", Key="p.jpg", Body=b"no picture")
    cloud.create(
        "import boto3\n"
        "def handler(event, context):\n"
        "    image = {'S3Object': {'Bucket': 'photos', 'Name': 'p.jpg'}}\n"
        "    labels = boto3.client('rekognition').detect_labels(Image=image)['Labels']\n"
        "    return [label['Name'] for label in labels]\n",
        Timeout=60,
    )
    assert "Mobile Phone" in cloud.invoke()["Payload"]


def test_moderation_finds_what_the_metadata_says() -> None:
    with Lab.start():
        s3, rekognition = boto3.client("s3"), boto3.client("rekognition")
        s3.create_bucket(Bucket="photos")
        s3.put_object(Bucket="photos", Key="cat.jpg", Body=b"no picture")
        rude = {"moderation-label": "Explicit"}
        s3.put_object(Bucket="photos", Key="rude.jpg", Body=b"no picture", Metadata=rude)

        def labels(key: str, **more: Any) -> list[str]:
            image = {"S3Object": {"Bucket": "photos", "Name": key}}
            answer = rekognition.detect_moderation_labels(Image=image, **more)
            return [label["Name"] for label in answer["ModerationLabels"]]

        assert labels("cat.jpg") == []
        assert labels("rude.jpg") == ["Explicit"]
        assert labels("rude.jpg", MinConfidence=100) == []
        nothing = {"S3Object": {"Bucket": "photos", "Name": "none.jpg"}}
        code, _ = refusal(rekognition.detect_moderation_labels, Image=nothing)
        assert code == "InvalidS3ObjectException"


def test_handler_reads_a_secret_and_a_parameter(cloud: Lambda) -> None:
    boto3.client("secretsmanager").create_secret(Name="db", SecretString="hunter2")
    boto3.client("ssm").put_parameter(Name="/app/url", Value="https://db", Type="SecureString")
    cloud.create(
        "import boto3\n"
        "def handler(event, context):\n"
        "    secret = boto3.client('secretsmanager').get_secret_value(SecretId='db')\n"
        "    url = boto3.client('ssm').get_parameter(Name='/app/url', WithDecryption=True)\n"
        "    return [secret['SecretString'], url['Parameter']['Value']]\n",
        Timeout=60,
    )
    assert cloud.invoke()["Payload"] == ["hunter2", "https://db"]
