//! The items that a request writes, by their primary keys.
//!
//! Must not know: who calls, or whether the request succeeds.

use std::collections::BTreeMap;

use serde_json::Value;

use super::need::{Tables, scalar};

/// A primary key: the text of each attribute by its name.
pub type Key = BTreeMap<String, String>;

/// Primary keys of items by table. A table without keys: which of its items is not known.
pub type Written = BTreeMap<String, Vec<Key>>;

/// The items that `operation` with this body writes if it succeeds.
pub fn items_written(operation: &str, body: &Value, tables: &Tables) -> Written {
    let mut written = Written::new();
    let mut add = |table: Option<&str>, request: &Value| {
        let Some(table) = table.and_then(|table| table.rsplit('/').next()) else {
            return;
        };
        let keys: &mut Vec<Key> = written.entry(table.to_owned()).or_default();
        keys.extend(key_of(request, tables.key_of(table)));
    };
    match operation {
        "PutItem" | "UpdateItem" | "DeleteItem" => add(body["TableName"].as_str(), body),
        "TransactWriteItems" => {
            for item in body["TransactItems"].as_array().into_iter().flatten() {
                let writes = ["Put", "Update", "Delete"].map(|kind| &item[kind]);
                for write in writes.into_iter().filter(|write| write.is_object()) {
                    add(write["TableName"].as_str(), write);
                }
            }
        }
        "BatchWriteItem" => {
            for (table, requests) in body["RequestItems"].as_object().into_iter().flatten() {
                for request in requests.as_array().into_iter().flatten() {
                    add(Some(table), &request["PutRequest"]);
                    add(Some(table), &request["DeleteRequest"]);
                }
            }
        }
        // A statement in PartiQL names its items in a text of its own.
        statement if statement.contains("Statement") || statement == "ExecuteTransaction" => {
            return tables.hash.keys().map(|t| (t.clone(), vec![])).collect();
        }
        _ => {}
    }
    written
}

/// The key of the item that one write names, whose attributes have these names.
fn key_of<'a>(request: &Value, names: impl IntoIterator<Item = &'a str>) -> Option<Key> {
    let names = names.into_iter();
    let part = |name: &str| {
        let values = [&request["Key"][name], &request["Item"][name]];
        let value = values.into_iter().find_map(scalar)?;
        Some((name.to_owned(), value))
    };
    names.map(part).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tables() -> Tables {
        let of = |attribute: &str| BTreeMap::from([("tab".to_owned(), attribute.to_owned())]);
        Tables {
            prefix: "arn:aws:dynamodb:us-east-1:123456789012:table/".to_owned(),
            hash: of("pk"),
            range: of("sk"),
            streams: BTreeMap::new(),
        }
    }

    fn key(pk: &str) -> Value {
        json!({"pk": {"S": pk}, "sk": {"N": "7"}})
    }

    #[test]
    fn each_write_names_the_keys_of_its_items_and_a_read_names_none() {
        let item = |pk: &str| json!({"pk": {"S": pk}, "sk": {"N": "7"}, "other": {"S": "x"}});
        let arn = "arn:aws:dynamodb:us-east-1:123456789012:table/tab";
        for (operation, body, expected) in [
            (
                "PutItem",
                json!({"TableName": "tab", "Item": item("a")}),
                vec!["a"],
            ),
            (
                "UpdateItem",
                json!({"TableName": arn, "Key": key("a")}),
                vec!["a"],
            ),
            (
                "DeleteItem",
                json!({"TableName": "tab", "Key": key("a")}),
                vec!["a"],
            ),
            (
                "TransactWriteItems",
                json!({"TransactItems": [
                    {"Put": {"TableName": "tab", "Item": item("a")}},
                    {"ConditionCheck": {"TableName": "tab", "Key": key("checked")}},
                    {"Update": {"TableName": "tab", "Key": key("b")}},
                    {"Delete": {"TableName": "tab", "Key": key("c")}},
                ]}),
                vec!["a", "b", "c"],
            ),
            (
                "BatchWriteItem",
                json!({"RequestItems": {"tab": [
                    {"PutRequest": {"Item": item("a")}},
                    {"DeleteRequest": {"Key": key("b")}},
                ]}}),
                vec!["a", "b"],
            ),
        ] {
            let keys = |pk| Key::from([("pk".into(), pk), ("sk".into(), "7".into())]);
            let keys = expected.into_iter().map(|pk: &str| keys(pk.to_owned()));
            let expected = Written::from([("tab".to_owned(), keys.collect())]);
            let found = items_written(operation, &body, &tables());
            assert_eq!(found, expected, "{operation}");
        }
        let read = json!({"TableName": "tab", "Key": key("a")});
        assert!(items_written("GetItem", &read, &tables()).is_empty());
    }

    #[test]
    fn a_statement_may_write_any_item() {
        let statement = json!({"Statement": "DELETE FROM tab WHERE pk = 'a'"});
        let found = items_written("ExecuteStatement", &statement, &tables());
        assert_eq!(found, Written::from([("tab".to_owned(), vec![])]));
    }
}
