//! Asks a template's function whether a device may be provisioned.
//!
//! Must not know: templates. Source: AWS IoT Core developer guide, "Pre-provisioning hooks".

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::Refusal;
use super::record::Hook;
use lambda_host::{Functions, Outcome};

const LIMIT: Duration = Duration::from_secs(5);
const SERVICE: &str = "iot.amazonaws.com";
const INVOKE: [&str; 3] = ["lambda:InvokeFunction", "lambda:*", "*"];

/// The client of the question, and its new certificate.
pub struct Question<'a> {
    pub claim_id: Option<&'a str>,
    pub certificate_id: &'a str,
    pub certificate_pem: &'a str,
    pub template_arn: &'a str,
    pub client_id: &'a str,
    pub account: &'a str,
}

/// The parameters with those that the function overrides.
pub async fn ask(
    functions: &Functions,
    hook: &Hook,
    question: &Question<'_>,
    parameters: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Refusal> {
    let answered = invoke(functions, hook, question, &parameters).await;
    let denied = |why: String| {
        let target = &hook.target_arn;
        tracing::warn!(
            target,
            why,
            "pre-provisioning hook: the device is not provisioned"
        );
        Refusal::new(403, "AccessDenied", "Access denied")
    };
    let answer: Value = match answered {
        Ok(answer) => serde_json::from_slice(&answer).map_err(|error| denied(error.to_string()))?,
        Err(why) => return Err(denied(why)),
    };
    // The guide shows both forms.
    let allows = answer["allowProvisioning"] == true || answer["allowProvisioning"] == "true";
    if !allows {
        return Err(denied(
            "it did not answer allowProvisioning: true".to_owned(),
        ));
    }
    let mut parameters = parameters;
    for (name, value) in answer["parameterOverrides"]
        .as_object()
        .into_iter()
        .flatten()
    {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        parameters.insert(name.clone(), value);
    }
    Ok(parameters)
}

async fn invoke(
    functions: &Functions,
    hook: &Hook,
    question: &Question<'_>,
    parameters: &BTreeMap<String, String>,
) -> Result<Vec<u8>, String> {
    let arn = &hook.target_arn;
    let described = functions.describe(arn);
    let described = described.ok_or_else(|| format!("there is no function {arn}"))?;
    let from = question.template_arn;
    let is_permitted = described.function.permissions.iter().any(|p| {
        p.principal == SERVICE
            && p.qualifier.as_deref().unwrap_or_default() == described.qualifier
            && INVOKE.contains(&p.action.as_str())
            && p.source_arn.as_deref().is_none_or(|arn| fits(arn, from))
            && p.source_account
                .as_deref()
                .is_none_or(|a| a == question.account)
    });
    if !is_permitted {
        return Err(format!(
            "{arn} has no permission for {SERVICE} with the SourceArn {from} and this account: \
             add an AWS::Lambda::Permission"
        ));
    }
    let event = json!({
        "claimCertificateId": question.claim_id,
        "certificateId": question.certificate_id,
        "certificatePem": question.certificate_pem,
        "templateArn": from,
        "clientId": question.client_id,
        "parameters": parameters,
    });
    let invoked = functions.invoke(arn, event.to_string().into_bytes(), None);
    match timeout(LIMIT, invoked).await {
        Ok(Ok(Outcome::Success(answer))) => Ok(answer),
        Ok(Ok(Outcome::Failure(failure))) => {
            Err(format!("{}: {}", failure.error_type, failure.message))
        }
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("it took longer than 5 s".to_owned()),
    }
}

/// Whether a permission's `SourceArn`, which may end with `*`, is that of the template.
fn fits(pattern: &str, arn: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => arn.starts_with(prefix),
        None => pattern == arn,
    }
}
