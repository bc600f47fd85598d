//! `lockctl bind`: lets a button command a lock.

use anyhow::Result;
use lock_core::action::{ClickType, Intent};
use lock_core::binding::Actions;
use serde_json::json;

use crate::answer::Answer;
use crate::cli::{self, BindArgs};
use crate::target::Target;

/// Answers `bind`.
pub async fn run(target: &Target, args: &BindArgs) -> Result<Answer> {
    let clicks = [
        (ClickType::Single, args.single),
        (ClickType::Double, args.double),
        (ClickType::Long, args.long),
    ];
    let actions = Actions(clicks.map(|(click, asked)| (click, intent(asked))).into());
    let binding = target.bind(&args.button, &args.lock, actions).await?;
    let line = format!(
        "{} now commands {}: single {:?}, double {:?}, long {:?} (revision {})",
        args.button, args.lock, args.single, args.double, args.long, binding.revision
    );
    Ok(Answer {
        target: target.name().to_owned(),
        lines: vec![line.to_lowercase()],
        body: json!({ "binding": binding }),
        no: None,
    })
}

fn intent(asked: cli::Intent) -> Intent {
    match asked {
        cli::Intent::Lock => Intent::Lock,
        cli::Intent::Unlock => Intent::Unlock,
        cli::Intent::Toggle => Intent::Toggle,
    }
}
