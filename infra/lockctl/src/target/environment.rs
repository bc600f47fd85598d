//! Whether the environment selects AWS. Reads variables; makes no calls.

/// What the variables show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// Both keys are set: AWS is the target.
    Credentials,
    /// Only this variable is set, which does not select an account.
    Hint(&'static str),
    /// Nothing about AWS.
    Nothing,
}

/// Variables that people set for other tools. None of them selects an account.
const HINTS: [&str; 7] = [
    "AWS_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
];

/// Reads the variables. Both keys select AWS; the caller then reports what is missing, such as the
/// region.
pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Environment {
    let is_set = |name: &str| lookup(name).is_some_and(|value| !value.is_empty());
    if is_set("AWS_ACCESS_KEY_ID") && is_set("AWS_SECRET_ACCESS_KEY") {
        return Environment::Credentials;
    }
    let hint = HINTS.into_iter().find(|name| is_set(name));
    hint.map_or(Environment::Nothing, Environment::Hint)
}

impl Environment {
    /// What is missing, and how to get it.
    pub fn advice(self) -> String {
        let how =
            "run eval \"$(aws configure export-credentials --format env)\", and set AWS_REGION";
        match self {
            Self::Hint(name) => {
                let why = match name {
                    "AWS_PROFILE" => ": lockctl reads no profiles",
                    _ => "",
                };
                format!("{name} alone does not select an account{why} ({how})")
            }
            Self::Credentials | Self::Nothing => {
                format!("the environment has no AWS credentials ({how})")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_both_keys_select_aws() {
        for (set, wanted) in [
            (&[][..], Environment::Nothing),
            (&["AWS_PROFILE"], Environment::Hint("AWS_PROFILE")),
            (&["AWS_REGION"], Environment::Hint("AWS_REGION")),
            (
                &["AWS_REGION", "AWS_PROFILE"],
                Environment::Hint("AWS_PROFILE"),
            ),
            (&["AWS_ENDPOINT_URL"], Environment::Hint("AWS_ENDPOINT_URL")),
            (
                &["AWS_ACCESS_KEY_ID", "AWS_REGION"],
                Environment::Hint("AWS_ACCESS_KEY_ID"),
            ),
            (
                &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
                Environment::Credentials,
            ),
            (
                &["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
                Environment::Credentials,
            ),
        ] {
            let lookup = |name: &str| set.contains(&name).then(|| "x".to_owned());
            assert_eq!(read(&lookup), wanted, "{set:?}");
        }
        assert_eq!(
            read(&|_| Some(String::new())),
            Environment::Nothing,
            "empty is not set"
        );
    }

    #[test]
    fn the_advice_names_the_variable_that_was_found() {
        let advice = Environment::Hint("AWS_PROFILE").advice();
        assert!(advice.starts_with("AWS_PROFILE alone"), "{advice}");
        assert!(Environment::Nothing.advice().contains("no AWS credentials"));
    }
}
