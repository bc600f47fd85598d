//! Advice on the parts of CloudFormation and SAM that are not supported.

use super::error::nearest;

/// Advice on an unsupported property, by its resource type and dotted name; `None` if AWS does not
/// have it either.
pub(super) fn property(kind: &str, name: &str) -> Option<&'static str> {
    Some(match kind {
        "AWS::Serverless::Function" => match name {
            "ImageUri" | "ImageConfig" => {
                "container images are not run here; give the code as a folder (CodeUri) with \
                 Runtime and Handler"
            }
            "DeadLetterQueue" => {
                "use EventInvokeConfig.DestinationConfig.OnFailure, which also reports the failure"
            }
            "ProvisionedConcurrencyConfig" => "processes start on demand; remove it",
            "FunctionUrlConfig" => {
                "functions are invoked by topic rules, schedules, queues and streams; remove it"
            }
            "PermissionsBoundary" => {
                "boundaries are not evaluated; write the narrower policy instead"
            }
            "EventInvokeConfig.DestinationConfig.OnSuccess" => {
                "only failures have a destination; remove it"
            }
            _ => return None,
        },
        "AWS::Lambda::Function" => match name {
            "DeadLetterConfig" => {
                "use AWS::Lambda::EventInvokeConfig, which also reports the failure"
            }
            "FileSystemConfigs" | "ImageConfig" => "file systems and container images are not run",
            _ => return None,
        },
        "AWS::IAM::ManagedPolicy" => match name {
            "Users" | "Groups" => {
                "users and groups are not part of the stack; attach the policy after the deployment"
            }
            _ => return None,
        },
        "AWS::IAM::Role" => match name {
            "PermissionsBoundary" => {
                "boundaries are not evaluated; write the narrower policy instead"
            }
            _ => return None,
        },
        "AWS::DynamoDB::Table" => match name {
            "StreamSpecification.ResourcePolicy" | "ResourcePolicy" => {
                "only the policies of roles are evaluated; remove it"
            }
            "KinesisStreamSpecification" => "use StreamSpecification",
            "LocalSecondaryIndexes" => "use a global secondary index",
            "ImportSourceSpecification" => {
                "write the items after the start, through the DynamoDB endpoint"
            }
            _ => return None,
        },
        "AWS::SQS::Queue" => match name {
            "FifoQueue" => "order is not kept; use a standard queue",
            "RedriveAllowPolicy" => "every queue may send failed messages to any other; remove it",
            _ => return None,
        },
        "AWS::SNS::Topic" => match name {
            "FifoTopic" | "ContentBasedDeduplication" => "order is not kept; use a standard topic",
            "DeliveryStatusLogging"
            | "TracingConfig"
            | "ArchivePolicy"
            | "DataProtectionPolicy" => "deliveries are shown in the log; remove it",
            _ => return None,
        },
        "AWS::SNS::Subscription" => match name {
            "RedrivePolicy" | "DeliveryPolicy" | "ReplayPolicy" | "SubscriptionRoleArn" => {
                "a message is delivered once, at once; remove it"
            }
            _ => return None,
        },
        "AWS::CloudWatch::Alarm" => match name {
            "ThresholdMetricId" => "anomalies are not detected; give a Threshold",
            _ => return None,
        },
        _ => return None,
    })
}

/// Advice on an unsupported resource type, if there is some of its own.
pub(super) fn resource_type(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "AWS::Events::Rule" => {
            "use AWS::Scheduler::Schedule, or a Schedule or ScheduleV2 event of the function"
        }
        "AWS::IoT::Certificate" => {
            "create the certificate while the cloud runs, by CreateCertificateFromCsr or \
             CreateKeysAndCertificate, and pass its ARN as a parameter"
        }
        "AWS::IoT::ThingType" | "AWS::IoT::ThingGroup" => {
            "create it while the cloud runs, by CreateThingType or CreateThingGroup"
        }
        "AWS::CloudWatch::CompositeAlarm" => {
            "alarms are evaluated one by one; give each alarm its own actions"
        }
        "AWS::CloudWatch::AnomalyDetector" => "anomalies are not detected; give alarms a Threshold",
        "AWS::SNS::TopicInlinePolicy" => "declare it as AWS::SNS::TopicPolicy",
        "AWS::SQS::QueueInlinePolicy" => "declare it as AWS::SQS::QueuePolicy",
        _ => return None,
    })
}

/// Advice on an unsupported intrinsic function.
pub(super) fn function(name: &str) -> &'static str {
    // A loop has a name of its own: `ForEach::Each`.
    match name.split("::").next().unwrap_or_default() {
        "GetAZs" | "Cidr" => "networks are not simulated; remove what needs it",
        "Transform" => "macros are not run; expand them yourself",
        "Length" | "ToJsonString" | "ForEach" => {
            "the transform AWS::LanguageExtensions is not run; expand it yourself"
        }
        "Equals" | "And" | "Or" | "Not" | "Condition" => {
            "use it only in Conditions, and refer to the condition with If"
        }
        "Rules" | "Contains" | "EachMemberEquals" | "EachMemberIn" | "RefAll" | "ValueOf"
        | "ValueOfAll" => "use it only in Rules",
        _ => {
            "use Ref, Sub, GetAtt, Join, Select, Split, FindInMap, Base64 or If, and in \
             Conditions also Equals, And, Or, Not or Condition"
        }
    }
}

/// Advice on an unsupported function in the section `Rules`.
pub(super) fn function_of_rule(name: &str) -> &'static str {
    match name {
        "RefAll" | "ValueOf" | "ValueOfAll" => {
            "nothing here has the values of AWS's own types; compare with a list of values"
        }
        _ => {
            "use Equals, Not, And, Or, Contains, EachMemberIn or EachMemberEquals on texts, lists \
             and Ref of parameters; CloudFormation accepts no other function in Rules"
        }
    }
}

/// Advice on an unsupported section; `None` if CloudFormation does not have it either.
pub(super) fn section(name: &str) -> Option<&'static str> {
    match name {
        "Hooks" => Some("hooks are not run; remove it"),
        _ => None,
    }
}

/// What to do about an event or action that nothing here carries out, or that is misspelled.
/// `others` are those of AWS that are not supported.
pub(super) fn unsupported(
    what: &str,
    kind: &str,
    supported: &[&'static str],
    others: &[&'static str],
) -> String {
    let known = supported.iter().chain(others).copied();
    match nearest(kind, known) {
        Some(near) if near != kind => format!("did you mean {near}?"),
        _ => format!(
            "supported {what} are {}; --inert {kind} starts without it",
            supported.join(", ")
        ),
    }
}
