//! Parts of a statement that AWS does not document, or that often mean something else, as far as
//! its tokens show them.
//!
//! Must not know: grammar beyond two neighbours of a token.

use super::super::token::Token;

/// A sentence for each such part, in order.
pub(super) fn of(tokens: &[(usize, Token)]) -> Vec<String> {
    let at = |index: usize| tokens.get(index).map(|(_, token)| token);
    let mut doubts = Vec::new();
    for (index, (position, token)) in tokens.iter().enumerate() {
        match (token, at(index + 1)) {
            (Token::Symbol("!="), _) => doubts.push(format!(
                "`!=` at character {position} is read as <>; AWS does not document it: write <>"
            )),
            (Token::Text(text, quote), _) if text.contains(*quote) => doubts.push(format!(
                "the text at character {position} has a doubled quote, which is read as one quote; \
                 AWS does not document it: put the text in the other kind of quotes"
            )),
            (Token::Word(word), Some(Token::Symbol("."))) if word == "$" => doubts.push(format!(
                "`$` at character {position} is read as a key of this name; AWS does not document \
                 it: begin the path with the first key of the payload"
            )),
            (Token::Word(key), Some(Token::Symbol(":"))) => doubts.push(format!(
                "key {key} at character {position} is without quotes, which AWS does not document: \
                 write '{key}'"
            )),
            (Token::Word(_), Some(Token::Symbol("-"))) => doubts.extend(hyphen(tokens, index)),
            _ => {}
        }
    }
    doubts
}

/// Words joined by a minus without spaces, which look like one key.
fn hyphen(tokens: &[(usize, Token)], index: usize) -> Option<String> {
    let word = |index: usize| match tokens.get(index) {
        Some((position, Token::Word(word))) => Some((*position, word.as_str())),
        _ => None,
    };
    let is = |index: Option<usize>, symbol: &str| {
        index
            .and_then(|index| tokens.get(index))
            .is_some_and(|(_, token)| matches!(token, Token::Symbol(found) if *found == symbol))
    };
    let (start, first) = word(index)?;
    let mut key = first.to_owned();
    let mut last = index;
    while let (true, Some((position, next))) = (is(Some(last + 1), "-"), word(last + 2)) {
        if position != start + key.chars().count() + 1 {
            break;
        }
        key = format!("{key}-{next}");
        last += 2;
    }
    // The rest of a key that was found before, one word alone, or a call.
    let continues = is(index.checked_sub(1), "-") && tokens[index - 1].0 + 1 == start;
    if continues || last == index || is(Some(last + 1), "(") {
        return None;
    }
    let mut path = String::new();
    let mut at = index;
    while is(at.checked_sub(1), ".") {
        let (_, parent) = word(at.checked_sub(2)?)?;
        path = if path.is_empty() {
            parent.to_owned()
        } else {
            format!("{parent}.{path}")
        };
        at -= 2;
    }
    let root = if path.is_empty() { "*" } else { &path };
    Some(format!(
        "{key} at character {start} is a subtraction: if it is a key, write get({root}, '{key}'); \
         if not, put spaces around the minus"
    ))
}
