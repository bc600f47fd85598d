//! A function's published version and alias: their names, ARNs and roll-out.
//!
//! SAM publishes one version of a function with `AutoPublishAlias` and points the alias at it. Here
//! the code of every version is the function's current code.
//!
//! Source: the SAM reference of `AutoPublishAlias`, `DeploymentPreference` and "Generated
//! CloudFormation resources"; Lambda developer guide, "Using versions and aliases in ARNs".
//!
//! Must not know: what refers to an alias.

use super::error::{Problem, TemplateError};
use super::fields::{Fields, Place};
use super::identity::Identity;
use super::node::{Node, Position};
use super::resource::Function;
use super::scope::Scope;

/// The only published version.
const VERSION: &str = "1";

/// Predefined ways to shift traffic to a new version, without the prefix of `CodeDeploy`.
const ROLLOUTS: [&str; 9] = [
    "AllAtOnce",
    "Canary10Percent5Minutes",
    "Canary10Percent10Minutes",
    "Canary10Percent15Minutes",
    "Canary10Percent30Minutes",
    "Linear10PercentEvery1Minute",
    "Linear10PercentEvery2Minutes",
    "Linear10PercentEvery3Minutes",
    "Linear10PercentEvery10Minutes",
];

impl Function {
    /// The ARN that SAM's events and `Ref <id>.Alias` use: the alias's, or the function's own.
    pub fn target_arn(&self) -> String {
        match &self.alias {
            Some(alias) => format!("{}:{alias}", self.arn),
            None => self.arn.clone(),
        }
    }

    /// The version that its alias points at; `$LATEST` without an alias.
    pub fn version(&self) -> &'static str {
        match self.alias {
            Some(_) => VERSION,
            None => "$LATEST",
        }
    }

    fn has_version(&self) -> bool {
        self.published || self.alias.is_some()
    }

    /// The qualifier in `target` (name or ARN, with or without a qualifier) if it names
    /// this function: empty for the function itself and for `$LATEST`. `None` if it names another
    /// function, or a version or alias that does not exist.
    pub fn qualifier_in<'t>(&self, target: &'t str) -> Option<&'t str> {
        let names = [&self.arn, &self.name];
        let rests = names
            .into_iter()
            .filter_map(|name| target.strip_prefix(name.as_str()));
        rests
            .into_iter()
            .find_map(|rest| match rest.strip_prefix(':') {
                None if rest.is_empty() => Some(""),
                Some("$LATEST") => Some(""),
                Some(qualifier) if Some(qualifier) == self.alias.as_deref() => Some(qualifier),
                Some(VERSION) if self.has_version() => Some(VERSION),
                _ => None,
            })
    }
}

impl Scope<'_> {
    /// The alias that the function `id` publishes; `None` if it publishes none.
    pub fn alias_of(
        &self,
        place: &Place,
        at: Position,
        id: &str,
    ) -> Result<Option<String>, TemplateError> {
        const KEY: &str = "AutoPublishAlias";
        let own = self.resources.get(id).and_then(|r| r.get("Properties"));
        let global = self.globals.and_then(|globals| globals.get("Function"));
        let Some(node) = [own, global].into_iter().flatten().find_map(|p| p.get(KEY)) else {
            return Ok(None);
        };
        match self.resolve(place, node)? {
            None => Ok(None),
            Some(node) => match node.as_text() {
                Some(name) if is_alias_name(name) => Ok(Some(name.to_owned())),
                Some(name) => {
                    let reason = "an alias has 1 to 128 letters, digits, hyphens and underscores, \
                                  and not only digits";
                    Err(place.refused(at, KEY, name, reason))
                }
                None => Err(place.kind(at, KEY, "text")),
            },
        }
    }

    /// The identity of an `AWS::Lambda::Version` or `AWS::Lambda::Alias`: the ARN of its function
    /// with the version or alias.
    pub fn published(
        &self,
        place: &Place,
        at: Position,
        kind: &str,
        resource: &Node,
    ) -> Result<Identity, TemplateError> {
        let text = |key: &str| {
            let node = resource.get("Properties").and_then(|p| p.get(key));
            let missing = || place.error(at, Problem::Missing(key.to_owned()));
            let resolved = self.resolve(place, node.ok_or_else(missing)?)?;
            let text = resolved.as_ref().and_then(Node::as_text).map(str::to_owned);
            text.ok_or_else(|| place.kind(at, key, "text"))
        };
        let function = text("FunctionName")?;
        let (region, account) = (&self.context.region, &self.context.account);
        let arn = if function.starts_with("arn:") {
            function
        } else {
            format!("arn:aws:lambda:{region}:{account}:function:{function}")
        };
        let (qualified, own) = if kind == "AWS::Lambda::Alias" {
            let qualified = format!("{arn}:{}", text("Name")?);
            (qualified.clone(), ("AliasArn", qualified))
        } else {
            let own = ("Version", VERSION.to_owned());
            (format!("{arn}:{VERSION}"), own)
        };
        Ok(Identity {
            name: qualified.clone(),
            reference: qualified.clone(),
            attributes: vec![own, ("FunctionArn", qualified)],
        })
    }

    /// The value of `Ref <id>.Alias` or `Ref <id>.Version`; `None` if `name` is neither.
    pub fn qualified(
        &self,
        place: &Place,
        at: Position,
        name: &str,
    ) -> Result<Option<Node>, TemplateError> {
        let Some((id, part)) = split_qualified(name) else {
            return Ok(None);
        };
        let is_function = self
            .resources
            .get(id)
            .and_then(|resource| resource.get("Type"))
            .and_then(Node::as_text)
            == Some("AWS::Serverless::Function");
        if !is_function {
            return Ok(None);
        }
        let Some(alias) = self.alias_of(place, at, id)? else {
            let reason = "the function publishes none: set its AutoPublishAlias";
            return Err(place.refused(at, "Ref", name, reason));
        };
        let identity = self.identity(place, at, id)?;
        let qualifier = if part == "Alias" { &alias } else { VERSION };
        Ok(Some(Node::string(
            at,
            format!("{}:{qualifier}", identity.arn()),
        )))
    }
}

/// The parts of `<id>.Alias` and `<id>.Version`, the names of resources that SAM generates.
pub(super) fn split_qualified(name: &str) -> Option<(&str, &str)> {
    let parts = name.split_once('.')?;
    ["Alias", "Version"].contains(&parts.1).then_some(parts)
}

fn is_alias_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && !name.chars().all(|c| c.is_ascii_digit())
}

/// Checks how a function is rolled out, and accepts the other settings of its versions. A roll-out
/// has no effect here: a new version gets all traffic at once.
pub(super) fn check_rollout(fields: &mut Fields, alias: Option<&str>) -> Result<(), TemplateError> {
    fields.boolean("AutoPublishAliasAllProperties")?;
    fields.accept(&["AutoPublishCodeSha256", "VersionDescription"]);
    let Some(mut preference) = fields.map("DeploymentPreference")? else {
        return Ok(());
    };
    let is_enabled = preference.boolean("Enabled")?.unwrap_or(true);
    let kind = preference.text("Type")?;
    if let Some(kind) = &kind
        && !ROLLOUTS.contains(&kind.as_str())
    {
        let reason = format!("it must be one of {}", ROLLOUTS.join(", "));
        return Err(preference.refused("Type", kind, &reason));
    }
    if is_enabled && kind.is_none() {
        return Err(preference.missing("Type"));
    }
    if is_enabled && alias.is_none() {
        let reason = "SAM shifts traffic only to an alias: set AutoPublishAlias";
        let kind = kind.unwrap_or_default();
        return Err(preference.refused("Type", &kind, reason));
    }
    for alarm in preference.list("Alarms")?.unwrap_or_default() {
        if alarm.as_text().is_none() {
            return Err(preference
                .place
                .kind(alarm.at, "Alarms", "a list of names of alarms"));
        }
    }
    preference.boolean("PassthroughCondition")?;
    preference.accept(&["Role", "TriggerConfigurations"]);
    if let Some(hooks) = preference.take("Hooks") {
        let reason = "functions before and after traffic are not run; remove them";
        return Err(preference.place.refused(hooks.at, "Hooks", "given", reason));
    }
    preference.finish()
}
