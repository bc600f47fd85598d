//! A table on a stand-in for DynamoDB in this process, over real HTTP, and the writes that prepare
//! it for a test.

use std::net::SocketAddr;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement,
    KeyType, Projection, ProjectionType, ScalarAttributeType,
};
use lock_aws::item::Key;
use lock_aws::{Access, Cloud, Committed, OperatorEndpoints};
use lock_core::binding::{Actions, Binding};
use lock_core::event::{Event, Kind, Subject};
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::{Record, Status};
use lock_core::report::{Latch, Report, ReportId};
use lock_core::time::UnixMillis;
use lock_core::write::{
    Bind, BindingChange, BindingUpdate, BindingWrite, RecordUpdate, RecordWrite, Writes,
};
use serde_json::Value;
use tokio::net::TcpListener;

/// The name of the table.
pub const TABLE: &str = "remote-lock";

/// Starts an empty table, which runs as long as the test's runtime. Publishing goes to `iot_data`.
pub async fn cloud(iot_data: SocketAddr) -> Cloud {
    let cloud = client(start().await, iot_data);
    create(cloud.store.client()).await;
    cloud
}

/// The `reportId` of a report of boot 1, with the checksum of what it says.
pub fn report_id(reported: &Value, counter: u64) -> ReportId {
    let id = ReportId {
        boot_count: 1,
        counter,
        checksum: None,
    };
    let report = Report::parse(reported).unwrap().with_id(id);
    report.report_id.unwrap()
}

/// Registers a lock at `now`, as an operator's command does.
pub async fn register(cloud: &Cloud, lock: &LockName, now: UnixMillis) {
    let event = line(Subject::Lock(lock.clone()), Kind::Register, now);
    let writes = Writes {
        record: Some(RecordWrite::Create(Record::created(lock.clone(), now))),
        ..Writes::event_only(event)
    };
    let committed = cloud.store.commit(&writes).await.unwrap();
    assert_eq!(committed, Committed::Done);
}

/// Binds a button to a lock at `now`: a new binding, or the existing one.
pub async fn bind(
    cloud: &Cloud,
    button: &ButtonSerial,
    lock: &LockName,
    now: UnixMillis,
) -> Binding {
    let known = cloud.store.read_binding(button).await.unwrap();
    let write = match &known {
        None => BindingWrite::Create(Binding {
            button: button.clone(),
            lock: Some(lock.clone()),
            actions: Actions::default(),
            enabled: true,
            revision: now.0,
            bound_at: Some(now),
            last_press: None,
            battery_mv: None,
        }),
        Some(binding) => {
            let bind = Bind {
                lock: Some(lock.clone()),
                actions: Actions::default(),
                at: now,
                forget_last_press: false,
            };
            let change = BindingChange::Bind(bind);
            BindingWrite::Update(BindingUpdate::new(binding, change))
        }
    };
    let after = write.apply(known.as_ref()).unwrap();
    let event = line(Subject::Button(button.clone()), Kind::Bind, now);
    let writes = Writes {
        binding: Some(write),
        ..Writes::event_only(event)
    };
    let committed = cloud.store.commit(&writes).await.unwrap();
    assert_eq!(committed, Committed::Done);
    after
}

/// Disables a button's binding.
pub async fn disable(cloud: &Cloud, button: &ButtonSerial, now: UnixMillis) {
    let binding = cloud.store.read_binding(button).await.unwrap().unwrap();
    let disable = BindingUpdate::new(&binding, BindingChange::Disable(now));
    let event = line(Subject::Button(button.clone()), Kind::Revoke, now);
    let writes = Writes {
        binding: Some(BindingWrite::Update(disable)),
        ..Writes::event_only(event)
    };
    let committed = cloud.store.commit(&writes).await.unwrap();
    assert_eq!(committed, Committed::Done);
}

/// Leaves a lock's record in a status and state, as a report of the lock would.
pub async fn leave(cloud: &Cloud, lock: &LockName, status: Status, state: Latch) {
    let record = cloud.store.read_record(lock).await.unwrap().unwrap();
    let update = RecordUpdate {
        status: Some(status),
        state: Some(state),
        ..RecordUpdate::new(&record, record.due.clone())
    };
    let subject = Subject::Lock(lock.clone());
    let writes = Writes {
        record: Some(RecordWrite::Update(update)),
        ..Writes::event_only(line(subject, Kind::Report, lock_aws::clock::now()))
    };
    let committed = cloud.store.commit(&writes).await.unwrap();
    assert_eq!(committed, Committed::Done);
}

fn line(subject: Subject, kind: Kind, now: UnixMillis) -> Event {
    let key = format!("{kind:?}-{}", now.0);
    Event::new(subject, kind, now, key, &Limits::default())
}

/// Starts a database without a table, and returns its address.
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
    Cloud::new(&access(dynamodb, iot_data), TABLE)
}

/// The addresses of a database and of a data plane. No topic answers.
pub fn access(dynamodb: SocketAddr, iot_data: SocketAddr) -> Access {
    Access {
        region: "us-east-1".to_owned(),
        access_key_id: "AKIDTEST".to_owned(),
        secret_access_key: "secret".to_owned(),
        session_token: None,
        dynamodb: Some(format!("http://{dynamodb}")),
        iot_data: Some(format!("http://{iot_data}")),
        sns: Some(format!("http://{iot_data}")),
        operator: OperatorEndpoints::default(),
    }
}

/// Creates the table and waits until it is active.
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

/// Lists a lock or button with a label.
pub async fn label(cloud: &Cloud, subject: &Subject, text: &str) {
    let mut item = Key::listing(subject).to_item();
    item.insert("label".to_owned(), AttributeValue::S(text.to_owned()));
    let put = cloud.store.client().put_item().table_name(TABLE);
    put.set_item(Some(item)).send().await.unwrap();
}
