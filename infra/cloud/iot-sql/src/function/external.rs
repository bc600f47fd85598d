//! Functions that call other services. They only describe the call; the crate's user makes it.

use serde_json::json as object;

use super::super::scope::Scope;
use super::super::value::Value;
use super::super::{Call, RegistryOperation, json};
use super::{Arguments, Function, function, newer, text_of};

pub(super) const FUNCTIONS: &[Function] = &[
    function("aws_lambda", 2, 2, lambda),
    newer("get_thing_shadow", 2, 3, shadow),
    newer("get_dynamodb", 4, 6, dynamodb),
    newer("get_registry_data", 3, 3, registry),
];

/// Checks the name of an operation of the registry.
pub(super) fn check_operation(name: &str) -> Result<(), String> {
    match RegistryOperation::from_name(name) {
        Some(_) => Ok(()),
        None => Err(format!(
            "get_registry_data cannot call {name:?}: it calls DescribeThing or \
             ListThingGroupsForThing"
        )),
    }
}

fn registry(scope: &mut Scope<'_, '_>, arguments: Arguments<'_>) -> Option<Value> {
    scope.ask(Call::Registry {
        operation: RegistryOperation::from_name(&text_of(arguments, 0)?)?,
        thing: text_of(arguments, 1)?,
        role_arn: text_of(arguments, 2)?,
    })
}

fn lambda(scope: &mut Scope<'_, '_>, arguments: Arguments<'_>) -> Option<Value> {
    let event = json::write(arguments[1].as_ref()?).into_bytes();
    scope.ask(Call::Lambda {
        arn: text_of(arguments, 0)?,
        event,
    })
}

fn shadow(scope: &mut Scope<'_, '_>, arguments: Arguments<'_>) -> Option<Value> {
    let shadow = if arguments.len() > 2 {
        Some(text_of(arguments, 1)?)
    } else {
        None
    };
    scope.ask(Call::Shadow {
        thing: text_of(arguments, 0)?,
        shadow,
        role_arn: text_of(arguments, arguments.len() - 1)?,
    })
}

fn dynamodb(scope: &mut Scope<'_, '_>, arguments: Arguments<'_>) -> Option<Value> {
    let (keys, role) = arguments[1..].split_at(arguments.len() - 2);
    let mut key = Vec::new();
    for pair in keys.chunks(2) {
        let [Some(Value::Text(name)), Some(value)] = pair else {
            return None;
        };
        let value = match value {
            Value::Text(text) => object!({"S": text}),
            Value::Number(number) => object!({"N": number.to_string()}),
            _ => return None,
        };
        key.push((name.clone(), value));
    }
    scope.ask(Call::DynamoDb {
        table: text_of(arguments, 0)?,
        key,
        role_arn: text_of(role, 0)?,
    })
}
