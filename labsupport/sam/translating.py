"""SAM to CloudFormation, by the translator that AWS itself runs.

https://github.com/aws/serverless-application-model
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from typing import Any

import boto3

from labsupport.errors import LabValueError


def translate(body: dict[str, Any], parameters: Mapping[str, Any], region: str) -> dict[str, Any]:
    """The CloudFormation template that a SAM template stands for; both keep as they are.

    Raises:
        LabValueError: with what the translator has against it.
    """
    from samtranslator.public.exceptions import InvalidDocumentException
    from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader
    from samtranslator.translator.transform import transform

    logging.getLogger("samtranslator").setLevel(logging.CRITICAL)
    policies = ManagedPolicyLoader(boto3.client("iam", region_name=region))
    try:
        translated: dict[str, Any] = transform(
            copy.deepcopy(body), {"AWS::Region": region, **parameters}, policies
        )
    except InvalidDocumentException as error:
        reasons = " ".join(dict.fromkeys(cause.message for cause in error.causes))
        raise LabValueError(f"SAM refuses the template: {reasons or error.message}") from None
    return translated
