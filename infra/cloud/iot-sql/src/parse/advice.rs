//! Advice for what other dialects of SQL have and AWS IoT SQL does not, and how a token is named
//! in a message.
//!
//! Must not know: the tree of an expression, how anything is evaluated.

use super::super::token::Token;

/// What a name behind AS is.
pub(super) const NAME: &str = "a name is letters, digits and _, without quotes; a dot in it makes \
                               an object";

/// For FROM and for the source of a nested SELECT.
pub(super) const SOURCE: &str = "FROM has no AS: remove it, as a key is written without a name in \
                                 front of it";

/// Words that begin a clause of other dialects: the clause, and what to do.
const CLAUSES: [(&str, &str, &str); 14] = [
    ("order", "ORDER BY", SORT),
    ("group", "GROUP BY", GROUP),
    ("having", "HAVING", GROUP),
    ("limit", "LIMIT", REMOVE),
    ("offset", "OFFSET", REMOVE),
    ("distinct", "DISTINCT", REMOVE),
    ("join", "JOIN", JOIN),
    ("inner", "JOIN", JOIN),
    ("outer", "JOIN", JOIN),
    ("left", "JOIN", JOIN),
    ("right", "JOIN", JOIN),
    ("full", "JOIN", JOIN),
    ("cross", "JOIN", JOIN),
    ("union", "UNION", UNION),
];

const SORT: &str = "a rule reads one message at a time: sort where its output is read";
const GROUP: &str = "a rule reads one message at a time: count where its output is read";
const REMOVE: &str = "a rule reads one message at a time: remove it";
const JOIN: &str = "a rule reads one message at a time: a function that it calls may look up more";
const UNION: &str = "a rule reads one message at a time: write a second rule";

/// The advice for a token that cannot be where it is; `None` if there is none.
pub(super) fn on(found: &Token) -> Option<String> {
    let Token::Word(word) = found else {
        return None;
    };
    if word.eq_ignore_ascii_case("as") {
        return Some("only an item of SELECT has AS and a name".to_owned());
    }
    let (_, clause, advice) = CLAUSES
        .iter()
        .find(|(first, ..)| word.eq_ignore_ascii_case(first))?;
    Some(format!("AWS IoT SQL does not have {clause}, as {advice}"))
}

/// A token as a message names it.
pub(super) fn name(token: &Token) -> String {
    match token {
        Token::Word(word) => word.clone(),
        Token::Variable(name) => format!("@{name}"),
        Token::Text(text, quote) => format!("{quote}{text}{quote}"),
        Token::Number(number) => number.clone(),
        Token::Symbol(symbol) => format!("`{symbol}`"),
        Token::End => "the end of the statement".to_owned(),
    }
}
