//! A table of our own in this process, over real HTTP: for tests of what DynamoDB must do with our calls.

use std::net::SocketAddr;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use lock_aws::{Access, Cloud};
use tokio::net::TcpListener;

/// The table's name.
pub const TABLE: &str = "remote-lock";

/// Starts an empty table; it lives as long as the test's runtime. Publishing goes to `iot_data`.
#[allow(dead_code, reason = "each test binary uses its part of this file")]
pub async fn cloud(iot_data: SocketAddr) -> Cloud {
    let cloud = client(start().await, iot_data);
    create(cloud.store.client()).await;
    cloud
}

/// Starts a database without a table, and says where.
pub async fn start() -> SocketAddr {
    let database = dynoxide::Database::memory().expect("memory is there");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dynamodb = listener.local_addr().unwrap();
    tokio::spawn(dynoxide::server::serve_with_shutdown(
        listener,
        database,
        std::future::pending(),
    ));
    dynamodb
}

/// Clients of a database and of a data plane.
pub fn client(dynamodb: SocketAddr, iot_data: SocketAddr) -> Cloud {
    let access = Access {
        region: "us-east-1".to_owned(),
        access_key_id: "AKIDTEST".to_owned(),
        secret_access_key: "secret".to_owned(),
        session_token: None,
        dynamodb: Some(format!("http://{dynamodb}")),
        iot_data: Some(format!("http://{iot_data}")),
    };
    Cloud::new(&access, TABLE)
}

/// Creates the table.
pub async fn create(client: &aws_sdk_dynamodb::Client) {
    let attribute = |name: &str, kind| {
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(kind)
            .build()
            .unwrap()
    };
    let key = |name: &str, kind| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
            .unwrap()
    };
    let projection = Projection::builder()
        .projection_type(ProjectionType::KeysOnly)
        .build();
    let due = GlobalSecondaryIndex::builder()
        .index_name("due")
        .key_schema(key("dueShard", KeyType::Hash))
        .key_schema(key("dueAt", KeyType::Range))
        .projection(projection)
        .build()
        .unwrap();
    let call = client
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest);
    call.attribute_definitions(attribute("pk", ScalarAttributeType::S))
        .attribute_definitions(attribute("sk", ScalarAttributeType::S))
        .attribute_definitions(attribute("dueShard", ScalarAttributeType::S))
        .attribute_definitions(attribute("dueAt", ScalarAttributeType::N))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .global_secondary_indexes(due)
        .send()
        .await
        .expect("an empty database takes the table");
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        let table = client
            .describe_table()
            .table_name(TABLE)
            .send()
            .await
            .unwrap()
            .table
            .unwrap();
        if table.table_status == Some(aws_sdk_dynamodb::types::TableStatus::Active) {
            return;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "table not active within 10 s"
        );
        tokio::task::yield_now().await;
    }
}
