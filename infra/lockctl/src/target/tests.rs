//! The error about a table that cannot be read, by what AWS answers.

use lock_aws::{CallError, OperatorEndpoints, Task};

use super::*;

fn text(source: CallError) -> String {
    let access = Access {
        region: "eu-west-1".to_owned(),
        access_key_id: "A".to_owned(),
        secret_access_key: "S".to_owned(),
        session_token: None,
        dynamodb: None,
        iot_data: None,
        sns: None,
        operator: OperatorEndpoints::default(),
    };
    let error = StoreError {
        task: Task::Describe,
        table: "doors".to_owned(),
        unknown: false,
        source,
    };
    unreachable_table(&error, &access).to_string()
}

#[test]
fn a_table_that_cannot_be_read_is_an_error_with_the_next_step() {
    let refused = |code: &str| CallError::Refused {
        code: code.to_owned(),
        message: None,
    };
    for (source, wanted) in [
        (
            CallError::NoAnswer,
            "describe table doors: no answer in time; DynamoDB in eu-west-1 does not answer: check \
             the network, AWS_REGION and AWS_ENDPOINT_URL",
        ),
        (
            refused("AccessDeniedException"),
            "describe table doors: AccessDeniedException; these credentials may not read the \
             table: log in again, or ask for permission",
        ),
        (
            refused("ResourceNotFoundException"),
            "describe table doors: ResourceNotFoundException; no such table in eu-west-1: is \
             --stack the name of your stack, and AWS_REGION its region?",
        ),
        (
            refused("ThrottlingException"),
            "describe table doors: ThrottlingException; repeat the command; if it fails again, \
             `lockctl doctor` looks at each part",
        ),
    ] {
        assert_eq!(text(source), wanted);
    }
}
