//! Creates a table as the template declares it, once.

use std::time::Duration;

use dynoxide::{Database, DynoxideError};
use serde_json::{Value, json};

use super::DynamoDbError;
use sam_template::{Index, KeyType, Projection, Table};

const ACTIVE_ATTEMPTS: u32 = 500;
const ACTIVE_PAUSE: Duration = Duration::from_millis(10);

/// Creates the table unless it exists, and waits until it is active.
pub async fn ensure_table(database: &Database, table: &Table) -> Result<(), DynamoDbError> {
    let failed = |operation| {
        move |source| DynamoDbError::Table {
            operation,
            table: table.name.clone(),
            source,
        }
    };
    if let Some(existing) = describe(database, table).map_err(failed("describe"))? {
        check_same(&existing, table)?;
        protect(database, &existing, table).map_err(failed("protect"))?;
        return change_stream(database, &existing, table).map_err(failed("change stream of"));
    }
    let request = serde_json::from_value(create_request(table))
        .map_err(|e| failed("create")(DynoxideError::ValidationException(e.to_string())))?;
    database.create_table(request).map_err(failed("create"))?;
    for _ in 0..ACTIVE_ATTEMPTS {
        let description = describe(database, table).map_err(failed("describe"))?;
        if description.is_some_and(|d| d["TableStatus"] == "ACTIVE") {
            return expire_items(database, table).map_err(failed("set expiry of"));
        }
        tokio::time::sleep(ACTIVE_PAUSE).await;
    }
    Err(DynamoDbError::NotActive(table.name.clone()))
}

fn describe(database: &Database, table: &Table) -> Result<Option<Value>, DynoxideError> {
    let request = dynoxide::actions::describe_table::DescribeTableRequest {
        table_name: table.name.clone(),
    };
    match database.describe_table(request) {
        Ok(response) => {
            let mut response = serde_json::to_value(response)
                .map_err(|e| DynoxideError::InternalServerError(e.to_string()))?;
            Ok(Some(response["Table"].take()))
        }
        Err(DynoxideError::ResourceNotFoundException(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Checks a table from an earlier run, which may have had another template.
fn check_same(existing: &Value, table: &Table) -> Result<(), DynamoDbError> {
    let index_names = |v: &Value| -> Vec<String> {
        let names = v.as_array().into_iter().flatten();
        let mut names: Vec<String> = names
            .filter_map(|i| i["IndexName"].as_str().map(String::from))
            .collect();
        names.sort();
        names
    };
    let wanted = create_request(table);
    let is_same = existing["KeySchema"] == wanted["KeySchema"]
        && index_names(&existing["GlobalSecondaryIndexes"])
            == index_names(&wanted["GlobalSecondaryIndexes"]);
    if is_same {
        Ok(())
    } else {
        Err(DynamoDbError::Different(table.name.clone()))
    }
}

/// Sets the table's protection against deletion as the template says.
fn protect(database: &Database, existing: &Value, table: &Table) -> Result<(), DynoxideError> {
    let wanted = table.deletion_protection;
    if existing["DeletionProtectionEnabled"]
        .as_bool()
        .unwrap_or(false)
        == wanted
    {
        return Ok(());
    }
    let request = json!({"TableName": table.name, "DeletionProtectionEnabled": wanted});
    let request = serde_json::from_value(request)
        .map_err(|e| DynoxideError::ValidationException(e.to_string()))?;
    database.update_table(request).map(drop)
}

/// Turns the stream of a table from an earlier run on or off.
fn change_stream(
    database: &Database,
    existing: &Value,
    table: &Table,
) -> Result<(), DynoxideError> {
    let has = existing["StreamSpecification"]["StreamViewType"].as_str();
    let wanted = table.stream.as_ref().map(|stream| stream.view.as_str());
    if has == wanted {
        return Ok(());
    }
    let request = json!({"TableName": table.name, "StreamSpecification": stream(table)});
    let request = serde_json::from_value(request)
        .map_err(|e| DynoxideError::ValidationException(e.to_string()))?;
    database.update_table(request).map(drop)
}

fn stream(table: &Table) -> Value {
    match &table.stream {
        None => json!({"StreamEnabled": false}),
        Some(stream) => json!({"StreamEnabled": true, "StreamViewType": stream.view.as_str()}),
    }
}

fn expire_items(database: &Database, table: &Table) -> Result<(), DynoxideError> {
    let Some(attribute) = &table.ttl_attribute else {
        return Ok(());
    };
    use dynoxide::actions::update_time_to_live::{
        TimeToLiveSpecification, UpdateTimeToLiveRequest,
    };
    let request = UpdateTimeToLiveRequest {
        table_name: table.name.clone(),
        time_to_live_specification: TimeToLiveSpecification {
            attribute_name: attribute.clone(),
            enabled: true,
        },
    };
    database.update_time_to_live(request).map(drop)
}

fn create_request(table: &Table) -> Value {
    let attributes: Vec<Value> = table
        .attributes
        .iter()
        .map(|(name, kind)| json!({"AttributeName": name, "AttributeType": kind.as_str()}))
        .collect();
    let mut request = json!({
        "TableName": table.name,
        "AttributeDefinitions": attributes,
        "KeySchema": key_schema(&table.hash, table.range.as_ref()),
        "BillingMode": "PAY_PER_REQUEST",
        "DeletionProtectionEnabled": table.deletion_protection,
    });
    if table.stream.is_some() {
        request["StreamSpecification"] = stream(table);
    }
    if !table.indexes.is_empty() {
        let indexes: Vec<Value> = table.indexes.iter().map(index).collect();
        request["GlobalSecondaryIndexes"] = indexes.into();
    }
    request
}

fn index(index: &Index) -> Value {
    let projection = match &index.projection {
        Projection::All => json!({"ProjectionType": "ALL"}),
        Projection::KeysOnly => json!({"ProjectionType": "KEYS_ONLY"}),
        Projection::Include(names) => {
            json!({"ProjectionType": "INCLUDE", "NonKeyAttributes": names})
        }
    };
    json!({
        "IndexName": index.name,
        "KeySchema": key_schema(&index.hash, index.range.as_ref()),
        "Projection": projection,
    })
}

fn key_schema(hash: &(String, KeyType), range: Option<&(String, KeyType)>) -> Value {
    let mut keys = vec![json!({"AttributeName": hash.0, "KeyType": "HASH"})];
    if let Some((name, _)) = range {
        keys.push(json!({"AttributeName": name, "KeyType": "RANGE"}));
    }
    keys.into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use sam_template::{Stream, StreamView};

    fn table() -> Table {
        Table {
            logical_id: "Table".to_owned(),
            name: "items".to_owned(),
            hash: ("pk".to_owned(), KeyType::S),
            range: Some(("sk".to_owned(), KeyType::S)),
            attributes: BTreeMap::from([
                ("pk".to_owned(), KeyType::S),
                ("sk".to_owned(), KeyType::S),
                ("at".to_owned(), KeyType::N),
            ]),
            indexes: vec![Index {
                name: "by-time".to_owned(),
                hash: ("sk".to_owned(), KeyType::S),
                range: Some(("at".to_owned(), KeyType::N)),
                projection: Projection::KeysOnly,
            }],
            ttl_attribute: Some("ttl".to_owned()),
            deletion_protection: false,
            stream: None,
        }
    }

    #[tokio::test]
    async fn a_table_is_created_once_and_recognised_later() {
        let database = Database::memory().unwrap();
        ensure_table(&database, &table()).await.unwrap();
        ensure_table(&database, &table()).await.unwrap();
        let description = describe(&database, &table()).unwrap().unwrap();
        assert_eq!(
            description["GlobalSecondaryIndexes"][0]["IndexName"],
            "by-time"
        );
    }

    #[tokio::test]
    async fn a_table_from_an_earlier_run_gets_the_stream_of_its_template() {
        let database = Database::memory().unwrap();
        let mut table = table();
        for view in [
            None,
            Some(StreamView::KeysOnly),
            Some(StreamView::NewImage),
            None,
        ] {
            table.stream = view.map(|view| Stream {
                arn: String::new(),
                view,
            });
            ensure_table(&database, &table).await.unwrap();
            let description = describe(&database, &table).unwrap().unwrap();
            let has = description["StreamSpecification"]["StreamViewType"].as_str();
            assert_eq!(has, view.map(StreamView::as_str), "{description}");
        }
    }

    #[tokio::test]
    async fn a_table_with_other_keys_is_refused() {
        let database = Database::memory().unwrap();
        ensure_table(&database, &table()).await.unwrap();
        let other = Table {
            range: None,
            ..table()
        };
        let error = ensure_table(&database, &other).await.unwrap_err();
        assert!(matches!(error, DynamoDbError::Different(name) if name == "items"));
    }
}
