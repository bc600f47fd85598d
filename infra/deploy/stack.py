"""A stack as CloudFormation sees it: template.yaml after SAM's transform, for given parameters.

Must not know: what the stack should be like.
"""

import copy
import logging
import os
import re

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from samtranslator.translator.transform import transform  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402

logging.getLogger("samtranslator").setLevel(logging.ERROR)

PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "remote-lock",
}
NOTHING = {"Ref": "AWS::NoValue"}


class NoPolicies:
    """The managed policies that SAM would look up by name; the template names none."""

    def load(self):
        return {}


class Stack:
    """The resources that exist with these parameters, their intrinsic functions resolved.

    `Ref` of a resource is its id, `GetAtt` is `Id.Attribute`.
    """

    def __init__(self, template, parameters):
        source = copy.deepcopy(template)
        for name, resource in source["Resources"].items():
            if resource["Type"] == "AWS::Serverless::Function":
                # As `sam deploy` leaves it.
                resource["Properties"]["CodeUri"] = f"s3://bucket/{name}"
        self.values = {name: p["Default"] for name, p in source["Parameters"].items()}
        self.values.update(parameters)
        self.made = transform(source, dict(self.values), NoPolicies())
        self.conditions = self.made["Conditions"]
        self.resources = {
            name: {**resource, "Properties": self.resolve(resource.get("Properties", {}))}
            for name, resource in self.made["Resources"].items()
            if self.exists(resource)
        }

    def exists(self, part):
        return "Condition" not in part or self.holds({"Condition": part["Condition"]})

    def of(self, kind):
        """The resources of a type, as (id, properties)."""
        found = self.resources.items()
        return [(name, r["Properties"]) for name, r in found if r["Type"] == kind]

    def holds(self, condition):
        ((name, value),) = condition.items()
        if name == "Condition":
            return self.holds(self.conditions[value])
        if name == "Fn::Equals":
            left, right = (str(self.resolve(side)) for side in value)
            return left == right
        if name == "Fn::Not":
            return not self.holds(value[0])
        if name == "Fn::And":
            return all(self.holds(part) for part in value)
        raise ValueError(f"condition {name} is not known here")

    def resolve(self, value):
        if isinstance(value, list):
            return [self.resolve(item) for item in value if not self.is_nothing(item)]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self.call(name, argument)
        return {
            key: self.resolve(item) for key, item in value.items() if not self.is_nothing(item)
        }

    def is_nothing(self, value):
        if isinstance(value, dict) and "Fn::If" in value:
            return self.chosen(value["Fn::If"]) == NOTHING
        return value == NOTHING

    def chosen(self, argument):
        condition, yes, no = argument
        return yes if self.holds({"Condition": condition}) else no

    def call(self, name, argument):
        if name == "Ref":
            return self.values.get(argument, PSEUDO.get(argument, argument))
        if name == "Fn::If":
            return self.resolve(self.chosen(argument))
        if name == "Fn::GetAtt":
            return argument if isinstance(argument, str) else ".".join(argument)
        if name == "Fn::Join":
            return argument[0].join(map(str, self.resolve(argument[1])))
        if name == "Fn::Split":
            return self.resolve(argument[1]).split(argument[0])
        if name == "Fn::Sub":
            return self.substituted(argument)
        raise ValueError(f"function {name} is not known here")

    def substituted(self, argument):
        text, own = argument if isinstance(argument, list) else (argument, {})

        def value(found):
            name = found.group(1)
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            return str(self.resolve(own[name]) if name in own else self.call("Ref", name))

        return re.sub(r"\$\{([^}]+)\}", value, text)


def read(path):
    with open(path, encoding="utf-8") as file:
        return yaml_parse(file.read())
