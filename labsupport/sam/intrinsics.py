"""What !Ref, !GetAtt, !Sub and the other functions of a template come to.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from labsupport.errors import LabValueError

_SLOT = re.compile(r"\$\{([^}]+)\}")


class NoValue:
    """What `AWS::NoValue` stands for: the member is left out."""


NO_VALUE = NoValue()


@dataclass
class Resolver:
    """Works the functions out.

    Args:
        names: what Ref gives, for parameters and pseudo parameters.
        attribute: what Ref (with "") and GetAtt give for a resource.
        conditions, mappings: those of the template.
    """

    names: Mapping[str, Any]
    attribute: Callable[[str, str], Any]
    conditions: Mapping[str, Any]
    mappings: Mapping[str, Any]

    def resolve(self, value: Any) -> Any:
        """A value of the template with all its functions worked out.

        Raises:
            LabValueError: naming the function that cannot be.
        """
        if isinstance(value, list):
            return [each for each in map(self.resolve, value) if each is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return self._ref(argument)
            if name.startswith("Fn::"):
                return self._call(name, argument)
        resolved = {name: self.resolve(each) for name, each in value.items()}
        return {name: each for name, each in resolved.items() if each is not NO_VALUE}

    def holds(self, condition: str) -> bool:
        """Whether a condition of the template is true."""
        if condition not in self.conditions:
            raise LabValueError(f"The template has no condition {condition}.")
        return self._truth(self.conditions[condition])

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        return self.names[name] if name in self.names else self.attribute(name, "")

    def _call(self, name: str, argument: Any) -> Any:
        work = getattr(self, "_" + name.removeprefix("Fn::").lower(), None)
        if work is None:
            raise LabValueError(f"{name} is not known here: write its value instead.")
        try:
            return work(argument)
        except (TypeError, KeyError, IndexError, AttributeError):
            raise LabValueError(f"{name} cannot work with {json.dumps(argument)}.") from None

    def _getatt(self, argument: Any) -> Any:
        logical, _, attribute = (
            argument.partition(".") if isinstance(argument, str) else _joined(argument)
        )
        return self.attribute(logical, self.resolve(attribute))

    def _sub(self, argument: Any) -> str:
        text, own = argument if isinstance(argument, list) else (argument, {})

        def filled(slot: re.Match[str]) -> str:
            name = slot[1].strip()
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in own:
                return str(self.resolve(own[name]))
            if "." in name:
                return str(self._getatt(name))
            return str(self._ref(name))

        return _SLOT.sub(filled, text)

    def _join(self, argument: Any) -> str:
        between, parts = argument
        return str(between).join(str(each) for each in self.resolve(parts))

    def _split(self, argument: Any) -> list[str]:
        between, text = argument
        return str(self.resolve(text)).split(between)

    def _select(self, argument: Any) -> Any:
        place, values = argument
        return self.resolve(values)[int(self.resolve(place))]

    def _base64(self, argument: Any) -> str:
        return base64.b64encode(str(self.resolve(argument)).encode()).decode()

    def _findinmap(self, argument: Any) -> Any:
        name, first, second = (self.resolve(each) for each in argument)
        return self.mappings[name][first][second]

    def _tojsonstring(self, argument: Any) -> str:
        return json.dumps(self.resolve(argument))

    def _length(self, argument: Any) -> int:
        return len(self.resolve(argument))

    def _if(self, argument: Any) -> Any:
        condition, then, otherwise = argument
        return self.resolve(then if self.holds(condition) else otherwise)

    def _truth(self, value: Any) -> bool:
        ((name, argument),) = value.items()
        if name == "Condition":
            return self.holds(argument)
        if name == "Fn::Equals":
            first, second = self.resolve(argument)
            return str(first) == str(second)
        if name == "Fn::Not":
            return not self._truth(argument[0])
        if name in ("Fn::And", "Fn::Or"):
            return (all if name == "Fn::And" else any)(self._truth(each) for each in argument)
        raise LabValueError(f"{name} is no condition.")


def mentioned(value: Any) -> Iterator[str]:
    """The names that a value refers to, of resources and others."""
    if isinstance(value, list):
        for each in value:
            yield from mentioned(each)
    elif isinstance(value, dict):
        for name, argument in value.items():
            if name == "Ref" and isinstance(argument, str):
                yield argument
            elif name == "Fn::GetAtt":
                yield argument.split(".")[0] if isinstance(argument, str) else argument[0]
            elif name == "Fn::Sub":
                text, own = argument if isinstance(argument, list) else (argument, {})
                slots = (slot[1].strip().split(".")[0] for slot in _SLOT.finditer(text))
                yield from (slot for slot in slots if slot not in own and slot[:1] != "!")
                yield from mentioned(own)
            else:
                yield from mentioned(argument)


def _joined(argument: Any) -> tuple[str, str, Any]:
    logical, attribute = argument
    return logical, ".", attribute
