"""Checks what SAM makes of template.yaml, for several sets of parameters.

Run by `cargo xtask test --only template`. `--write` writes right.txt, the rights of everybody,
which a change of the template must change too.

Must not know: AWS itself; nothing is sent.
"""

import json
import pathlib
import re
import sys

import boto3
from stack import PSEUDO, Stack, read

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
RIGHTS = HERE / "right.txt"
FUNCTIONS = ["Press", "Report", "Sweep", "Failure", "Announce", "Show"]
RULES = ["button", "request", "lock_only", "ask", "report"]

EVERYTHING = {
    "AlertEmail": "alerts@example.com",
    "AnnounceUnlocks": "true",
    "Alarms": "all",
    "Metrics": "all",
    "Dashboard": "true",
    "IotLogging": "ERROR",
    "DeviceDefenderAudit": "true",
    "PressConcurrency": "5",
    "Rollout": "Canary10Percent5Minutes",
    "LockNamePattern": "door-*",
}
NOTHING = {"Alarms": "none", "Metrics": "none", "ProtectTable": "false", "LogLevel": "WARN"}
# Name, parameters, and how many alarms there are.
SETS = [
    ("defaults", {}, 9),
    ("everything", EVERYTHING, 25),
    ("nothing", NOTHING, 0),
    ("all alarms without metrics", {"Alarms": "all", "Metrics": "none"}, 24),
    ("x86_64", {"Architecture": "x86_64"}, 9),
]
# Policies of AWS that a role may have: by role, since each covers the whole account.
MANAGED = {"AuditRole": ["arn:aws:iam::aws:policy/service-role/AWSIoTDeviceDefenderAudit"]}
# Calls without a resource in AWS. `lockctl register`, `retire`, `pause` and `doctor` make them.
ANYWHERE = {
    f"OwnerPolicy may iot:{call} on *"
    for call in [
        "AttachThingPrincipal",
        "CreateCertificateFromCsr",
        "DescribeEndpoint",
        "DetachThingPrincipal",
        "ListAttachedPolicies",
        "ListCertificates",
        "ListPrincipalThings",
        "ListThingPrincipals",
        "ListTopicRules",
    ]
} | {
    f"DoctorPolicy may {call} on *"
    for call in [
        "cloudwatch:GetMetricData",
        "iot:DescribeEndpoint",
        "iot:ListAttachedPolicies",
        "iot:ListPrincipalThings",
        "iot:ListThingPrincipals",
        "iot:ListTopicRules",
    ]
}


def rights(stack):
    """Every right that the stack grants, a line each."""
    for name, role in stack.of("AWS::IAM::Role"):
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            yield f"{name} is for {said(statement['Principal'])}{conditions(statement)}"
        for managed in role.get("ManagedPolicyArns", []):
            yield f"{name} has {managed}"
        for policy in role.get("Policies", []):
            yield from statements(name, policy["PolicyDocument"])
    for kind in ["AWS::IAM::ManagedPolicy", "AWS::IoT::Policy", "AWS::SNS::TopicPolicy"]:
        for name, policy in stack.of(kind):
            yield from statements(name, policy["PolicyDocument"])
    for _, permission in stack.of("AWS::Lambda::Permission"):
        yield (
            f"{permission['FunctionName']} may be invoked by {permission['Principal']}"
            f" from {permission.get('SourceArn')} of {permission.get('SourceAccount')}"
        )


def statements(name, document):
    for statement in document["Statement"]:
        for resource in listed(statement["Resource"]):
            for action in listed(statement["Action"]):
                effect = "may" if statement["Effect"] == "Allow" else "may not"
                yield f"{name} {effect} {action} on {short(resource)}{conditions(statement)}"


def conditions(statement):
    text = said(statement["Condition"]) if "Condition" in statement else ""
    return f" if {short(text)}" if text else ""


def said(value):
    return json.dumps(value, sort_keys=True).replace('"', "")


def short(text):
    """Without the account and region that every ARN here has."""
    return text.replace(f":{PSEUDO['AWS::Region']}:{PSEUDO['AWS::AccountId']}", "")


def listed(value):
    return value if isinstance(value, list) else [value]


def of_roles(stack):
    """Roles and their policies."""
    for name, role in stack.of("AWS::IAM::Role"):
        if role.get("ManagedPolicyArns", []) != MANAGED.get(name, []):
            yield f"{name} has policies of AWS: {role.get('ManagedPolicyArns')}"
    for line in rights(stack):
        if re.search(r" may \S+ on \*( |$)", line) and line not in ANYWHERE:
            yield f"{line}: name the resource"
    if "AWSLambdaBasicExecutionRole" in json.dumps(stack.made):
        yield "a role may create any log group: SAM has written it"
    for name in FUNCTIONS:
        own = dict(stack.of("AWS::Lambda::Function"))[f"{name}Function"]
        if own["Role"] != f"{name}Role.Arn":
            yield f"{name}Function has the role {own['Role']}"
        logs = f"{name}Role may logs:PutLogEvents on {name}LogGroup.Arn"
        if logs not in rights(stack):
            yield f"missing: {logs}"


def of_invocations(stack):
    """Everything that invokes a function invokes its alias."""
    lives = {f"{name}FunctionAliaslive" for name in FUNCTIONS}
    uses = []
    for name, permission in stack.of("AWS::Lambda::Permission"):
        uses.append((name, permission["FunctionName"]))
        if not permission.get("SourceArn") or not permission.get("SourceAccount"):
            yield f"{name} lets any account invoke"
    for name, source in stack.of("AWS::Lambda::EventSourceMapping"):
        uses.append((name, source["FunctionName"]))
    for name, schedule in stack.of("AWS::Scheduler::Schedule"):
        uses.append((name, schedule["Target"]["Arn"]))
        if schedule["Target"]["RoleArn"] != "ScheduleRole.Arn":
            yield f"{name} has a role of SAM"
    for name, rule in stack.of("AWS::IoT::TopicRule"):
        for action in rule["TopicRulePayload"]["Actions"]:
            uses.append((name, action["Lambda"]["FunctionArn"]))
    for name, used in uses:
        if used not in lives:
            yield f"{name} invokes {used}, not an alias"
    if {used for _, used in uses} != lives:
        yield "nothing invokes one of the functions"
    configured = dict(stack.of("AWS::Lambda::EventInvokeConfig"))
    for name in ["Press", "Report", "Sweep"]:
        config = configured.get(f"{name}FunctionEventInvokeConfig", {})
        on_failure = config.get("DestinationConfig", {}).get("OnFailure", {})
        if (config.get("Qualifier"), on_failure.get("Destination")) != ("live", "FailureQueue.Arn"):
            yield f"{name}: failed events of its alias do not go to the queue"


def of_versions(stack):
    """Each function has a version, replaced by every parameter that the function has."""
    raw = stack.made["Resources"]
    for name in FUNCTIONS:
        versions = [v for v in raw if re.fullmatch(f"{name}FunctionVersion[0-9a-f]{{10}}", v)]
        alias = raw[f"{name}FunctionAliaslive"]
        if len(versions) != 1 or raw[versions[0]].get("DeletionPolicy") != "Retain":
            yield f"{name}Function has the versions {versions}, and keeps none"
            continue
        if alias["Properties"]["FunctionVersion"]["Fn::GetAtt"][0] != versions[0]:
            yield f"the alias of {name}Function is not its version"
        # The alarm exists or not, but is always the function's own.
        group = said(raw[f"{name}FunctionDeploymentGroup"]["Properties"]["AlarmConfiguration"])
        if f"{name}ErrorAlarm" not in group or "RolloutRole" not in said(
            raw[f"{name}FunctionDeploymentGroup"]
        ):
            yield f"{name}Function: its own alarm does not take a new version back"
        own = raw[f"{name}Function"]["Properties"]
        kept = {key: own[key] for key in ["Environment", "LoggingConfig", "MemorySize", "Timeout"]}
        wanted = set(re.findall(r"Ref: (\w+)", said(kept))) & set(stack.values)
        text = raw[versions[0]]["Properties"]["Description"]["Fn::Sub"]
        said_of = set(re.findall(r"\$\{(\w+)\}", text))
        if said_of != wanted:
            yield f"{name}Function: its version describes {said_of ^ wanted} wrongly"
        longest = sum(longest_value(stack, parameter) for parameter in said_of)
        if len(re.sub(r"\$\{\w+\}", "", text)) + longest > 256:
            yield f"{name}Function: its version's description can be too long"


def longest_value(stack, name):
    declared = stack.made["Parameters"][name]
    allowed = [len(str(value)) for value in declared.get("AllowedValues", [])]
    return max([*allowed, declared.get("MaxLength", 0), len(str(declared.get("MaxValue", "")))])


def of_rules(stack):
    names = {rule["RuleName"] for _, rule in stack.of("AWS::IoT::TopicRule")}
    if names != {f"remote_lock_{name}" for name in RULES}:
        yield f"the rules are named {names}, so lockctl does not find them"


def of_alarms(stack, count):
    alarms = stack.of("AWS::CloudWatch::Alarm")
    names = {alarm["AlarmName"] for _, alarm in alarms}
    if (len(alarms), len(names)) != (count, count):
        yield f"there are {len(alarms)} alarms with {len(names)} names instead of {count}"
    for name, alarm in alarms:
        if alarm["AlarmActions"] != ["AlertTopic"]:
            yield f"{name} reaches nobody"
        if not alarm["AlarmName"].startswith("remote-lock-"):
            yield f"{name} may not publish: the topic's policy is about remote-lock-*"
        if len(alarm["Dimensions"]) > 2 or "TreatMissingData" not in alarm:
            yield f"{name} has no rule for missing data, or a dimension too many"
    emails = [part["Endpoint"] for _, part in stack.of("AWS::SNS::Subscription")]
    if emails != [email for email in [stack.values["AlertEmail"]] if email]:
        yield f"the topic's subscribers are {emails}"


def of_settings(stack):
    values = stack.values
    ((_, table),) = stack.of("AWS::DynamoDB::Table")
    if table["DeletionProtectionEnabled"] != values["ProtectTable"]:
        yield "the table's protection does not follow ProtectTable"
    for name, function in stack.of("AWS::Lambda::Function"):
        if function["Architectures"] != [values["Architecture"]]:
            yield f"{name} is for {function['Architectures']}"
        reserved = values["PressConcurrency"] if name == "PressFunction" else ""
        if function.get("ReservedConcurrentExecutions", "") != reserved:
            yield f"{name} reserves {function.get('ReservedConcurrentExecutions')}"


def of_template(template):
    """What holds for any parameters."""
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    parameters = template["Parameters"]
    labelled = set(interface["ParameterLabels"])
    if sorted(grouped) != sorted(parameters) or labelled != set(parameters):
        yield "each parameter needs one group and a label"
    for name, parameter in parameters.items():
        if not {"AllowedValues", "AllowedPattern", "MinValue"} & set(parameter):
            yield f"parameter {name} has no constraint"
        if "Description" not in parameter or "Default" not in parameter:
            yield f"parameter {name} has no description or no default"
    session = boto3.session.Session()
    without = set(session.get_available_regions("lambda"))
    without -= set(session.get_available_regions("iot"))
    (assertion,) = template["Rules"]["RegionHasIot"]["Assertions"]
    refused = set(assertion["Assert"]["Fn::Not"][0]["Fn::Contains"][0])
    if refused != without:
        yield f"regions without AWS IoT: {sorted(refused ^ without)} are listed wrongly"
    for name in FUNCTIONS:
        link = ROOT / "lambdas" / name.lower() / "bootstrap"
        built = f"../../.aws-sam/build/{name}Function/bootstrap"
        if not link.is_symlink() or str(link.readlink()) != built:
            yield f"{link.relative_to(ROOT)} must be a link to {built}"


def main():
    template = read(ROOT / "template.yaml")
    problems = list(of_template(template))
    lines = []
    for name, parameters, alarms in SETS:
        stack = Stack(template, parameters)
        found = [*of_roles(stack), *of_invocations(stack), *of_versions(stack), *of_rules(stack)]
        found += [*of_alarms(stack, alarms), *of_settings(stack)]
        problems += [f"{name}: {problem}" for problem in found]
        if name == "everything":
            lines = sorted(set(rights(stack)))
    text = "".join(f"{line}\n" for line in lines)
    if "--write" in sys.argv:
        RIGHTS.write_text(text, encoding="utf-8")
    known = set(RIGHTS.read_text(encoding="utf-8").splitlines())
    for line in sorted(known ^ set(lines)):
        which = "is not granted any more" if line in known else "is new"
        problems.append(f"right.txt: {which}: {line} (transform.py --write)")
    for problem in problems:
        print(f"template.yaml: {problem}")
    print(f"transform: {len(SETS)} sets of parameters, {len(lines)} rights, {len(problems)} wrong")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
