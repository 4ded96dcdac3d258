"""Templates as YAML: !Ref and its like read as the long forms, and written as the short ones."""

from __future__ import annotations

from typing import Any

import yaml

from labsupport.errors import LabValueError

SHORT = (
    *("And", "Base64", "Cidr", "Equals", "FindInMap", "GetAtt", "GetAZs", "If", "ImportValue"),
    *("Join", "Length", "Not", "Or", "Select", "Split", "Sub", "ToJsonString", "Transform"),
)
_NAMES = {"!Ref": "Ref", "!Condition": "Condition"} | {f"!{name}": f"Fn::{name}" for name in SHORT}
_TAGS = {long: tag for tag, long in _NAMES.items()}


class _Loader(yaml.SafeLoader):
    """Reads dates as text, as CloudFormation does (`Version: 2012-10-17`)."""


class _Dumper(yaml.SafeDumper):
    """Writes lists indented, nothing as an alias, and !Ref without quotes."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def choose_scalar_style(self) -> str:
        style = super().choose_scalar_style()
        event, analysis = self.event, self.analysis
        tagged = isinstance(event, yaml.ScalarEvent) and str(event.tag).startswith("!")
        plain = analysis is not None and analysis.allow_block_plain
        return "" if tagged and plain and style == "'" else style


def load(text: str, source: str) -> dict[str, Any]:
    """The template in `text`, YAML or JSON; `source` names it in errors.

    Raises:
        LabValueError: naming the line where it is not YAML.
    """
    try:
        template = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise LabValueError(
            f"{source}{line}: this is no valid YAML ({error.problem or error.context}); "
            "correct it there."
        ) from None
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())
        raise LabValueError(f"{source}: this is no valid YAML ({said}).") from None
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        raise LabValueError(f"{source}: a template is a mapping with Resources, this is not.")
    return template


def dump(template: dict[str, Any]) -> str:
    """A template as YAML text, members in the order they have."""
    return yaml.dump(template, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def _construct(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    name = _NAMES.get(f"!{tag}")
    if name is None:
        raise yaml.constructor.ConstructorError(
            None, None, f"!{tag} is no function of CloudFormation", node.start_mark
        )
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if name == "Fn::GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


def _represent(dumper: _Dumper, data: dict[str, Any]) -> yaml.Node:
    if len(data) == 1:
        ((name, value),) = data.items()
        if name in ("Ref", "Fn::Sub") and isinstance(value, str):
            return dumper.represent_scalar(_TAGS[name], value)
        if name == "Fn::GetAtt" and all(isinstance(part, str) for part in value):
            return dumper.represent_scalar(_TAGS[name], ".".join(value))
        if name in _TAGS and name != "Condition" and isinstance(value, list):
            return dumper.represent_sequence(_TAGS[name], value)
    return dumper.represent_dict(data.items())


def _represent_text(dumper: _Dumper, text: str) -> yaml.Node:
    return dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    )


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag != "tag:yaml.org,2002:timestamp"]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_multi_constructor("!", _construct)
_Dumper.add_representer(dict, _represent)
_Dumper.add_representer(str, _represent_text)
