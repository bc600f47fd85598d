//! The `IoT` policies of the template, tested by MQTT clients: who may connect, with which options,
//! and which topics a device may use.

mod topic;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use e2e::mqtt::{Client, host_and_port, tls};
use local_cloud::{LocalCloud, Options, Ports};
use rumqttc_v4::{LastWill, QoS};
use rumqttc_v5 as v5;
use sam_template::Template;
use tempfile::TempDir;
use v5::{ConnectProperties, LastWill as LastWill5, Packet as Packet5};

const STACK: &str = "doors";
/// A lock and a button, with names that an owner chose.
const LOCK: &str = "front-door";
const BUTTON: &str = "hall-bell";
/// How long an answer of the broker may take. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);

/// Options of a client's CONNECT.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Asks {
    /// None: a clean session without a will, as the firmware connects.
    Nothing,
    /// A persistent session of MQTT 3.1.1.
    SessionOf3,
    /// MQTT 5 with a session that starts clean and ends with the connection.
    NothingOf5,
    /// MQTT 5 with a session expiry.
    SessionOf5,
    /// A will whose topic the client may publish to.
    Will,
    /// A will in MQTT 5.
    WillOf5,
    /// A persistent session and a will in MQTT 3.1.1.
    SessionAndWill,
}

const ALL: [Asks; 7] = [
    Asks::Nothing,
    Asks::SessionOf3,
    Asks::NothingOf5,
    Asks::SessionOf5,
    Asks::Will,
    Asks::WillOf5,
    Asks::SessionAndWill,
];

struct Cloud {
    cloud: LocalCloud,
    folder: TempDir,
}

fn text() -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    std::fs::read_to_string(path).context("read the template")
}

/// A program that fails at once: these tests do not need the functions.
fn fails() -> PathBuf {
    let places = ["/bin/false", "/usr/bin/false"].map(PathBuf::from);
    let found = places.into_iter().find(|place| place.exists());
    found.expect("every system has this program")
}

impl Cloud {
    async fn start(text: &str, parameters: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let template = folder.path().join("template.yaml");
        std::fs::write(&template, text)?;
        let parameters: BTreeMap<String, String> = parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let context = sam_template::Context {
            stack_name: STACK.to_owned(),
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
            parameters: parameters.clone(),
            inert: [].into(),
        };
        let functions = Template::parse("template.yaml", text, &context)?.functions;
        let binaries = functions.into_iter().map(|f| (f.binary, fails()));
        let options = Options {
            template,
            parameters,
            stack_name: STACK.to_owned(),
            region: context.region,
            account: context.account,
            data_dir: None,
            binaries: binaries.collect(),
            no_start: Vec::new(),
            ports: Ports::default(),
            seed: 1,
            time_scale: 1.0,
            faults: Vec::new(),
            import_retained: false,
            inert: [].into(),
        };
        let cloud = LocalCloud::start(options).await?;
        std::fs::write(folder.path().join("ca.pem"), cloud.ca_pem())?;
        Ok(Self { cloud, folder })
    }

    /// Issues a certificate with `policy` for the thing `name`. Returns the files of the CA, the
    /// certificate and its key.
    fn certificate(&self, name: &str, policy: &str) -> Result<[PathBuf; 3]> {
        let registry = self.cloud.registry();
        let issued = registry.create_keys_and_certificate()?;
        registry.create_thing(name)?;
        registry.attach_thing_principal(name, &issued.arn)?;
        registry.attach_policy(policy, &issued.arn)?;
        let at = |end: &str| self.folder.path().join(format!("{name}.{end}"));
        std::fs::write(at("certificate"), issued.pem)?;
        std::fs::write(at("key"), issued.private_key_pem)?;
        let authority = self.folder.path().join("ca.pem");
        Ok([authority, at("certificate"), at("key")])
    }

    fn address(&self) -> String {
        self.cloud.endpoints().mqtts.to_string()
    }

    /// Whether the broker accepts `client_id`; an error if it refuses for another reason than "not
    /// authorized".
    async fn accepts(&self, client_id: &str, files: &[PathBuf; 3], asks: Asks) -> Result<bool> {
        let topic = match client_id {
            LOCK => format!("$aws/things/{LOCK}/shadow/update"),
            other => format!("iotbutton/{other}"),
        };
        let connected = match asks {
            Asks::NothingOf5 | Asks::SessionOf5 | Asks::WillOf5 => {
                self.connect_5(client_id, files, asks, topic).await
            }
            _ => {
                let address = self.address();
                let connect = Client::connect_with(client_id, &address, files, |options| {
                    let is_session = matches!(asks, Asks::SessionOf3 | Asks::SessionAndWill);
                    options.set_clean_session(!is_session);
                    if matches!(asks, Asks::Will | Asks::SessionAndWill) {
                        options.set_last_will(LastWill::new(topic, "{}", QoS::AtLeastOnce, false));
                    }
                });
                connect.await.map(drop)
            }
        };
        match connected {
            Ok(()) => Ok(true),
            Err(error) if format!("{error:#}").contains("NotAuthorized") => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn connect_5(
        &self,
        client_id: &str,
        files: &[PathBuf; 3],
        asks: Asks,
        topic: String,
    ) -> Result<()> {
        let address = self.address();
        let (host, port) = host_and_port(&address)?;
        let mut options = v5::MqttOptions::new(client_id, (host, port));
        options.set_transport(v5::Transport::tls_with_config(tls(files)?));
        options.set_clean_start(true);
        let mut properties = ConnectProperties::new();
        properties.session_expiry_interval = (asks == Asks::SessionOf5).then_some(600);
        options.set_connect_properties(properties);
        if asks == Asks::WillOf5 {
            let will = LastWill5::new(topic, "{}", QoS::AtLeastOnce, false, None);
            options.set_last_will(will);
        }
        let (_client, mut events) = v5::AsyncClient::builder(options).capacity(16).build();
        let answer = async {
            loop {
                if let v5::Event::Incoming(Packet5::ConnAck(_)) = events.poll().await? {
                    return anyhow::Ok(());
                }
            }
        };
        tokio::time::timeout(DEADLINE, answer).await?
    }
}

#[tokio::test]
async fn a_lock_and_a_button_connect_clean_and_never_with_a_session_or_a_will() -> Result<()> {
    let whole = text()?;
    // The same template without the denial shows that the denial is what refuses.
    let denied = "[PersistentConnect, LastWill]";
    let lifted = whole.replace(denied, "[NothingThatExists]");
    assert_eq!(
        whole.matches(denied).count(),
        2,
        "not one denial in each policy"
    );
    for (text, is_denied) in [(&whole, true), (&lifted, false)] {
        let cloud = Cloud::start(text, &[]).await?;
        for (thing, policy) in [(LOCK, "doors-lock"), (BUTTON, "doors-button")] {
            let files = cloud.certificate(thing, policy)?;
            for asks in ALL {
                let is_clean = matches!(asks, Asks::Nothing | Asks::NothingOf5);
                assert_eq!(
                    cloud.accepts(thing, &files, asks).await?,
                    is_clean || !is_denied,
                    "{thing} {asks:?}, denied: {is_denied}"
                );
            }
        }
        cloud.cloud.shutdown().await;
    }
    Ok(())
}

#[tokio::test]
async fn a_genuine_button_cannot_connect_until_its_client_id_is_set() -> Result<()> {
    let serial = "G030JF055364XVRB";
    let ids = [
        serial,
        "front-door",
        "lock-1",
        "button-1",
        "G030",
        "*",
        "somebody",
    ];
    // The parameter => the client ids that it accepts
    let cases: [(Option<&str>, &[&str]); 6] = [
        (None, &[]),
        (Some(""), &[]),
        (Some(serial), &[serial]),
        (Some("G030*"), &[serial, "G030"]),
        (Some("lock-*"), &[]),
        (Some("button-1"), &[]),
    ];
    for (value, wanted) in cases {
        let parameters: Vec<_> = value
            .map(|value| ("AwsIotButtonClientId", value))
            .into_iter()
            .collect();
        let cloud = Cloud::start(&text()?, &parameters).await?;
        let files = cloud.certificate(serial, "doors-aws-iot-button")?;
        let mut accepted = Vec::new();
        for id in ids {
            if cloud.accepts(id, &files, Asks::Nothing).await? {
                accepted.push(id);
            }
        }
        assert_eq!(accepted, wanted, "{value:?}");
        cloud.cloud.shutdown().await;
    }
    for value in [
        "*",
        "**",
        "***front",
        "f*",
        "fro*",
        "front door",
        "a/b#",
        "?",
    ] {
        let refused = Cloud::start(&text()?, &[("AwsIotButtonClientId", value)]).await;
        let error = refused
            .err()
            .with_context(|| format!("{value} was accepted"))?;
        assert!(
            format!("{error:#}").contains("AwsIotButtonClientId"),
            "{error:#}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn the_client_id_of_a_refused_genuine_button_is_published() -> Result<()> {
    let cloud = Cloud::start(&text()?, &[]).await?;
    let all = r#"{"Version":"2012-10-17",
        "Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}"#;
    cloud.cloud.registry().create_policy("all", all)?;
    let files = cloud.certificate("watcher", "all")?;
    let mut watcher = Client::connect("watcher", &cloud.address(), &files).await?;
    watcher
        .subscribe("$aws/events/presence/connect_failed/+")
        .await?;
    let files = cloud.certificate("G030JF055364XVRB", "doors-aws-iot-button")?;
    assert!(
        !cloud
            .accepts("its-own-choice", &files, Asks::Nothing)
            .await?
    );
    watcher
        .message("$aws/events/presence/connect_failed/its-own-choice")
        .await?;
    cloud.cloud.shutdown().await;
    Ok(())
}
