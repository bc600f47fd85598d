//! Calls of the cloud itself on the database, past the proxy.
//!
//! Must not know: why they are made.

use dynoxide::Database;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The item with this key; `None` if there is none.
///
/// # Errors
///
/// The database's message.
pub fn get_item(database: &Database, table: &str, key: &Value) -> Result<Option<Value>, String> {
    let request = request(json!({"TableName": table, "Key": key}))?;
    let answer = database.get_item(request).map_err(|e| e.to_string())?;
    let item = answer.item.map(serde_json::to_value).transpose();
    item.map_err(|e| e.to_string())
}

/// Writes an item.
///
/// # Errors
///
/// The database's message.
pub fn put_item(database: &Database, table: &str, item: &Value) -> Result<(), String> {
    let request = request(json!({"TableName": table, "Item": item}))?;
    let put = database.put_item(request);
    put.map(drop).map_err(|e| e.to_string())
}

/// Deletes a table.
///
/// # Errors
///
/// The database's message.
pub fn delete_table(database: &Database, table: &str) -> Result<(), String> {
    let request = request(json!({"TableName": table}))?;
    let deleted = database.delete_table(request);
    deleted.map(drop).map_err(|e| e.to_string())
}

fn request<T: DeserializeOwned>(body: Value) -> Result<T, String> {
    serde_json::from_value(body).map_err(|e| e.to_string())
}
