//! Provisioning templates: the JSON that says which thing, certificate and policies a device gets.
//!
//! Must not know: the registry. Reading a template changes nothing.
//! Source: AWS IoT Core developer guide, "Provisioning templates".

mod function;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use function::Scope;

const SECTIONS: [&str; 4] = ["Parameters", "Mappings", "Resources", "DeviceConfiguration"];
const THING: &str = "AWS::IoT::Thing";
const CERTIFICATE: &str = "AWS::IoT::Certificate";
const POLICY: &str = "AWS::IoT::Policy";
/// The parameter that holds the certificate's id.
const CERTIFICATE_ID: &str = "AWS::IoT::Certificate::Id";
/// Properties of each type; others are refused.
const PROPERTIES: [(&str, &[&str]); 3] = [
    (
        THING,
        &[
            "ThingName",
            "AttributePayload",
            "ThingTypeName",
            "ThingGroups",
        ],
    ),
    (CERTIFICATE, &["CertificateId", "CertificateID", "Status"]),
    (POLICY, &["PolicyName", "PolicyDocument"]),
];

/// What happens to what a thing has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Override {
    DoNothing,
    Replace,
    Merge,
    Fail,
}

/// The thing of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThingPlan {
    pub name: String,
    pub attributes: BTreeMap<String, String>,
    pub type_name: Option<String>,
    pub groups: BTreeSet<String>,
    pub on_attributes: Override,
    pub on_type: Override,
    pub on_groups: Override,
}

/// A policy of a template: one that exists, or a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyPlan {
    Existing(String),
    Document(String),
}

/// What a template means for one device.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub thing: Option<ThingPlan>,
    /// Whether the certificate becomes active; `None` if the template does not name it.
    pub is_active: Option<bool>,
    pub policies: Vec<PolicyPlan>,
    /// What the device gets as its configuration.
    pub device_configuration: Value,
}

/// A template that could be read.
#[derive(Debug, Clone)]
pub struct Template {
    root: Map<String, Value>,
}

impl Template {
    /// Reads a template's text.
    ///
    /// # Errors
    ///
    /// What AWS, or this, does not accept, and where it is.
    pub fn parse(text: &str) -> Result<Self, String> {
        let root: Value = serde_json::from_str(text).map_err(|e| format!("templateBody: {e}"))?;
        let Value::Object(root) = root else {
            return Err("templateBody is not a JSON object".to_owned());
        };
        if let Some(name) = root.keys().find(|name| !SECTIONS.contains(&name.as_str())) {
            let known = SECTIONS.join(", ");
            return Err(format!("templateBody: no section {name}, only {known}"));
        }
        let template = Self { root };
        for (id, kind, resource) in template.resources()? {
            let known = PROPERTIES.iter().find(|(name, _)| *name == kind);
            let Some((_, known)) = known else {
                return Err(format!(
                    "resource {id}: no type {kind} in a provisioning template"
                ));
            };
            let properties = resource["Properties"].as_object();
            let mut names = properties.into_iter().flat_map(Map::keys);
            if let Some(name) = names.find(|name| !known.contains(&name.as_str())) {
                let known = known.join(", ");
                return Err(format!(
                    "resource {id}: {name} is not supported, only {known}: leave it out"
                ));
            }
        }
        Ok(template)
    }

    /// Logical id, type and body of each resource.
    fn resources(&self) -> Result<Vec<(&str, &str, &Value)>, String> {
        let resources = self.root.get("Resources").and_then(Value::as_object);
        let resources = resources.ok_or("templateBody has no Resources")?;
        let read = |(id, body): (&'_ String, &'_ Value)| match body["Type"].as_str() {
            Some(_) => Ok(()),
            None => Err(format!("resource {id} has no Type")),
        };
        resources.iter().try_for_each(read)?;
        let rows = resources.iter().map(|(id, body)| {
            let kind = body["Type"].as_str().unwrap_or_default();
            (id.as_str(), kind, body)
        });
        Ok(rows.collect())
    }

    /// What the template means with these parameters.
    ///
    /// # Errors
    ///
    /// A parameter without a value, or a function that has none.
    pub fn resolve(
        &self,
        given: &BTreeMap<String, String>,
        certificate_id: &str,
    ) -> Result<Plan, String> {
        let scope = Scope {
            parameters: self.parameters(given, certificate_id)?,
            mappings: self.root.get("Mappings").cloned().unwrap_or_default(),
        };
        let configuration = self.root.get("DeviceConfiguration");
        let configuration = configuration
            .map(|value| scope.resolve(value))
            .transpose()?;
        let mut plan = Plan {
            thing: None,
            is_active: None,
            policies: Vec::new(),
            device_configuration: configuration.unwrap_or_else(|| Map::new().into()),
        };
        for (id, kind, resource) in self.resources()? {
            let properties = scope.resolve(&resource["Properties"])?;
            let within = |problem: String| format!("resource {id}: {problem}");
            match kind {
                THING => {
                    let settings = &resource["OverrideSettings"];
                    plan.thing = Some(thing(&properties, settings).map_err(within)?);
                }
                CERTIFICATE => {
                    plan.is_active = Some(is_active(&properties, certificate_id).map_err(within)?);
                }
                _ => plan.policies.push(policy(&properties).map_err(within)?),
            }
        }
        Ok(plan)
    }

    fn parameters(
        &self,
        given: &BTreeMap<String, String>,
        certificate_id: &str,
    ) -> Result<BTreeMap<String, String>, String> {
        let declared = self.root.get("Parameters").and_then(Value::as_object);
        let mut values = BTreeMap::new();
        for (name, declaration) in declared.into_iter().flatten() {
            let default = declaration["Default"].as_str().map(str::to_owned);
            let value = given.get(name).cloned().or(default);
            if let Some(value) = value {
                values.insert(name.clone(), value);
            } else if name != CERTIFICATE_ID {
                return Err(format!("parameter {name} has no value"));
            }
        }
        values.insert(CERTIFICATE_ID.to_owned(), certificate_id.to_owned());
        Ok(values)
    }
}

fn thing(properties: &Value, settings: &Value) -> Result<ThingPlan, String> {
    let name = text(&properties["ThingName"]).ok_or("ThingName is missing")?;
    let attributes = properties["AttributePayload"].as_object();
    let mut given = BTreeMap::new();
    for (name, value) in attributes.into_iter().flatten() {
        let value = text(value).ok_or_else(|| format!("attribute {name} is not text"))?;
        given.insert(name.clone(), value);
    }
    let mut groups = BTreeSet::new();
    for group in properties["ThingGroups"].as_array().into_iter().flatten() {
        groups.insert(text(group).ok_or("ThingGroups holds names")?);
    }
    // AWS does not say what it does without settings; a conflict must not pass unnoticed.
    let setting = |name: &str| match settings[name].as_str() {
        None | Some("FAIL") => Ok(Override::Fail),
        Some("DO_NOTHING") => Ok(Override::DoNothing),
        Some("REPLACE") => Ok(Override::Replace),
        Some("MERGE") => Ok(Override::Merge),
        Some(other) => Err(format!("OverrideSettings: no setting {other}")),
    };
    Ok(ThingPlan {
        name,
        attributes: given,
        type_name: text(&properties["ThingTypeName"]),
        groups,
        on_attributes: setting("AttributePayload")?,
        on_type: setting("ThingTypeName")?,
        on_groups: setting("ThingGroups")?,
    })
}

fn is_active(properties: &Value, certificate_id: &str) -> Result<bool, String> {
    let named = [&properties["CertificateId"], &properties["CertificateID"]];
    if !named.iter().any(|id| id.as_str() == Some(certificate_id)) {
        return Err(format!(
            "CertificateId must be {{\"Ref\": \"{CERTIFICATE_ID}\"}}"
        ));
    }
    let status = properties["Status"].as_str().unwrap_or("ACTIVE");
    match status.to_ascii_uppercase().as_str() {
        "ACTIVE" => Ok(true),
        "INACTIVE" => Ok(false),
        _ => Err(format!("Status must be ACTIVE or INACTIVE, not {status}")),
    }
}

fn policy(properties: &Value) -> Result<PolicyPlan, String> {
    let document = match &properties["PolicyDocument"] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        value => Some(value.to_string()),
    };
    match (text(&properties["PolicyName"]), document) {
        (Some(name), None) => Ok(PolicyPlan::Existing(name)),
        (None, Some(document)) => Ok(PolicyPlan::Document(document)),
        _ => Err("either PolicyName or PolicyDocument must be given".to_owned()),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
