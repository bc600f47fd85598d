//! Reads the template's parameters and checks given values against their declarations.
//!
//! Must not know: where a parameter is used.

use std::collections::BTreeMap;

use regex_lite::Regex;

use super::Context;
use super::dynamic;
use super::error::{Problem, TemplateError, listed};
use super::fields::{Fields, Place};
use super::node::{Data, Entry, Node, Position, is_number};

/// Types of AWS's own: names and ids of what an account has.
const OF_AWS: [&str; 11] = [
    "AWS::EC2::AvailabilityZone::Name",
    "AWS::EC2::Image::Id",
    "AWS::EC2::Instance::Id",
    "AWS::EC2::KeyPair::KeyName",
    "AWS::EC2::SecurityGroup::GroupName",
    "AWS::EC2::SecurityGroup::Id",
    "AWS::EC2::Subnet::Id",
    "AWS::EC2::VPC::Id",
    "AWS::EC2::Volume::Id",
    "AWS::Route53::HostedZone::Id",
    "AWS::SSM::Parameter::Name",
];
/// A version of CDK's bootstrap stack, which only an assertion of the template compares: CDK wants
/// at least 6.
const BOOTSTRAP_VERSION: &str = "21";
/// Shown instead of the value of a parameter with `NoEcho`.
const HIDDEN: &str = "****";

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Parameter {
    Text(String),
    Number(String),
    List(Vec<String>),
}

impl Parameter {
    pub fn node(&self, at: Position) -> Node {
        let data = match self {
            Self::Text(text) => Data::String(text.clone()),
            Self::Number(text) => Data::Number(text.clone()),
            Self::List(items) => {
                Data::List(items.iter().map(|text| Node::string(at, text)).collect())
            }
        };
        Node { at, data }
    }
}

/// Reads the `Parameters` section and applies the values of `context`.
pub(super) fn read(
    file: &str,
    section: Option<&Node>,
    context: &Context,
) -> Result<BTreeMap<String, Parameter>, TemplateError> {
    let entries = section.and_then(Node::entries).unwrap_or_default();
    if let Some(name) = context
        .parameters
        .keys()
        .filter(|name| !dynamic::is_reference(name))
        .find(|name| !entries.iter().any(|e| &e.key == *name))
    {
        return Err(TemplateError::UnknownParameter {
            file: file.to_owned(),
            name: name.clone(),
            advice: listed(
                &entries.iter().map(|e| e.key.as_str()).collect::<Vec<_>>(),
                "use one of",
                "the template has no parameters, so leave it out",
            ),
        });
    }
    entries
        .iter()
        .map(|entry| {
            let value = read_value(file, entry, context.parameters.get(&entry.key))?;
            Ok((entry.key.clone(), value))
        })
        .collect()
}

/// The values as people may see them: `****` for a parameter with `NoEcho`.
pub(super) fn read_shown(
    file: &str,
    section: Option<&Node>,
    context: &Context,
) -> Result<BTreeMap<String, String>, TemplateError> {
    let declarations = read_declarations(file, section)?.into_iter();
    let shown = declarations.map(|declaration| {
        let given = context.parameters.get(&declaration.name).cloned();
        let value = given.or(declaration.default).unwrap_or_default();
        let shown = if declaration.is_secret {
            HIDDEN.to_owned()
        } else {
            value
        };
        (declaration.name, shown)
    });
    Ok(shown.collect())
}

/// Sentences about parameters that are less here than in AWS.
pub(super) fn notes(
    file: &str,
    section: Option<&Node>,
    context: &Context,
) -> Result<Vec<String>, TemplateError> {
    let entries = section.and_then(Node::entries).unwrap_or_default();
    let mut notes = Vec::new();
    for (entry, declaration) in entries.iter().zip(read_declarations(file, section)?) {
        let Position { line, column } = entry.at;
        let mut add = |text: String| {
            notes.push(format!("{file}:{line}:{column}: {}: {text}", entry.key));
        };
        if let Some(Err(reason)) = declaration.regex() {
            let pattern = declaration.pattern.as_deref().unwrap_or_default();
            add(format!(
                "the value is not checked against AllowedPattern {pattern}, which cannot be \
                 evaluated here: {reason}"
            ));
        }
        if declaration.is_bootstrap_version() && !context.parameters.contains_key(&entry.key) {
            add(format!(
                "the value is {BOOTSTRAP_VERSION}: there is neither a stored parameter nor a \
                 bootstrap stack of CDK here"
            ));
        }
    }
    Ok(notes)
}

/// A parameter as the template declares it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declaration {
    /// Name of the parameter.
    pub name: String,
    /// Type: `String`, `Number`, `CommaDelimitedList`, `List<Number>`, or one of AWS's own.
    pub kind: String,
    /// Value if none is given.
    pub default: Option<String>,
    /// `AllowedValues`: the only values accepted.
    pub allowed: Option<Vec<String>>,
    /// `AllowedPattern`: regular expression for the whole value.
    pub pattern: Option<String>,
    /// `MinValue` of a number.
    pub least: Option<String>,
    /// `MaxValue` of a number.
    pub most: Option<String>,
    shortest: u64,
    longest: u64,
    is_secret: bool,
    /// `ConstraintDescription`: the text for people if a value is refused.
    constraint: Option<String>,
}

/// Reads the declarations of the `Parameters` section without values.
pub(super) fn read_declarations(
    file: &str,
    section: Option<&Node>,
) -> Result<Vec<Declaration>, TemplateError> {
    let entries = section.and_then(Node::entries).unwrap_or_default();
    let declaration = |entry| Declaration::read(&place(file, entry), entry);
    entries.iter().map(declaration).collect()
}

fn place(file: &str, entry: &Entry) -> Place {
    Place::new(file, &entry.key)
}

impl Declaration {
    fn read(place: &Place, entry: &Entry) -> Result<Self, TemplateError> {
        let mut fields = Fields::new(place.clone(), "", entry.value.clone())?;
        let allowed = fields.list("AllowedValues")?.map(|values| {
            let texts = values.iter().filter_map(Node::as_text);
            texts.map(str::to_owned).collect()
        });
        let declaration = Self {
            name: entry.key.clone(),
            kind: fields.need_text("Type")?,
            default: fields.text("Default")?,
            allowed,
            pattern: fields.text("AllowedPattern")?,
            least: fields.text("MinValue")?,
            most: fields.text("MaxValue")?,
            shortest: fields.integer("MinLength", 0..=4096)?.unwrap_or(0),
            longest: fields.integer("MaxLength", 0..=4096)?.unwrap_or(4096),
            is_secret: fields.boolean("NoEcho")?.unwrap_or(false),
            constraint: fields.text("ConstraintDescription")?,
        };
        fields.accept(&["Description"]);
        fields.finish()?;
        Ok(declaration)
    }

    /// The expression that `AllowedPattern` has for the whole value; an error if it has parts that
    /// are not evaluated here, such as look-around.
    fn regex(&self) -> Option<Result<Regex, String>> {
        let pattern = self.pattern.as_ref()?;
        Some(Regex::new(&format!("^(?:{pattern})$")).map_err(|error| error.to_string()))
    }

    /// Whether the value is the version of CDK's bootstrap stack, stored by that stack.
    fn is_bootstrap_version(&self) -> bool {
        let path = self.default.as_deref().unwrap_or_default();
        let inner = path.strip_prefix("/cdk-bootstrap/");
        let qualifier = inner.and_then(|rest| rest.strip_suffix("/version"));
        self.kind == "AWS::SSM::Parameter::Value<String>"
            && qualifier.is_some_and(|text| !text.is_empty() && !text.contains('/'))
    }

    /// Checks the values; the error is the reason for the refusal.
    fn check(&self, items: &[String]) -> Result<(), String> {
        if self.kind.contains("Number") && !items.iter().all(|item| is_number(item)) {
            return Err("it is not a number".to_owned());
        }
        if let Some(allowed) = &self.allowed
            && !items.iter().all(|item| allowed.contains(item))
        {
            let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
            let none = "AllowedValues is empty: write the values there, or remove it";
            return Err(listed(&allowed, "allowed values:", none));
        }
        if let Some(Ok(regex)) = self.regex()
            && !items.iter().all(|item| regex.is_match(item))
        {
            let pattern = self.pattern.as_deref().unwrap_or_default();
            return Err(format!("it must match {pattern}"));
        }
        let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
        for (key, bound, is_least) in [
            ("MinValue", &self.least, true),
            ("MaxValue", &self.most, false),
        ] {
            let Some(bound) = bound else { continue };
            if !is_number(bound) {
                return Err(format!("{key} {bound:?} is not a number"));
            }
            let holds = |value: f64| {
                if is_least {
                    value >= number(bound)
                } else {
                    value <= number(bound)
                }
            };
            if !items.iter().all(|item| holds(number(item))) {
                return Err(format!("{key} is {bound}"));
            }
        }
        let (shortest, longest) = (self.shortest, self.longest);
        let length = |text: &String| text.chars().count() as u64;
        if !items
            .iter()
            .all(|item| (shortest..=longest).contains(&length(item)))
        {
            return Err(format!("its length must be {shortest} to {longest}"));
        }
        Ok(())
    }
}

fn read_value(
    file: &str,
    entry: &Entry,
    given: Option<&String>,
) -> Result<Parameter, TemplateError> {
    let place = place(file, entry);
    let declaration = Declaration::read(&place, entry)?;
    let assumed = (given.is_none() && declaration.is_bootstrap_version())
        .then(|| BOOTSTRAP_VERSION.to_owned());
    let given = given.cloned().or(assumed);
    let default = declaration.default.clone();
    let is_given = given.is_some();
    let value = given.or(default).ok_or_else(|| {
        place.error(
            entry.at,
            Problem::Missing("Default (or --parameter NAME=VALUE)".to_owned()),
        )
    })?;
    let kind = kind_of(&place, entry.at, &declaration, is_given)?;
    let items: Vec<String> = match kind {
        Kind::Text | Kind::Number => vec![value.clone()],
        Kind::List => value.split(',').map(|v| v.trim().to_owned()).collect(),
    };
    declaration.check(&items).map_err(|reason| {
        let shown = if declaration.is_secret {
            HIDDEN
        } else {
            &value
        };
        let reason = declaration.constraint.as_ref().unwrap_or(&reason);
        place.refused(entry.at, "the value", shown, reason)
    })?;
    Ok(match kind {
        Kind::Text => Parameter::Text(value),
        Kind::Number => Parameter::Number(value),
        Kind::List => Parameter::List(items),
    })
}

/// What a parameter's value is in the template.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    List,
}

/// A type of AWS's own is text: nothing looks the value up. A type whose value is the name of a
/// stored parameter needs the stored value.
fn kind_of(
    place: &Place,
    at: Position,
    declaration: &Declaration,
    is_given: bool,
) -> Result<Kind, TemplateError> {
    const STORED: &str = "AWS::SSM::Parameter::Value<";
    let kind = declaration.kind.as_str();
    let stored = kind
        .strip_prefix(STORED)
        .and_then(|rest| rest.strip_suffix('>'));
    if stored.is_some() && !is_given {
        let reason = format!(
            "nothing looks up the stored parameter: give its value by --parameter {}=VALUE",
            declaration.name
        );
        return Err(place.refused(at, "Type", kind, &reason));
    }
    let inner = stored.unwrap_or(kind);
    let of_list = inner
        .strip_prefix("List<")
        .and_then(|rest| rest.strip_suffix('>'));
    match (inner, of_list) {
        ("String", _) => Ok(Kind::Text),
        ("Number", _) => Ok(Kind::Number),
        ("CommaDelimitedList" | "List<Number>", _) => Ok(Kind::List),
        ("List<String>", _) if stored.is_some() => Ok(Kind::List),
        (_, Some(item)) if OF_AWS.contains(&item) => Ok(Kind::List),
        (one, None) if OF_AWS.contains(&one) => Ok(Kind::Text),
        _ => {
            let reason = "the type is not supported: use String, Number, CommaDelimitedList, \
                          List<Number> or a type of AWS's own, such as AWS::EC2::VPC::Id";
            Err(place.refused(at, "Type", kind, reason))
        }
    }
}
