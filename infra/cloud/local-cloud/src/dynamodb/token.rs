//! Repetitions of transactions: for ten minutes, a transaction with the `ClientRequestToken` of
//! one that succeeded gets its answer, and changes nothing.
//!
//! The database keeps tokens too, but looks at all of them at every transaction. At hundreds a
//! second, that took longer than the transactions themselves. Here only those whose time is over
//! are looked at. Must not know: what a transaction does, and who calls.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dynoxide::DynoxideError;
use serde_json::Value;

use super::execution::{Answer, refuse};

/// How long a token is known.
const TOKEN_LIFE: Duration = Duration::from_mins(10);
/// Length of the longest token.
pub const TOKEN_LENGTH_MAX: usize = 36;

/// The tokens of the last ten minutes.
#[derive(Default)]
pub struct Tokens {
    by_token: HashMap<Arc<str>, First>,
    /// In the order of their time.
    oldest: VecDeque<(Instant, Arc<str>)>,
}

/// What the first transaction with a token did.
enum First {
    /// It succeeded with this answer. Its items have this hash.
    Done { items: u64, answer: String },
    /// It was left to the database's server, which knows the token from then on.
    Server,
}

impl Tokens {
    /// The answer to a transaction with this token and these items. Only a new token makes it
    /// `execute`. A refused transaction leaves its token unused. `None` if only the database's
    /// server can answer.
    pub fn run(
        &mut self,
        (token, items): (&str, &Value),
        now: Instant,
        execute: impl FnOnce() -> Option<Answer>,
    ) -> Option<Answer> {
        self.forget_before(now);
        let hash = hash(items);
        match self.by_token.get(token) {
            Some(First::Server) => return None,
            Some(First::Done { items, .. }) if *items != hash => return Some(mismatch()),
            Some(First::Done { answer, .. }) => return Some(Answer::Success(answer.clone())),
            None => {}
        }
        let answer = execute();
        let first = match &answer {
            Some(Answer::Success(answer)) => First::Done {
                items: hash,
                answer: answer.clone(),
            },
            Some(Answer::Refusal(..)) => return answer,
            None => First::Server,
        };
        let token: Arc<str> = token.into();
        self.by_token.insert(Arc::clone(&token), first);
        self.oldest.push_back((now, token));
        answer
    }

    fn forget_before(&mut self, now: Instant) {
        let is_over = |&(at, _): &(Instant, _)| now.saturating_duration_since(at) >= TOKEN_LIFE;
        while let Some((_, token)) = self.oldest.pop_front_if(|first| is_over(first)) {
            self.by_token.remove(&token);
        }
    }
}

fn hash(items: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    items.hash(&mut hasher);
    hasher.finish()
}

fn mismatch() -> Answer {
    let message = "An error occurred (IdempotentParameterMismatchException)";
    refuse(&DynoxideError::IdempotentParameterMismatchException(
        message.to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Runs a transaction; if it is carried out, its answer names its items.
    fn run(tokens: &mut Tokens, token: &str, items: &Value, at: Instant) -> Option<Answer> {
        tokens.run((token, items), at, || {
            Some(Answer::Success(format!("{items} carried out")))
        })
    }

    fn is_carried_out(tokens: &mut Tokens, token: &str, items: &Value, at: Instant) -> bool {
        let mut carried_out = false;
        tokens.run((token, items), at, || {
            carried_out = true;
            Some(Answer::Success(String::new()))
        });
        carried_out
    }

    // AWS same(dynamodb): a transaction with the token of one of the last ten minutes writes
    //     nothing and has its answer; with other items it is refused
    // AWS different(dynamodb): AWS counts the capacity of a read in the answer to a repeated
    //     transaction; here that answer is the first one
    #[test]
    fn a_repetition_gets_the_first_answer_for_ten_minutes() {
        let (mut tokens, start) = (Tokens::default(), Instant::now());
        let items = json!([{"Put": {"Item": {"a": {"S": "1"}}}}]);
        let first = run(&mut tokens, "t", &items, start);
        let Some(Answer::Success(first)) = first else {
            panic!("{first:?}");
        };
        let last = start + TOKEN_LIFE - Duration::from_millis(1);
        for at in [start, last] {
            let again = tokens.run(("t", &items), at, || panic!("carried out again"));
            assert!(matches!(again, Some(Answer::Success(body)) if body == first));
        }
        assert!(is_carried_out(&mut tokens, "t", &items, start + TOKEN_LIFE));
        // The life begins again.
        assert!(!is_carried_out(&mut tokens, "t", &items, last + TOKEN_LIFE));
    }

    #[test]
    fn a_token_with_other_items_is_refused() {
        let (mut tokens, now) = (Tokens::default(), Instant::now());
        run(&mut tokens, "t", &json!([{"a": 1, "b": 2}]), now);
        assert!(!is_carried_out(
            &mut tokens,
            "t",
            &json!([{"b": 2, "a": 1}]),
            now
        ));
        let other = tokens.run(("t", &json!([1])), now, || panic!("carried out"));
        let Some(Answer::Refusal(400, body)) = other else {
            panic!("{other:?}");
        };
        assert!(
            body.contains("#IdempotentParameterMismatchException"),
            "{body}"
        );
    }

    #[test]
    fn a_refused_transaction_leaves_its_token_unused() {
        let (mut tokens, now) = (Tokens::default(), Instant::now());
        let items = json!([1]);
        tokens.run(("t", &items), now, || {
            Some(Answer::Refusal(400, String::new()))
        });
        assert!(is_carried_out(&mut tokens, "t", &json!([2]), now));
    }

    #[test]
    fn what_the_server_may_have_answered_stays_with_the_server() {
        let (mut tokens, now) = (Tokens::default(), Instant::now());
        let items = json!([1]);
        assert!(tokens.run(("t", &items), now, || None).is_none());
        let again = tokens.run(("t", &items), now, || panic!("carried out"));
        assert!(again.is_none());
    }

    #[test]
    fn tokens_whose_time_is_over_are_forgotten() {
        let (mut tokens, start) = (Tokens::default(), Instant::now());
        for second in 0..1_200_u64 {
            let at = start + Duration::from_secs(second);
            run(&mut tokens, &second.to_string(), &json!([]), at);
        }
        assert_eq!((tokens.by_token.len(), tokens.oldest.len()), (600, 600));
    }
}
