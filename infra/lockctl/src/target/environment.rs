//! What the environment says of AWS: enough to act there, something, or nothing. Must not use it.

/// What the environment has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// Credentials: AWS is meant.
    Aws,
    /// This variable, which alone names no account.
    Only(&'static str),
    /// Nothing about AWS.
    Nothing,
}

/// Variables that people have set for other tools, and that alone say nothing of where the locks are.
const HINTS: [&str; 7] = [
    "AWS_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
];

/// Looks through the variables. Both keys are what names an account; whatever else is missing then is an error.
pub fn means(lookup: &dyn Fn(&str) -> Option<String>) -> Means {
    let is_set = |name: &str| lookup(name).is_some_and(|value| !value.is_empty());
    if is_set("AWS_ACCESS_KEY_ID") && is_set("AWS_SECRET_ACCESS_KEY") {
        return Means::Aws;
    }
    let hint = HINTS.into_iter().find(|name| is_set(name));
    hint.map_or(Means::Nothing, Means::Only)
}

impl Means {
    /// What is missing, and how to get it.
    pub fn advice(self) -> String {
        let how = "eval \"$(aws configure export-credentials --format env)\", and set AWS_REGION";
        match self {
            Means::Only(name) => format!(
                "{name} alone does not let this program act in AWS: it reads no profiles ({how})"
            ),
            Means::Aws | Means::Nothing => {
                format!("the environment has no AWS credentials ({how})")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_both_keys_mean_aws() {
        for (set, wanted) in [
            (&[][..], Means::Nothing),
            (&["AWS_PROFILE"], Means::Only("AWS_PROFILE")),
            (&["AWS_REGION"], Means::Only("AWS_REGION")),
            (&["AWS_REGION", "AWS_PROFILE"], Means::Only("AWS_PROFILE")),
            (&["AWS_ENDPOINT_URL"], Means::Only("AWS_ENDPOINT_URL")),
            (
                &["AWS_ACCESS_KEY_ID", "AWS_REGION"],
                Means::Only("AWS_ACCESS_KEY_ID"),
            ),
            (&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], Means::Aws),
            (
                &["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
                Means::Aws,
            ),
        ] {
            let lookup = |name: &str| set.contains(&name).then(|| "x".to_owned());
            assert_eq!(means(&lookup), wanted, "{set:?}");
        }
        assert_eq!(
            means(&|_| Some(String::new())),
            Means::Nothing,
            "empty is not set"
        );
    }

    #[test]
    fn what_was_found_is_named_in_the_advice() {
        let advice = Means::Only("AWS_PROFILE").advice();
        assert!(advice.starts_with("AWS_PROFILE alone"), "{advice}");
        assert!(Means::Nothing.advice().contains("no AWS credentials"));
    }
}
