//! Reads JSON as Mongoose OS does, with frozen's `json_walk`, which accepts much that is not JSON:
//! keys without quotes, missing and trailing commas, hexadecimal and octal numbers, anything after
//! the end.
//!
//! Must not know: any setting.

/// Kind of a value. An object shows only in the paths of its members.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A text, with its escapes.
    Text,
    Number,
    True,
    False,
    Null,
    /// The start or the end of an array; its items have their own paths.
    Array,
}

/// A value and its place in the text.
pub struct Token<'a> {
    pub kind: Kind,
    /// Its bytes; a text without the quotes.
    pub bytes: &'a [u8],
    /// The text from its first byte on: C's number parsers do not know where the value ends.
    pub rest: &'a [u8],
}

/// The text is truncated or malformed.
#[derive(Debug, PartialEq)]
pub struct Broken;

/// `JSON_MAX_PATH_LEN` without its NUL; longer paths are truncated.
const PATH_BYTES_MAX: usize = 255;

/// Passes each value of `json` to `visit` with its path, such as `.section.key` or `.list[0]`, in
/// the order of the text. Only the stack limits the depth, as in frozen.
///
/// # Errors
/// The text is broken; the values before that were passed.
pub fn walk(json: &[u8], visit: &mut dyn FnMut(&[u8], &Token<'_>)) -> Result<(), Broken> {
    let mut walk = Walk {
        json,
        at: 0,
        path: Vec::new(),
        visit,
    };
    walk.value()
}

struct Walk<'a, 'v> {
    json: &'a [u8],
    at: usize,
    path: Vec<u8>,
    visit: &'v mut dyn FnMut(&[u8], &Token<'_>),
}

/// Length of a character by its first byte; the others are not checked.
pub fn utf8_length(first: u8) -> usize {
    match first {
        0..=0x7f => 1,
        0xf0..=0xff => 4,
        0xe0..=0xef => 3,
        _ => 2,
    }
}

/// Number of bytes after the backslash of an escape.
fn escape_length(after: &[u8]) -> Result<usize, Broken> {
    match after.first() {
        Some(b'u') if after.len() >= 5 && after[1..5].iter().all(u8::is_ascii_hexdigit) => Ok(5),
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(1),
        _ => Err(Broken),
    }
}

impl Walk<'_, '_> {
    fn here(&self) -> Option<u8> {
        self.json.get(self.at).copied()
    }

    /// Skips white space and returns the next byte.
    fn current(&mut self) -> Option<u8> {
        while matches!(self.here(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.here()
    }

    fn expect(&mut self, byte: u8) -> Result<(), Broken> {
        if self.current() != Some(byte) {
            return Err(Broken);
        }
        self.at += 1;
        Ok(())
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.here().is_some_and(&wanted) {
            self.at += 1;
        }
    }

    /// Skips wanted bytes, at least one.
    fn some(&mut self, wanted: impl Fn(u8) -> bool) -> Result<(), Broken> {
        if !self.here().is_some_and(&wanted) {
            return Err(Broken);
        }
        self.skip_while(wanted);
        Ok(())
    }

    /// Extends the path. Returns its length before that.
    fn append(&mut self, name: &[u8]) -> usize {
        let before = self.path.len();
        let room = PATH_BYTES_MAX - before;
        self.path.extend(&name[..name.len().min(room)]);
        before
    }

    /// Passes on a value; if its path ends in a dot, it is a key or has an empty key.
    fn pass_on(&mut self, kind: Kind, start: usize) {
        if self.path.last() != Some(&b'.') {
            let token = Token {
                kind,
                bytes: &self.json[start..self.at],
                rest: &self.json[start..],
            };
            (self.visit)(&self.path, &token);
        }
    }

    fn value(&mut self) -> Result<(), Broken> {
        match self.current() {
            Some(b'"') => self.text(),
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'n') => self.word(b"null", Kind::Null),
            Some(b't') => self.word(b"true", Kind::True),
            Some(b'f') => self.word(b"false", Kind::False),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(Broken),
        }
    }

    fn text(&mut self) -> Result<(), Broken> {
        self.expect(b'"')?;
        let start = self.at;
        while let Some(byte) = self.here() {
            let mut length = utf8_length(byte);
            if byte < 32 || length > self.json.len() - self.at {
                return Err(Broken);
            }
            if byte == b'\\' {
                length += escape_length(&self.json[self.at + 1..])?;
            } else if byte == b'"' {
                self.pass_on(Kind::Text, start);
                self.at += 1;
                return Ok(());
            }
            self.at += length;
        }
        Err(Broken)
    }

    fn word(&mut self, word: &[u8], kind: Kind) -> Result<(), Broken> {
        if !self.json[self.at..].starts_with(word) {
            return Err(Broken);
        }
        let start = self.at;
        self.at += word.len();
        self.pass_on(kind, start);
        Ok(())
    }

    fn number(&mut self) -> Result<(), Broken> {
        let start = self.at;
        if self.here() == Some(b'-') {
            self.at += 1;
        }
        if self.json[self.at..].starts_with(b"0x") {
            self.at += 2;
            self.some(|b| b.is_ascii_hexdigit())?;
        } else {
            self.some(|b| b.is_ascii_digit())?;
            if self.here() == Some(b'.') {
                self.at += 1;
                self.some(|b| b.is_ascii_digit())?;
            }
            if matches!(self.here(), Some(b'e' | b'E')) {
                self.at += 1;
                if matches!(self.here(), Some(b'+' | b'-')) {
                    self.at += 1;
                }
                self.some(|b| b.is_ascii_digit())?;
            }
        }
        self.pass_on(Kind::Number, start);
        Ok(())
    }

    fn array(&mut self) -> Result<(), Broken> {
        let start = self.at;
        self.pass_on(Kind::Array, start);
        self.expect(b'[')?;
        let mut index = 0;
        while self.current() != Some(b']') {
            let before = self.append(format!("[{index}]").as_bytes());
            index += 1;
            self.value()?;
            self.path.truncate(before);
            if self.current() == Some(b',') {
                self.at += 1;
            }
        }
        self.expect(b']')?;
        self.pass_on(Kind::Array, start);
        Ok(())
    }

    fn object(&mut self) -> Result<(), Broken> {
        self.expect(b'{')?;
        let before = self.append(b".");
        while self.current() != Some(b'}') {
            self.pair()?;
            if self.current() == Some(b',') {
                self.at += 1;
            }
        }
        self.expect(b'}')?;
        self.path.truncate(before);
        Ok(())
    }

    fn pair(&mut self) -> Result<(), Broken> {
        let first = self.current();
        let start = self.at;
        let name = match first {
            Some(b'"') => {
                self.text()?;
                start + 1..self.at - 1
            }
            Some(byte) if byte.is_ascii_alphabetic() => {
                self.skip_while(|b| b == b'_' || b.is_ascii_alphanumeric());
                self.pass_on(Kind::Text, start);
                start..self.at
            }
            _ => return Err(Broken),
        };
        let json = self.json;
        let before = self.append(&json[name]);
        self.expect(b':')?;
        self.value()?;
        self.path.truncate(before);
        Ok(())
    }
}
