//! JSON to and from values: every digit of a number is kept, which a 64-bit number would not do.
//!
//! Must not know: SQL.

use super::number::Number;
use super::value::{Object, Value};

/// Deepest nesting that is read.
const DEPTH_MAX: usize = 128;

/// Reads one document; the error is what is wrong and where.
pub(super) fn read(bytes: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(DEPTH_MAX)?;
    reader.space();
    match reader.at == text.len() {
        true => Ok(value),
        false => reader.wrong("the end expected"),
    }
}

/// Writes a value without spaces.
pub(super) fn write(value: &Value) -> String {
    let mut text = String::new();
    append(&mut text, value);
    text
}

fn append(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => text.push_str(&number.to_string()),
        Value::Text(inner) => append_text(text, inner),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                append(text, item);
            }
            text.push(']');
        }
        Value::Object(entries) => {
            text.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                append_text(text, key);
                text.push(':');
                append(text, value);
            }
            text.push('}');
        }
    }
}

fn append_text(text: &mut String, inner: &str) {
    text.push_str(&serde_json::Value::from(inner).to_string());
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn wrong<T>(&self, what: &str) -> Result<T, String> {
        Err(format!("{what} at byte {}", self.at))
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn takes(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        self.space();
        let Some(deeper) = depth.checked_sub(1) else {
            return self.wrong("nested too deeply");
        };
        for (word, value) in [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ] {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        match self.peek() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'[') => self.array(deeper),
            Some(b'{') => self.object(deeper),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.wrong("a value expected"),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, String> {
        self.at += 1;
        let mut items = Vec::new();
        if self.takes(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(depth)?);
            if self.takes(b']') {
                return Ok(Value::Array(items));
            }
            if !self.takes(b',') {
                return self.wrong("`,` or `]` expected");
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, String> {
        self.at += 1;
        let mut entries = Object::new();
        if self.takes(b'}') {
            return Ok(Value::Object(entries));
        }
        loop {
            self.space();
            let key = match self.peek() {
                Some(b'"') => self.string()?,
                _ => return self.wrong("a key expected"),
            };
            if !self.takes(b':') {
                return self.wrong("`:` expected");
            }
            entries.insert(key, self.value(depth)?);
            if self.takes(b'}') {
                return Ok(Value::Object(entries));
            }
            if !self.takes(b',') {
                return self.wrong("`,` or `}` expected");
            }
        }
    }

    fn string(&mut self) -> Result<String, String> {
        let bytes = self.text.as_bytes();
        let mut end = self.at + 1;
        loop {
            match bytes.get(end) {
                None => return self.wrong("text has no end"),
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
            }
        }
        let text = serde_json::from_str(&self.text[self.at..=end]);
        let text = text.map_err(|e| format!("{e} of the text at byte {}", self.at))?;
        self.at = end + 1;
        Ok(text)
    }

    fn number(&mut self) -> Result<Value, String> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let leading_zero = self.peek() == Some(b'0');
        let whole = self.digits();
        if whole == 0 || (leading_zero && whole > 1) {
            return self.wrong("a digit expected");
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return self.wrong("a digit expected");
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            if self.digits() == 0 {
                return self.wrong("a digit expected");
            }
        }
        match Number::read(&self.text[start..self.at]) {
            Some(number) => Ok(Value::Number(number)),
            None => self.wrong("a number out of range"),
        }
    }

    fn digits(&mut self) -> usize {
        let count = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.at += count;
        count
    }
}
