//! An HTTP server in place of SNS. It speaks the Query protocol, keeps what is published, and can
//! be made to fail.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::message::read_message;

/// The ARN of the topic.
pub const ARN: &str = "arn:aws:sns:us-east-1:123456789012:alerts";

/// A published message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub message: String,
    /// Its message attributes, all of type `String`.
    pub attributes: BTreeMap<String, String>,
}

/// The server, and the messages that were published to it.
#[derive(Clone)]
pub struct Topic {
    /// The address that it listens on.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    sent: Vec<Sent>,
    /// How many more messages are taken before all later ones are refused.
    left: Option<usize>,
}

impl Topic {
    /// Starts the server, which runs as long as the test's runtime.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let topic = Self {
            address: listener.local_addr().unwrap(),
            state: Arc::default(),
        };
        let serving = topic.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        topic
    }

    /// Takes `left` more messages and refuses all later ones; `None` takes all.
    pub fn take_only(&self, left: Option<usize>) {
        self.state.lock().unwrap().left = left;
    }

    /// The messages published since the last call.
    pub fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut self.state.lock().unwrap().sent)
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        while let Some((_, body)) = read_message(&mut stream, &mut bytes).await {
            let (status, answer) = self.answer_to(&parse_form(&body));
            let answer = format!(
                "HTTP/1.1 {status} -\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n\
                 {answer}",
                answer.len()
            );
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    fn answer_to(&self, form: &BTreeMap<String, String>) -> (u16, &'static str) {
        assert_eq!(form["Action"], "Publish");
        assert_eq!(form["TopicArn"], ARN);
        let mut state = self.state.lock().unwrap();
        if state.left == Some(0) {
            return (403, REFUSED);
        }
        state.left = state.left.map(|left| left - 1);
        state.sent.push(Sent {
            subject: form["Subject"].clone(),
            message: form["Message"].clone(),
            attributes: attributes(form),
        });
        (200, PUBLISHED)
    }
}

const PUBLISHED: &str = r#"<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">
<PublishResult><MessageId>m</MessageId></PublishResult>
<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishResponse>"#;

const REFUSED: &str = r#"<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">
<Error><Type>Sender</Type><Code>AuthorizationError</Code>
<Message>User: f is not authorized to perform: SNS:Publish</Message></Error>
<RequestId>r</RequestId></ErrorResponse>"#;

/// `MessageAttributes.entry.1.Name=code&MessageAttributes.entry.1.Value.StringValue=forced&…`
fn attributes(form: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let field = |number: usize, field: &str| {
        let name = format!("MessageAttributes.entry.{number}.{field}");
        form.get(&name).cloned()
    };
    (1..)
        .map_while(|number| {
            let name = field(number, "Name")?;
            assert_eq!(field(number, "Value.DataType").unwrap(), "String");
            Some((name, field(number, "Value.StringValue").unwrap()))
        })
        .collect()
}

fn parse_form(body: &[u8]) -> BTreeMap<String, String> {
    let body = std::str::from_utf8(body).unwrap();
    let pairs = body.split('&').map(|pair| pair.split_once('=').unwrap());
    pairs
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

fn decode(text: &str) -> String {
    let text = text.replace('+', " ");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first == b'%' {
            let digits = std::str::from_utf8(&after[..2]).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).unwrap()
}
