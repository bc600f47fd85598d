//! Splits SQL into tokens with their positions.
//!
//! Must not know: grammar.

use super::SqlError;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name or keyword.
    Word(String),
    /// `@name`: a variable of SET, without its `@`.
    Variable(String),
    /// Quoted text and its quote.
    Text(String, char),
    Number(String),
    Symbol(&'static str),
    End,
}

/// What begins a comment in other dialects of SQL. AWS IoT SQL has no comments.
const COMMENTS: [&str; 3] = ["--", "/*", "//"];

const COMMENT: &str = "comments are not part of AWS IoT SQL: remove the comment";

/// What AWS IoT SQL does not have, and what to do; longer ones first.
const FOREIGN: [(&str, &str); 16] = [
    ("||", "join texts with + or concat(a, b)"),
    ("&&", "write AND"),
    ("==", "write = for equality"),
    ("!", "write NOT, or <> for inequality"),
    ("|", "write bitor(a, b), or OR between conditions"),
    ("&", "write bitand(a, b), or AND between conditions"),
    ("^", "write bitxor(a, b) or power(a, b)"),
    ("~", "write bitnot(a)"),
    (";", "a rule has one statement, without `;`: remove it"),
    ("`", BACKTICK),
    ("#", HASH),
    ("\u{201c}", QUOTES),
    ("\u{201d}", QUOTES),
    ("\u{201e}", QUOTES),
    ("\u{2018}", QUOTES),
    ("\u{2019}", QUOTES),
];

const QUOTES: &str = "text is in plain quotes: 'text'";
const BACKTICK: &str = "a key is without quotes; one with other characters than letters, digits \
                        and _ is read by get(*, 'my key')";
const HASH: &str = "a topic filter is in single quotes, and comments are not part of AWS IoT SQL";

/// Longest name of a variable, characters. Source: AWS IoT developer guide, "SET clause".
const VARIABLE_CHARACTERS_MAX: usize = 64;

/// Longer symbols first, so that `<=` is not read as `<`.
const SYMBOLS: [&str; 20] = [
    "<>", "!=", "<=", ">=", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ".", ":", "*", "/",
    "+", "-",
];

/// Tokens, each with the position of its first character.
pub(super) fn tokens(sql: &str) -> Result<Vec<(usize, Token)>, SqlError> {
    let characters: Vec<char> = sql.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        let (token, end) = match characters[at] {
            c if c.is_whitespace() => {
                at += 1;
                continue;
            }
            '\'' | '"' => quoted(&characters, at)?,
            '@' => variable(&characters, at)?,
            _ if COMMENTS.iter().any(|mark| begins(&characters, at, mark)) => {
                let minus = if characters[at] == '-' {
                    " (a minus in front of a negative number is written 5 - -3 or -(-3))"
                } else {
                    ""
                };
                return Err(SqlError {
                    position: at,
                    message: format!("{COMMENT}{minus}"),
                });
            }
            c if c.is_ascii_digit() => number(&characters, at),
            c if is_word(c) => {
                let end = run(&characters, at, is_word);
                (Token::Word(characters[at..end].iter().collect()), end)
            }
            '%' => (Token::Symbol("%"), at + 1),
            _ => symbol(&characters, at)?,
        };
        tokens.push((at, token));
        at = end;
    }
    tokens.push((characters.len(), Token::End));
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn run(characters: &[char], from: usize, accept: fn(char) -> bool) -> usize {
    let rest = &characters[from..];
    from + rest.iter().take_while(|c| accept(**c)).count()
}

/// A quote inside the text is doubled.
fn quoted(characters: &[char], start: usize) -> Result<(Token, usize), SqlError> {
    let quote = characters[start];
    let mut text = String::new();
    let mut at = start + 1;
    loop {
        match (characters.get(at), characters.get(at + 1)) {
            (None, _) => {
                return Err(SqlError {
                    position: start,
                    message: "text has no closing quote".to_owned(),
                });
            }
            (Some(c), Some(next)) if *c == quote && *next == quote => {
                text.push(quote);
                at += 2;
            }
            (Some(c), _) if *c == quote => return Ok((Token::Text(text, quote), at + 1)),
            (Some(c), _) => {
                text.push(*c);
                at += 1;
            }
        }
    }
}

/// Whether `text` stands at this position.
fn begins(characters: &[char], at: usize, text: &str) -> bool {
    let mut letters = text.chars().enumerate();
    letters.all(|(i, c)| characters.get(at + i) == Some(&c))
}

fn variable(characters: &[char], start: usize) -> Result<(Token, usize), SqlError> {
    let end = run(characters, start + 1, |c| {
        c.is_ascii_alphanumeric() || c == '_'
    });
    let name: String = characters[start + 1..end].iter().collect();
    if (1..=VARIABLE_CHARACTERS_MAX).contains(&name.len()) {
        return Ok((Token::Variable(name), end));
    }
    Err(SqlError {
        position: start,
        message: format!(
            "`@` begins the name of a variable: 1 to {VARIABLE_CHARACTERS_MAX} letters, digits \
             and underscores"
        ),
    })
}

fn number(characters: &[char], start: usize) -> (Token, usize) {
    let digit = |at: usize| characters.get(at).is_some_and(char::is_ascii_digit);
    let mut end = run(characters, start, |c| c.is_ascii_digit());
    if characters.get(end) == Some(&'.') && digit(end + 1) {
        end = run(characters, end + 1, |c| c.is_ascii_digit());
    }
    if matches!(characters.get(end), Some('e' | 'E')) {
        let sign = usize::from(matches!(characters.get(end + 1), Some('-' | '+')));
        if digit(end + 1 + sign) {
            end = run(characters, end + 1 + sign, |c| c.is_ascii_digit());
        }
    }
    (Token::Number(characters[start..end].iter().collect()), end)
}

fn symbol(characters: &[char], at: usize) -> Result<(Token, usize), SqlError> {
    let matching = SYMBOLS.iter().find(|symbol| begins(characters, at, symbol));
    // `!=` is a symbol and `==` is not, though each begins with another one.
    let foreign = FOREIGN.iter().find(|(text, _)| {
        let is_longer = matching.is_none_or(|symbol| text.len() > symbol.len());
        is_longer && begins(characters, at, text)
    });
    let message = match (foreign, matching) {
        (Some((text, advice)), _) if text.len() > 1 && text.is_ascii() => {
            format!("unexpected `{text}`: {advice}")
        }
        (Some((_, advice)), _) => format!("unexpected {:?}: {advice}", characters[at]),
        (None, Some(symbol)) => return Ok((Token::Symbol(symbol), at + symbol.len())),
        (None, None) => format!("unexpected {:?}", characters[at]),
    };
    Err(SqlError {
        position: at,
        message,
    })
}
