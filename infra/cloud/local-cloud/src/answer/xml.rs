//! Answers of the Query protocol, in XML.
//!
//! Source: SNS and CloudFormation API references, "Common errors" and the example of each
//! operation.

use std::fmt::Write as _;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

const XML: HeaderValue = HeaderValue::from_static("text/xml");
/// Namespace of SNS's answers.
pub const SNS: &str = "http://sns.amazonaws.com/doc/2010-03-31/";
/// Namespace of CloudFormation's answers.
pub const CLOUDFORMATION: &str = "http://cloudformation.amazonaws.com/doc/2010-05-15/";

/// An element with text or with other elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    name: &'static str,
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Text(String),
    Elements(Vec<Element>),
}

impl Element {
    pub fn text(name: &'static str, text: String) -> Self {
        let content = Content::Text(text);
        Self { name, content }
    }

    pub fn list(name: &'static str, elements: Vec<Self>) -> Self {
        let content = Content::Elements(elements);
        Self { name, content }
    }

    fn write(&self, xml: &mut String) {
        let name = self.name;
        let _ = write!(xml, "<{name}>");
        match &self.content {
            Content::Text(text) => xml.push_str(&escape(text)),
            Content::Elements(elements) => elements.iter().for_each(|one| one.write(xml)),
        }
        let _ = write!(xml, "</{name}>");
    }
}

/// The answer to an operation of the service with this namespace.
pub fn xml_answer(namespace: &str, operation: &str, elements: &[Element]) -> Response {
    let mut result = String::new();
    elements
        .iter()
        .for_each(|element| element.write(&mut result));
    let id = uuid::Uuid::new_v4();
    let body = format!(
        "<{operation}Response xmlns=\"{namespace}\"><{operation}Result>{result}</{operation}Result>\
         <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{operation}Response>"
    );
    (StatusCode::OK, [(CONTENT_TYPE, XML)], body).into_response()
}

/// A refusal with AWS's name for it.
pub fn xml_error(namespace: &str, status: StatusCode, kind: &str, message: &str) -> Response {
    let (message, id) = (escape(message), uuid::Uuid::new_v4());
    let body = format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>Sender</Type><Code>{kind}</Code>\
         <Message>{message}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"
    );
    (status, [(CONTENT_TYPE, XML)], body).into_response()
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_nested_and_escaped() {
        let text = Element::text("b", "<1 & \"2\">".to_owned());
        let mut xml = String::new();
        Element::list("a", vec![text]).write(&mut xml);
        assert_eq!(xml, "<a><b>&lt;1 &amp; &quot;2&quot;&gt;</b></a>");
    }
}
