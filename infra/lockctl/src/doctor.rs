//! `lockctl doctor`: walks the way from a button to its door, and names the first broken link with
//! what fixes it.

mod device;
mod entry;
mod evidence;
mod gather;
mod judge;
mod link;
mod permit;
mod report;
mod rule;
mod service;
#[cfg(test)]
mod tests;

use laptop::cli::StackArgs;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::cli::DoctorArgs;
use crate::target::Target;
use link::{Link, Verdict};

/// Runs `lockctl doctor`. Returns the name of the target, and the answer.
///
/// It looks for its target itself: a target that cannot be reached is a broken link, not an error.
pub async fn run(stack: &StackArgs, args: &DoctorArgs) -> (String, Answer) {
    let target = match Target::locate(stack) {
        Ok(target) => target,
        Err(error) => {
            let fix = match &stack.ready_file {
                Some(file) => format!("lockctl local --ready-file {}", file.display()),
                None => format!("{}, and export AWS_REGION=us-east-1", judge::LOG_IN),
            };
            let verdict = Verdict::broken(format!("{error:#}"), fix);
            let answer = links_answer(&[Link::new("credentials", verdict)]);
            return ("none".to_owned(), answer);
        }
    };
    let answer = of_target(&target, args).await;
    (target.name, answer)
}

/// The answer about a target.
pub async fn of_target(target: &Target, args: &DoctorArgs) -> Answer {
    let name = args.name.as_ref().map(|name| name.as_str());
    let evidence = gather::gather(target, name, &args.accepted).await;
    let links = judge::judge(&evidence).into_iter();
    let links: Vec<Link> = links.map(|link| link.with_names(&evidence.names)).collect();
    links_answer(&links)
}

/// The answer about the links.
pub fn links_answer(links: &[Link]) -> Answer {
    let mut lines: Vec<String> = links.iter().flat_map(Link::lines).collect();
    let broken = links.iter().find(|link| link.is_broken());
    let unknown = links
        .iter()
        .filter(|link| matches!(link.verdict, Verdict::Unknown(_)));
    let unknown = unknown.count();
    let last = match broken.map(|link| (link, &link.verdict)) {
        Some((link, Verdict::Broken { fix, .. })) => {
            format!("first broken link: {}; fix it: {fix}", link.title())
        }
        _ if unknown > 0 => format!("no broken link was found; not judged: {unknown}"),
        _ => "every link holds".to_owned(),
    };
    lines.push(last);
    let shown: Vec<Value> = links.iter().map(Link::body).collect();
    let first = broken.map(Link::body);
    Answer {
        lines,
        body: json!({ "links": shown, "firstBroken": first, "unknown": unknown }),
        has_failed: broken.is_some(),
    }
}
