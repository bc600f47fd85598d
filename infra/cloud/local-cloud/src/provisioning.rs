//! Fleet provisioning: devices get certificates, and become things as a template says.
//!
//! Must not know: MQTT packets. `template` reads templates, `apply` changes the registry.
//! Source: AWS IoT Core developer guide, "Device provisioning MQTT API".

mod apply;
mod hook;
pub mod record;
mod right;
mod stack;
pub mod template;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::broker::Broker;
use crate::broker::message::Message;
use crate::clock::Clock;
use crate::contain::contain_logged;
use crate::iam::Iam;
use crate::registry::{CertificateStatus, Registry};
use crate::storage::{Shelf, StorageError};
use crate::sync::lock;
use hook::Question;
use lambda_host::Functions;
use record::TemplateRecord;
pub use stack::{ProvisioningError, check};
use template::Template;

const DIRECTORY: &str = "provisioning-templates";
/// How long a token proves that a certificate is the device's. Source: the guide, as above.
const TOKEN_MS: u64 = 3_600_000;
const CHECK_PERIOD: Duration = Duration::from_secs(10);

/// The service; clones share it.
#[derive(Debug, Clone)]
pub struct Provisioning {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    templates: Mutex<BTreeMap<String, TemplateRecord>>,
    shelf: Option<Shelf>,
    /// Certificate id by token, with the token's end.
    tokens: Mutex<BTreeMap<String, (String, u64)>>,
    registry: Registry,
    broker: Broker,
    clock: Clock,
    iam: Iam,
}

/// A refusal as devices get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
}

impl Refusal {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }
}

/// What a device requests, by its topic.
enum Operation<'a> {
    CreateKeys,
    CreateFromCsr,
    Register(&'a str),
}

/// The form of a request and its answer.
#[derive(Clone, Copy)]
enum Form {
    Json,
    Cbor,
}

impl Provisioning {
    /// Loads the templates in `data_dir`; without it, templates are kept in memory.
    pub fn open(
        data_dir: Option<PathBuf>,
        registry: Registry,
        broker: Broker,
        clock: Clock,
        iam: Iam,
    ) -> Result<Self, StorageError> {
        let shelf = data_dir.map(|dir| Shelf::open(dir.join(DIRECTORY)));
        let shelf = shelf.transpose()?;
        let templates = match &shelf {
            Some(shelf) => shelf.load()?,
            None => BTreeMap::new(),
        };
        Ok(Self {
            inner: Arc::new(Inner {
                templates: Mutex::new(templates),
                shelf,
                tokens: Mutex::default(),
                registry,
                broker,
                clock,
                iam,
            }),
        })
    }

    /// Answers the requests among `messages`, and forgets what is over, until the broker is gone.
    pub async fn run(
        self,
        functions: Functions,
        mut messages: mpsc::UnboundedReceiver<Arc<Message>>,
    ) {
        let mut check = tokio::time::interval(CHECK_PERIOD);
        // A hook may take seconds, and other devices do not wait for it.
        let mut answering = JoinSet::new();
        loop {
            tokio::select! {
                message = messages.recv() => {
                    let Some(message) = message else { return };
                    if !message.is_will {
                        let (service, functions) = (self.clone(), functions.clone());
                        answering.spawn(async move {
                            let answer = service.answer(&functions, &message);
                            contain_logged("answer provisioning request", answer).await;
                        });
                    }
                }
                Some(_) = answering.join_next() => {}
                _ = check.tick() => self.forget(),
            }
        }
    }

    /// Answers a request. The answer goes to the client that asked and to nobody else: it may hold
    /// a private key.
    async fn answer(&self, functions: &Functions, message: &Message) {
        let (Some((operation, form)), Some(client)) = (
            parse_topic(&message.topic),
            message.origin.client.as_deref(),
        ) else {
            return;
        };
        let answered = match parse(form, &message.payload) {
            Ok(request) => match operation {
                Operation::CreateKeys => self.create_keys(),
                Operation::CreateFromCsr => self.create_from_csr(&request),
                Operation::Register(name) => {
                    self.register(functions, name, message, client, request)
                        .await
                }
            },
            Err(refusal) => Err(refusal),
        };
        let (kind, body) = match answered {
            Ok(body) => ("accepted", body),
            Err(Refusal {
                status,
                code,
                message,
            }) => {
                let body =
                    json!({"statusCode": status, "errorCode": code, "errorMessage": message});
                ("rejected", body)
            }
        };
        let topic = format!("{}/{kind}", message.topic);
        let answer = Message::from_cloud(topic, encode(form, &body));
        // A client that has left needs no answer.
        let _ = self.inner.broker.send_direct(client, answer);
    }

    fn create_keys(&self) -> Result<Value, Refusal> {
        let issued = self.inner.registry.create_keys_and_certificate()?;
        Ok(json!({
            "certificateId": issued.id,
            "certificatePem": issued.pem,
            "privateKey": issued.private_key_pem,
            "certificateOwnershipToken": self.token_for(&issued.id)?,
        }))
    }

    fn create_from_csr(&self, request: &Value) -> Result<Value, Refusal> {
        let csr = request["certificateSigningRequest"].as_str();
        let csr = csr.ok_or_else(|| {
            let message = "certificateSigningRequest cannot be empty";
            Refusal::new(400, "InvalidCsr", message)
        })?;
        let signed = self.inner.registry.create_certificate_from_csr(csr)?;
        Ok(json!({
            "certificateId": signed.id,
            "certificatePem": signed.pem,
            "certificateOwnershipToken": self.token_for(&signed.id)?,
        }))
    }

    /// Makes a new certificate wait for its thing, and the proof of who it is for.
    fn token_for(&self, certificate_id: &str) -> Result<String, Refusal> {
        let pending = CertificateStatus::PendingActivation;
        let registry = &self.inner.registry;
        registry.set_certificate_status(certificate_id, pending)?;
        let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let until_ms = self.now_ms() + TOKEN_MS;
        let owned = (certificate_id.to_owned(), until_ms);
        lock(&self.inner.tokens).insert(token.clone(), owned);
        Ok(token)
    }

    async fn register(
        &self,
        functions: &Functions,
        name: &str,
        message: &Message,
        client: &str,
        request: Value,
    ) -> Result<Value, Refusal> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Register {
            certificate_ownership_token: Option<String>,
            #[serde(default)]
            parameters: Option<BTreeMap<String, String>>,
        }
        let request: Register = serde_path_to_error::deserialize(request)
            .map_err(|error| Refusal::new(400, "InvalidPayload", error.to_string()))?;
        let token = request.certificate_ownership_token.unwrap_or_default();
        let certificate_id = self.owner_of(&token)?;
        let record = self.find(name).filter(|record| record.is_enabled);
        let record = record.ok_or_else(|| {
            let message = format!("There is no enabled provisioning template {name}");
            Refusal::new(404, "ResourceNotFound", message)
        })?;
        let registry = &self.inner.registry;
        let pem = {
            let records = registry.records();
            let certificate = records.certificates.get(&certificate_id);
            certificate.map(|c| c.pem.clone()).unwrap_or_default()
        };
        let mut parameters = request.parameters.unwrap_or_default();
        if let Some(hook) = &record.hook {
            let question = Question {
                claim_id: message.origin.principal.as_deref(),
                certificate_id: &certificate_id,
                certificate_pem: &pem,
                template_arn: &self.arn(name),
                client_id: client,
                account: registry.account(),
            };
            parameters = hook::ask(functions, hook, &question, parameters).await?;
        }
        let invalid = |problem: String| Refusal::new(400, "InvalidParameters", problem);
        let template = Template::parse(record.body()).map_err(invalid)?;
        let plan = template
            .resolve(&parameters, &certificate_id)
            .map_err(invalid)?;
        right::check(&self.inner.iam, registry, &record, &certificate_id, &plan)?;
        let thing = apply::apply(registry, &certificate_id, &plan)?;
        let mut body = json!({"deviceConfiguration": plan.device_configuration});
        if let Some(thing) = thing {
            body["thingName"] = thing.into();
        }
        Ok(body)
    }

    /// The certificate that a token proves.
    fn owner_of(&self, token: &str) -> Result<String, Refusal> {
        let invalid = |message| Refusal::new(400, "InvalidCertificateOwnershipToken", message);
        if token.is_empty() {
            return Err(invalid("Certificate ownership token cannot be empty."));
        }
        let now_ms = self.now_ms();
        let tokens = lock(&self.inner.tokens);
        let owned = tokens.get(token).filter(|(_, until_ms)| *until_ms > now_ms);
        let owned = owned.map(|(id, _)| id.clone());
        owned.ok_or_else(|| invalid("Certificate ownership token is not valid."))
    }

    /// Forgets tokens that are over, and removes certificates that nobody came for.
    fn forget(&self) {
        let now_ms = self.now_ms();
        lock(&self.inner.tokens).retain(|_, (_, until_ms)| *until_ms > now_ms);
        if let Err(error) = self.inner.registry.remove_unclaimed(TOKEN_MS) {
            tracing::error!(%error, "remove certificates that were not activated");
        }
    }

    /// The ARN of a template.
    pub fn arn(&self, name: &str) -> String {
        let resource = format!("provisioningtemplate/{name}");
        self.inner.registry.arn(&resource)
    }

    pub fn now_ms(&self) -> u64 {
        self.inner.clock.now_ms()
    }

    /// A template, by name.
    pub fn find(&self, name: &str) -> Option<TemplateRecord> {
        lock(&self.inner.templates).get(name).cloned()
    }

    /// All templates.
    pub fn list(&self) -> Vec<TemplateRecord> {
        lock(&self.inner.templates).values().cloned().collect()
    }

    /// Saves a template, or removes it with `None`. `false` if `is_new` and there is one already.
    pub fn put(
        &self,
        name: &str,
        record: Option<TemplateRecord>,
        is_new: bool,
    ) -> Result<bool, StorageError> {
        let mut templates = lock(&self.inner.templates);
        if is_new && templates.contains_key(name) {
            return Ok(false);
        }
        if let Some(shelf) = &self.inner.shelf {
            shelf.put(name, record.as_ref())?;
        }
        match record {
            Some(record) => templates.insert(name.to_owned(), record),
            None => templates.remove(name),
        };
        Ok(true)
    }
}

fn parse_topic(topic: &str) -> Option<(Operation<'_>, Form)> {
    let levels: Vec<&str> = topic.split('/').collect();
    let (operation, form) = match levels[..] {
        ["$aws", "certificates", "create", form] => (Operation::CreateKeys, form),
        ["$aws", "certificates", "create-from-csr", form] => (Operation::CreateFromCsr, form),
        ["$aws", "provisioning-templates", name, "provision", form] => {
            (Operation::Register(name), form)
        }
        _ => return None,
    };
    let form = match form {
        "json" => Form::Json,
        "cbor" => Form::Cbor,
        _ => return None,
    };
    Some((operation, form))
}

/// A request; an empty one is an empty object.
fn parse(form: Form, payload: &[u8]) -> Result<Value, Refusal> {
    if payload.is_empty() {
        return Ok(json!({}));
    }
    let invalid = |problem: String| Refusal::new(400, "InvalidPayload", problem);
    match form {
        Form::Json => serde_json::from_slice(payload).map_err(|e| invalid(e.to_string())),
        Form::Cbor => ciborium::from_reader(payload).map_err(|e| invalid(e.to_string())),
    }
}

fn encode(form: Form, body: &Value) -> Vec<u8> {
    match form {
        Form::Json => body.to_string().into_bytes(),
        Form::Cbor => {
            let mut bytes = Vec::new();
            ciborium::into_writer(body, &mut bytes).expect("JSON has a form in CBOR");
            bytes
        }
    }
}
