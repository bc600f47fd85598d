//! The rights that operations on jobs and provisioning templates need.
//!
//! Source: service authorization reference, "Actions, resources, and condition keys for AWS IoT".
//!
//! Must not know: what the operations do.

use super::Need;

const TEMPLATES: &str = "provisioning-templates";

/// The right that an operation needs; `None` if it is none of these.
pub fn need(method: &str, segments: &[&str], arn: impl Fn(String) -> String) -> Option<Need> {
    let any = || "*".to_owned();
    let job = |id: &str| arn(format!("job/{id}"));
    let thing = |name: &str| arn(format!("thing/{name}"));
    let template = |name: &str| arn(format!("provisioningtemplate/{name}"));
    let (action, resource) = match (method, segments) {
        ("GET", ["jobs"]) => ("ListJobs", any()),
        ("PUT", ["jobs", id]) => ("CreateJob", job(id)),
        ("GET", ["jobs", id]) => ("DescribeJob", job(id)),
        ("PATCH", ["jobs", id]) => ("UpdateJob", job(id)),
        ("DELETE", ["jobs", id]) => ("DeleteJob", job(id)),
        ("PUT", ["jobs", id, "cancel"]) => ("CancelJob", job(id)),
        ("POST", ["jobs", id, "targets"]) => ("AssociateTargetsWithJob", job(id)),
        ("GET", ["jobs", id, "job-document"]) => ("GetJobDocument", job(id)),
        ("GET", ["jobs", id, "things"]) => ("ListJobExecutionsForJob", job(id)),
        ("GET", ["things", name, "jobs"]) => ("ListJobExecutionsForThing", thing(name)),
        ("GET", ["things", name, "jobs", _]) => ("DescribeJobExecution", thing(name)),
        ("PUT", ["things", name, "jobs", _, "cancel"]) => ("CancelJobExecution", thing(name)),
        ("DELETE", ["things", name, "jobs", _, "executionNumber", _]) => {
            ("DeleteJobExecution", thing(name))
        }
        ("GET", [TEMPLATES]) => ("ListProvisioningTemplates", any()),
        ("POST", [TEMPLATES]) => ("CreateProvisioningTemplate", any()),
        ("GET", [TEMPLATES, name]) => ("DescribeProvisioningTemplate", template(name)),
        ("PATCH", [TEMPLATES, name]) => ("UpdateProvisioningTemplate", template(name)),
        ("DELETE", [TEMPLATES, name]) => ("DeleteProvisioningTemplate", template(name)),
        ("POST", [TEMPLATES, name, "provisioning-claim"]) => {
            ("CreateProvisioningClaim", template(name))
        }
        ("POST", [TEMPLATES, name, "versions"]) => {
            ("CreateProvisioningTemplateVersion", template(name))
        }
        ("GET", [TEMPLATES, name, "versions"]) => {
            ("ListProvisioningTemplateVersions", template(name))
        }
        ("GET", [TEMPLATES, name, "versions", _]) => {
            ("DescribeProvisioningTemplateVersion", template(name))
        }
        ("DELETE", [TEMPLATES, name, "versions", _]) => {
            ("DeleteProvisioningTemplateVersion", template(name))
        }
        _ => return None,
    };
    Some(Need::new(format!("iot:{action}"), resource))
}

#[cfg(test)]
mod tests {
    use super::*;

    // AWS same(iam): each operation on jobs and provisioning templates needs the action of its name
    //     on its job, thing or template
    #[test]
    fn operations_need_the_rights_that_aws_names() {
        for (method, path, expected) in [
            ("PUT", "jobs/j", "iot:CreateJob job/j"),
            ("GET", "things/t/jobs/j", "iot:DescribeJobExecution thing/t"),
            ("GET", "jobs", "iot:ListJobs *"),
            (
                "POST",
                "provisioning-templates/p/provisioning-claim",
                "iot:CreateProvisioningClaim provisioningtemplate/p",
            ),
            (
                "DELETE",
                "things/t/jobs/j/executionNumber/1",
                "iot:DeleteJobExecution thing/t",
            ),
            ("GET", "other", "none"),
        ] {
            let segments: Vec<&str> = path.split('/').collect();
            let needed = need(method, &segments, |resource| resource);
            let text = needed.map(|need| format!("{} {}", need.action, need.resource));
            assert_eq!(text.as_deref().unwrap_or("none"), expected, "{path}");
        }
    }
}
