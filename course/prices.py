"""Compares the price facts with AWS's Price List API, and says as a diff what has changed.

docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html tells of the API; its names
of usage types are those of a bill. It needs the right pricing:GetProducts and costs nothing.
"""

from __future__ import annotations

import difflib
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from course.outline import ROOT
from course.problem import Problem
from labsupport.facts import fact
from labsupport.facts.records import FOLDER

ENDPOINT, REGION = "https://api.pricing.us-east-1.amazonaws.com", "us-east-1"
FILE = FOLDER / "price.yml"
MILLION = Decimal(10) ** 6
_USD = re.compile(r"(\busd: )(\d+\.\d+)")
_VALUE = re.compile(r"^(  value: )(\d+\.\d+)$", re.M)


@dataclass(frozen=True)
class Offer:
    """Where the price list has a fact's price.

    Args:
        usage: the usage type, as on a bill.
        per: how many units the fact's price is for.
        more: further attributes of the product.
    """

    service: str
    usage: str
    per: Decimal = Decimal(1)
    more: Mapping[str, str] = field(default_factory=dict)


def _instance(name: str) -> Offer:
    linux = {"operation": "RunInstances", "tenancy": "Shared", "capacitystatus": "Used"}
    return Offer("AmazonEC2", f"BoxUsage:{name}", more=linux)


INSTANCES = (
    "t3.micro",
    "t3.small",
    "t3.medium",
    "t4g.micro",
    "t4g.small",
    "t4g.medium",
    "m7g.xlarge",
)
OFFERS = {
    "price.requests": Offer("AWSLambda", "Request", MILLION),
    "price.gbs.x86": Offer("AWSLambda", "Lambda-GB-Second"),
    "price.gbs.arm": Offer("AWSLambda", "Lambda-GB-Second-ARM"),
    "price.pc.x86": Offer("AWSLambda", "Lambda-Provisioned-Concurrency"),
    "price.pc.arm": Offer("AWSLambda", "Lambda-Provisioned-Concurrency-ARM"),
    "price.pc_duration.x86": Offer("AWSLambda", "Lambda-Provisioned-GB-Second"),
    "price.pc_duration.arm": Offer("AWSLambda", "Lambda-Provisioned-GB-Second-ARM"),
    "price.ephemeral": Offer("AWSLambda", "Lambda-Storage-GB-Second"),
    "price.fargate.vcpu_h": Offer("AmazonECS", "USE1-Fargate-vCPU-Hours:perCPU"),
    "price.fargate.gb_h": Offer("AmazonECS", "USE1-Fargate-GB-Hours"),
    "price.fargate.arm_vcpu_h": Offer("AmazonECS", "USE1-Fargate-ARM-vCPU-Hours:perCPU"),
    "price.fargate.arm_gb_h": Offer("AmazonECS", "USE1-Fargate-ARM-GB-Hours"),
    "price.apigw.http": Offer("AmazonApiGateway", "USE1-ApiGatewayHttpRequest", MILLION),
    "price.apigw.rest": Offer("AmazonApiGateway", "USE1-ApiGatewayRequest", MILLION),
    **{f"price.ec2.{name}": _instance(name) for name in INSTANCES},
}


def refreshed(profile: str, today: date, client: Any = None) -> str:
    """A diff of the price facts that brings them up to date; "" when there is nothing to change.

    Nothing is written. What can't be compared is told on standard error, and left as it is.

    Args:
        profile: of ~/.aws, whose credentials AWS is asked with.

    Raises:
        Problem: when AWS can't be asked.
    """
    client = _client(profile) if client is None else client
    before = text = FILE.read_text(encoding="utf-8")
    for fact_id, offer in OFFERS.items():
        tiers = _listed(client, offer)
        expected = _edges(fact(fact_id).value)
        if [edge for edge, _ in tiers] != expected:
            found = f"other tiers ({tiers})" if tiers else "no price"
            print(f"{fact_id}: the price list has {found} for {offer.usage}", file=sys.stderr)
            continue
        text = _changed(text, fact_id, [usd * offer.per for _, usd in tiers], today)
    name = FILE.relative_to(ROOT).as_posix()
    return "".join(
        difflib.unified_diff(
            before.splitlines(keepends=True),
            text.splitlines(keepends=True),
            f"a/{name}",
            f"b/{name}",
        )
    )


def _client(profile: str) -> Any:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    wait = Config(connect_timeout=5, read_timeout=30, retries={"max_attempts": 2})
    try:
        session = boto3.Session(profile_name=profile, region_name=REGION)
        return session.client("pricing", endpoint_url=ENDPOINT, config=wait)
    except BotoCoreError as error:
        raise Problem(_sentence(error)) from None


def _sentence(error: Exception) -> str:
    reason = " ".join(str(error).split()).rstrip(".")
    return f"The Price List API could not be asked: {reason}."


def _listed(client: Any, offer: Offer) -> list[tuple[Decimal | None, Decimal]]:
    """The on-demand tiers of an offer: up to how many units, None in the last, and US dollars."""
    from botocore.exceptions import BotoCoreError, ClientError

    wanted = {"regionCode": REGION, "usagetype": offer.usage, **offer.more}
    filters = [
        {"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in wanted.items()
    ]
    try:
        pages = client.get_paginator("get_products").paginate(
            ServiceCode=offer.service, Filters=filters
        )
        products = [json.loads(each) for page in pages for each in page["PriceList"]]
    except (BotoCoreError, ClientError) as error:
        raise Problem(_sentence(error)) from None
    found = {tuple(sorted(_tiers(each), key=_by_edge)) for each in products}
    return list(found.pop()) if len(found) == 1 else []


def _tiers(product: Mapping[str, Any]) -> Iterator[tuple[Decimal | None, Decimal]]:
    for term in product["terms"].get("OnDemand", {}).values():
        for dimension in term["priceDimensions"].values():
            edge = dimension["endRange"]
            usd = Decimal(dimension["pricePerUnit"].get("USD", "0"))
            yield None if edge == "Inf" else Decimal(edge), usd


def _by_edge(tier: tuple[Decimal | None, Decimal]) -> Decimal:
    return Decimal("Infinity") if tier[0] is None else tier[0]


def _edges(value: Any) -> list[Decimal | None]:
    """The upper edges of a fact's tiers; a single price goes on for ever."""
    if not isinstance(value, list):
        return [None]
    tops = [next(edge for name, edge in tier.items() if name != "usd") for tier in value]
    return [None if top is None else Decimal(top) for top in tops]


def _changed(text: str, fact_id: str, prices: Sequence[Decimal], today: date) -> str:
    """The file with a fact's prices, and the day on which they were compared."""
    begin = text.index(f"- id: {fact_id}\n")
    end = text.find("\n- id:", begin)
    record = text[begin:] if end == -1 else text[begin:end]
    left = iter(prices)

    def in_place(match: re.Match[str]) -> str:
        price = next(left)
        kept = match[2] if Decimal(match[2]) == price else f"{price.normalize():f}"
        return match[1] + (kept if "." in kept else f"{kept}.00")

    new = (_USD if len(prices) > 1 else _VALUE).sub(in_place, record)
    new = re.sub(r"^  checked: .*$", f'  checked: "{today}"', new, flags=re.M)
    return text[:begin] + new + text[begin + len(record) :]
