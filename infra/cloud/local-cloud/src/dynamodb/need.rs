//! The rights that a request to the database needs; a transaction needs those of each action in it.
//!
//! Must not know: who calls. Source: DynamoDB developer guide, "Using IAM with DynamoDB
//! transactions" and "Using IAM policy conditions"; service authorization reference, DynamoDB.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex_lite::Regex;
use serde_json::Value;

use crate::account::Account;
use crate::iam::Need;
use aws_policy::VALUE_SEPARATOR;
use sam_template::Table;

const LEADING_KEYS: &str = "dynamodb:LeadingKeys";

/// The prefix of the tables' ARNs, and each table's primary key.
#[derive(Debug, Clone)]
pub struct Tables {
    /// `arn:aws:dynamodb:<region>:<account>:table/`.
    pub prefix: String,
    /// Partition key by table name.
    pub hash: BTreeMap<String, String>,
    /// Sort key by table name, of the tables that have one.
    pub range: BTreeMap<String, String>,
    /// ARN of the stream by table name.
    pub streams: BTreeMap<String, String>,
}

/// The rights that `operation` needs with this body; the error says why only the operator may call
/// it.
pub fn needs(operation: &str, body: &Value, tables: &Tables) -> Result<Vec<Need>, String> {
    if operation.contains("Statement") || operation == "ExecuteTransaction" {
        return Err(format!(
            "{operation}: PartiQL is supported for the operator only, use the item operations"
        ));
    }
    let action = format!("dynamodb:{operation}");
    let mut needs = match operation {
        "TransactWriteItems" => transaction_needs(
            body,
            tables,
            &[
                ("Put", "dynamodb:PutItem"),
                ("Update", "dynamodb:UpdateItem"),
                ("Delete", "dynamodb:DeleteItem"),
                ("ConditionCheck", "dynamodb:ConditionCheckItem"),
            ],
        )?,
        "TransactGetItems" => transaction_needs(body, tables, &[("Get", "dynamodb:GetItem")])?,
        "BatchGetItem" | "BatchWriteItem" => batch_needs(&action, body, tables),
        "DescribeStream" | "GetShardIterator" | "GetRecords" | "ListStreams" => {
            vec![Need::new(action, stream_of(operation, body, tables)?)]
        }
        "ListTables" | "DescribeLimits" | "DescribeEndpoints" | "ListBackups" => {
            vec![Need::new(action, "*")]
        }
        _ => vec![table_need(&action, body, tables)?],
    };
    needs.dedup();
    Ok(needs)
}

impl Need {
    /// Name of the table that the right concerns.
    pub(super) fn table(&self) -> Option<String> {
        let (_, path) = self.resource.split_once(":table/")?;
        path.split('/').next().map(str::to_owned)
    }
}

fn transaction_needs(
    body: &Value,
    tables: &Tables,
    actions: &[(&str, &str)],
) -> Result<Vec<Need>, String> {
    let items = body["TransactItems"].as_array().map(Vec::as_slice);
    let one = |item: &Value| {
        let mut found = actions.iter().filter(|(kind, _)| item[*kind].is_object());
        let (kind, action) = found.next().ok_or("a transaction's item has no action")?;
        table_need(action, &item[*kind], tables)
    };
    items.unwrap_or_default().iter().map(one).collect()
}

fn batch_needs(action: &str, body: &Value, tables: &Tables) -> Vec<Need> {
    let requests = body["RequestItems"].as_object();
    let by_table = requests.into_iter().flatten();
    let needs = by_table.map(|(table, requests)| {
        let hash = tables.hash_of(table);
        let mut keys = BTreeSet::new();
        for key in requests["Keys"].as_array().into_iter().flatten() {
            keys.extend(hash.and_then(|hash| scalar(&key[hash])));
        }
        for request in requests.as_array().into_iter().flatten() {
            let put = &request["PutRequest"]["Item"];
            let delete = &request["DeleteRequest"]["Key"];
            for item in [put, delete] {
                keys.extend(hash.and_then(|hash| scalar(&item[hash])));
            }
        }
        let mut need = Need::new(action, tables.arn(table));
        set_leading_keys(&mut need, keys);
        need
    });
    needs.collect()
}

/// The ARN of the stream that a request concerns.
fn stream_of(operation: &str, body: &Value, tables: &Tables) -> Result<String, String> {
    if operation == "ListStreams" {
        let table = body["TableName"].as_str();
        return Ok(table.map_or("*".to_owned(), |table| {
            format!("{}/stream/*", tables.arn(table))
        }));
    }
    if let Some(arn) = body["StreamArn"].as_str() {
        return Ok(arn.to_owned());
    }
    let table = body["ShardIterator"].as_str().and_then(table_of_iterator);
    let stream = table.and_then(|table| tables.streams.get(&table).cloned());
    stream.ok_or_else(|| format!("{operation}: the request names no stream of a table"))
}

/// The table of a shard iterator, which the database encodes in it.
fn table_of_iterator(iterator: &str) -> Option<String> {
    let bytes = STANDARD.decode(iterator).ok()?;
    let iterator: Value = serde_json::from_slice(&bytes).ok()?;
    iterator["table_name"].as_str().map(str::to_owned)
}

/// A request for one table, or for one of its indexes.
fn table_need(action: &str, request: &Value, tables: &Tables) -> Result<Need, String> {
    let Some(table) = request["TableName"].as_str() else {
        return Err(format!("{action}: the request names no TableName"));
    };
    let mut resource = tables.arn(table);
    if let Some(index) = request["IndexName"].as_str() {
        resource = format!("{resource}/index/{index}");
    }
    let mut need = Need::new(action, resource);
    if let Some(hash) = tables.hash_of(table) {
        let direct = [&request["Key"][hash], &request["Item"][hash]];
        let keys = direct.into_iter().find_map(scalar);
        set_leading_keys(&mut need, keys.or_else(|| key_of_query(request, hash)));
    }
    Ok(need)
}

fn set_leading_keys(need: &mut Need, keys: impl IntoIterator<Item = String>) {
    let keys: Vec<String> = keys.into_iter().collect();
    if !keys.is_empty() {
        let keys = keys.join(&VALUE_SEPARATOR.to_string());
        need.keys.insert(LEADING_KEYS.to_owned(), keys);
    }
}

/// The partition key's value in a query's condition. `None` for a query of an index, which has
/// another partition key.
fn key_of_query(request: &Value, hash: &str) -> Option<String> {
    let condition = request["KeyConditionExpression"].as_str()?;
    let equal = Regex::new(r"([#\w.-]+)\s*=\s*(:\w+)").expect("the pattern is fixed");
    for found in equal.captures_iter(condition) {
        let name = &found[1];
        let name = match request["ExpressionAttributeNames"][name].as_str() {
            Some(named) => named,
            None => name,
        };
        if name == hash {
            return scalar(&request["ExpressionAttributeValues"][&found[2]]);
        }
    }
    None
}

/// The text of `{"S": "…"}`, `{"N": "…"}` or `{"B": "…"}`.
pub(super) fn scalar(value: &Value) -> Option<String> {
    let (_, value) = value.as_object()?.iter().next()?;
    value.as_str().map(str::to_owned)
}

impl Tables {
    /// These tables in this region and account.
    pub fn new(tables: &[Table], account: &Account) -> Self {
        let keys = tables.iter().map(|t| (t.name.clone(), t.hash.0.clone()));
        let range = tables.iter().filter_map(|table| {
            let (range, _) = table.range.as_ref()?;
            Some((table.name.clone(), range.clone()))
        });
        let streams = tables.iter().filter_map(|table| {
            let stream = table.stream.as_ref()?;
            Some((table.name.clone(), stream.arn.clone()))
        });
        Self {
            prefix: account.arn("dynamodb", "table/"),
            hash: keys.collect(),
            range: range.collect(),
            streams: streams.collect(),
        }
    }

    /// The ARN in our region and account of a table that the database names, or of its stream.
    pub(super) fn renamed(&self, arn: &str) -> String {
        let path = arn.split_once(":table/").map_or(arn, |(_, path)| path);
        let (table, is_stream) = match path.split_once("/stream/") {
            Some((table, _)) => (table, true),
            None => (path, false),
        };
        match self.streams.get(table) {
            Some(stream) if is_stream => stream.clone(),
            _ => self.arn(table),
        }
    }

    /// A request may name a table by its ARN, too.
    fn arn(&self, table: &str) -> String {
        if table.starts_with("arn:") {
            return table.to_owned();
        }
        format!("{}{table}", self.prefix)
    }

    /// Names of the attributes of the primary key of the table with this name.
    pub(super) fn key_of(&self, table: &str) -> impl Iterator<Item = &str> {
        let parts = [self.hash.get(table), self.range.get(table)];
        parts.into_iter().flatten().map(String::as_str)
    }

    fn hash_of(&self, table: &str) -> Option<&str> {
        let name = table.rsplit('/').next().unwrap_or(table);
        self.hash.get(name).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn described(operation: &str, body: &Value) -> String {
        let tables = Tables {
            prefix: "table/".to_owned(),
            hash: BTreeMap::from([("t".to_owned(), "pk".to_owned())]),
            range: BTreeMap::new(),
            streams: BTreeMap::from([("t".to_owned(), "table/t/stream/s".to_owned())]),
        };
        match needs(operation, body, &tables) {
            Err(problem) => format!("error: {problem}"),
            Ok(needs) => {
                let one = |need: &Need| {
                    let keys = need.keys.get(LEADING_KEYS);
                    let keys = keys.map(|k| format!(" [{}]", k.replace(VALUE_SEPARATOR, " ")));
                    let keys = keys.unwrap_or_default();
                    format!("{} {}{keys}", need.action, need.resource)
                };
                needs.iter().map(one).collect::<Vec<_>>().join(", ")
            }
        }
    }

    // AWS same(iam): a transaction needs the right of each action in it, a query of an index the
    //     right to that index, and leading keys identify items
    // AWS absent(dynamodb): PartiQL by functions and users; it is refused with the operation's name
    #[test]
    fn requests_need_the_rights_of_what_they_do() {
        let key =
            |value: &str| json!({"TableName": "t", "Key": {"pk": {"S": value}, "sk": {"S": "x"}}});
        let item = |value: &str| json!({"TableName": "t", "Item": {"pk": {"S": value}}});
        let rows = [
            ("GetItem", key("a"), "dynamodb:GetItem table/t [a]"),
            ("PutItem", item("a"), "dynamodb:PutItem table/t [a]"),
            ("Scan", json!({"TableName": "t"}), "dynamodb:Scan table/t"),
            (
                "Scan",
                json!({"TableName": "t", "IndexName": "i"}),
                "dynamodb:Scan table/t/index/i",
            ),
            (
                "Query",
                json!({"TableName": "t", "KeyConditionExpression": "sk > :b AND #p = :a",
                    "ExpressionAttributeNames": {"#p": "pk"},
                    "ExpressionAttributeValues": {":a": {"S": "a"}, ":b": {"S": "b"}}}),
                "dynamodb:Query table/t [a]",
            ),
            (
                "Query",
                json!({"TableName": "t", "IndexName": "due", "KeyConditionExpression": "shard = :a",
                    "ExpressionAttributeValues": {":a": {"S": "a"}}}),
                "dynamodb:Query table/t/index/due",
            ),
            (
                "TransactWriteItems",
                json!({"TransactItems": [
                    {"Put": item("a")}, {"Update": key("b")}, {"Delete": key("c")},
                    {"ConditionCheck": key("d")}]}),
                "dynamodb:PutItem table/t [a], dynamodb:UpdateItem table/t [b], \
                 dynamodb:DeleteItem table/t [c], dynamodb:ConditionCheckItem table/t [d]",
            ),
            (
                "TransactGetItems",
                json!({"TransactItems": [{"Get": key("a")}]}),
                "dynamodb:GetItem table/t [a]",
            ),
            (
                "TransactWriteItems",
                json!({"TransactItems": [{}]}),
                "error: a transaction's item has no action",
            ),
            (
                "BatchGetItem",
                json!({"RequestItems": {
                    "t": {"Keys": [{"pk": {"S": "a"}}, {"pk": {"S": "b"}}]}, "u": {"Keys": []}}}),
                "dynamodb:BatchGetItem table/t [a b], dynamodb:BatchGetItem table/u",
            ),
            (
                "BatchWriteItem",
                json!({"RequestItems": {"t": [{"PutRequest": {"Item": {"pk": {"N": "1"}}}},
                    {"DeleteRequest": {"Key": {"pk": {"N": "2"}}}}]}}),
                "dynamodb:BatchWriteItem table/t [1 2]",
            ),
            ("ListTables", json!({}), "dynamodb:ListTables *"),
            ("ListStreams", json!({}), "dynamodb:ListStreams *"),
            (
                "ListStreams",
                json!({"TableName": "t"}),
                "dynamodb:ListStreams table/t/stream/*",
            ),
            (
                "DescribeStream",
                json!({"StreamArn": "table/t/stream/s"}),
                "dynamodb:DescribeStream table/t/stream/s",
            ),
            (
                "GetRecords",
                json!({"ShardIterator": STANDARD.encode(r#"{"table_name":"t"}"#)}),
                "dynamodb:GetRecords table/t/stream/s",
            ),
            (
                "GetRecords",
                json!({"ShardIterator": "x"}),
                "error: GetRecords: the request names no stream of a table",
            ),
            (
                "DescribeTable",
                json!({"TableName": "arn:x:table/t"}),
                "dynamodb:DescribeTable arn:x:table/t",
            ),
            (
                "GetItem",
                json!({}),
                "error: dynamodb:GetItem: the request names no TableName",
            ),
            (
                "ExecuteStatement",
                json!({"Statement": "SELECT 1"}),
                "error: ExecuteStatement: PartiQL is supported for the operator only, \
                 use the item operations",
            ),
        ];
        for (operation, body, expected) in rows {
            assert_eq!(described(operation, &body), expected, "{operation} {body}");
        }
    }
}
