"""Looks at what lesson 07 is about: which objects of a bucket call a function."""

from __future__ import annotations

from typing import Any

from quizzes.lab_checks import Clients, Found, missing, partly, reached

BUCKET, WANTED = "photo-uploads", "incoming/"


def only_incoming(clients: Clients) -> Found:
    """Only objects under `incoming/` in the bucket call `thumbs`."""
    s3 = clients("s3")
    if BUCKET not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        return missing(f"There is no bucket `{BUCKET}` yet; run the block first.")
    found = s3.get_bucket_notification_configuration(Bucket=BUCKET)
    callers = [each for each in found.get("LambdaFunctionConfigurations", []) if _calls(each)]
    if not callers:
        return missing("No object that is created calls `thumbs` any more.")
    prefixes = [_prefix(each) for each in callers]
    if any("thumbs/".startswith(prefix) or prefix.startswith("thumbs/") for prefix in prefixes):
        return missing("An object `thumbs/cat.jpg` still calls `thumbs`.")
    if set(prefixes) != {WANTED}:
        return partly(0.5, f"`thumbs/` is left out, but what calls is {_told(prefixes)}.")
    if any("suffix" in _rules(each) for each in callers):
        return partly(0.8, "The beginning is right; some objects are left out for their ending.")
    return reached("Objects under `incoming/` call `thumbs`, and no others.")


def _calls(configuration: dict[str, Any]) -> bool:
    """Whether a configuration calls `thumbs` for an object that is put."""
    named = configuration["LambdaFunctionArn"].split(":")[6] == "thumbs"
    return named and bool(
        {"s3:ObjectCreated:*", "s3:ObjectCreated:Put"} & {*configuration["Events"]}
    )


def _rules(configuration: dict[str, Any]) -> dict[str, str]:
    rules = configuration.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    return {rule["Name"].lower(): rule["Value"] for rule in rules if rule["Value"]}


def _prefix(configuration: dict[str, Any]) -> str:
    return _rules(configuration).get("prefix", "")


def _told(prefixes: list[str]) -> str:
    return " and ".join(f"`{prefix}…`" for prefix in sorted(set(prefixes)))
