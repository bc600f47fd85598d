//! How many alarms the template creates at each level of its parameter `Alarms`.
//!
//! Must not know: what an alarm watches.

use anyhow::{Context, Result};
use saphyr::{LoadableYamlNode, Yaml};

/// The condition of an alarm of the level `few`; the others are of `all` alone.
const FEW: &str = "HasAlarms";

/// Numbers of alarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarms {
    pub few: u32,
    pub all: u32,
}

impl Alarms {
    /// Counts them.
    ///
    /// # Errors
    /// The template is not YAML, or has no resources.
    pub fn count(template: &str) -> Result<Self> {
        let documents = Yaml::load_from_str(template).context("read the template")?;
        let resources = documents
            .first()
            .and_then(|template| template.as_mapping_get("Resources"))
            .and_then(Yaml::as_mapping);
        let mut alarms = Self { few: 0, all: 0 };
        for resource in resources.context("the template has no Resources")?.values() {
            let text = |key: &str| resource.as_mapping_get(key).and_then(Yaml::as_str);
            if text("Type") == Some("AWS::CloudWatch::Alarm") {
                alarms.all += 1;
                alarms.few += u32::from(text("Condition") == Some(FEW));
            }
        }
        Ok(alarms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_of_few_is_also_one_of_all() {
        let template = "\
Resources:
  Silent: {Type: AWS::CloudWatch::Alarm, Condition: HasAlarms}
  Late: {Type: AWS::CloudWatch::Alarm, Condition: HasAllAlarms}
  Table: {Type: AWS::DynamoDB::Table, Condition: HasAlarms}
";
        let alarms = Alarms::count(template).expect("count the alarms");
        assert_eq!(alarms, Alarms { few: 1, all: 2 });
    }
}
