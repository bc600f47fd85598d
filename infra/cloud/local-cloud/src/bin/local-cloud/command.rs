//! The command line of `local-cloud`, with its help texts.

use std::path::PathBuf;

use clap::Parser;
use local_cloud::cli::CloudArgs;

/// Runs what a SAM template describes on this machine: MQTT broker, shadows, topic rules,
/// functions, schedules, DynamoDB and device provisioning, each by its real protocol on 127.0.0.1.
///
/// An unsupported template property is an error with file, line and logical id.
#[derive(Debug, Clone, Parser)]
#[command(name = "local-cloud", version, after_help = EXAMPLES)]
pub struct Command {
    /// The template, as for `sam deploy`.
    #[arg(long, value_name = "FILE", required_unless_present = "faults")]
    pub template: Option<PathBuf>,

    /// File with all addresses and credentials, written when all is up and removed at the end.
    #[arg(long, value_name = "PATH")]
    pub ready_file: Option<PathBuf>,

    /// Executable, or folder of the code, of the functions whose `Metadata.BuildProperties.Binary`
    /// or logical id is NAME; repeatable. Other functions run the executable `bootstrap`, or their
    /// handler, in their `CodeUri`.
    #[arg(long = "binary", value_name = "NAME=PATH")]
    pub binaries: Vec<String>,

    /// Create a thing with a certificate that carries this IoT policy of the template; repeatable.
    /// With `*` it may do everything. The ready file names its files.
    #[arg(long = "thing", value_name = "NAME=POLICY")]
    pub things: Vec<String>,

    /// Directory of tables, things, certificates and shadows. [default: in memory]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Keep nothing on disk, which is the default.
    #[arg(long, conflicts_with = "data_dir")]
    pub memory: bool,

    /// Port of MQTT over mutual TLS; 0 takes a free one, here and below.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port_mqtts: u16,

    /// Port of the IoT data plane.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port_iot_data: u16,

    /// Port of the IoT control plane.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port_iot: u16,

    /// Port of DynamoDB.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port_dynamodb: u16,

    /// `AWS::StackName`.
    #[arg(long, value_name = "NAME", default_value = "local", value_parser = parse_stack)]
    pub stack: String,

    /// `AWS::Region`.
    #[arg(long, value_name = "REGION", default_value = "us-east-1", value_parser = parse_region)]
    pub region: String,

    /// `AWS::AccountId`.
    #[arg(long, value_name = "ID", default_value = "123456789012", value_parser = parse_account)]
    pub account: String,

    #[command(flatten)]
    pub cloud: CloudArgs,

    /// Do not watch for changes. By default a changed template or function is applied while
    /// everything runs.
    #[arg(long)]
    pub no_watch: bool,
}

fn parse_stack(text: &str) -> Result<String, String> {
    let is_word = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let is_name = is_word && text.starts_with(|c: char| c.is_ascii_alphabetic());
    if is_name && text.len() <= 128 {
        return Ok(text.to_owned());
    }
    Err("a stack's name is a letter, then letters, digits and hyphens, at most 128".to_owned())
}

fn parse_region(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('-').collect();
    let is_word = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase());
    match &parts[..] {
        [words @ .., number] if words.len() >= 2 && words.iter().all(is_word) => number
            .parse::<u8>()
            .map(|_| text.to_owned())
            .map_err(|_| "a region ends in a number, such as us-east-1".to_owned()),
        _ => Err("a region is written as us-east-1".to_owned()),
    }
}

fn parse_account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.chars().all(|c| c.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err("an account is twelve digits".to_owned())
}

const EXAMPLES: &str = "\
Examples:
  local-cloud --template template.yaml
  local-cloud --template template.yaml --parameter LogLevel=DEBUG --binary worker=./worker
  local-cloud --template template.yaml --thing sensor-1=sensor --ready-file r.json --data-dir d
  local-cloud --template template.yaml --no-start Worker --data-dir d
  local-cloud --template template.yaml --fault drop:rooms/+@5% --seed 7
  local-cloud --fault help

From another shell, with the printed addresses (or jq on the ready file):
  mosquitto_pub -h 127.0.0.1 -p PORT --cafile CA --cert CERT --key KEY -i sensor-1 \\
      -t rooms/attic -m '{\"degrees\": 19}' -q 1
  AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… \\
      aws --region us-east-1 --endpoint-url http://127.0.0.1:PORT dynamodb list-tables";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_has_a_name_a_region_and_an_account() {
        for (parse, good, bad) in [
            (
                parse_stack as fn(&str) -> Result<String, String>,
                ["a", "Local-7"],
                ["", "7a", "a b", "a_b"],
            ),
            (
                parse_region,
                ["us-east-1", "us-gov-west-1"],
                ["", "us-1", "us-east-x", "US-east-1"],
            ),
            (
                parse_account,
                ["123456789012", "000000000000"],
                ["", "1234", "12345678901x", "1234567890123"],
            ),
        ] {
            for text in good {
                assert_eq!(parse(text).as_deref(), Ok(text));
            }
            for text in bad {
                assert!(parse(text).is_err(), "{text:?}");
            }
        }
    }
}
