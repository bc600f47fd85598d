//! `lockctl`: the operator's command, and the laptop mode. Parses, finds the target, hands over; what a press means is
//! decided by the functions, never here.

mod answer;
mod bind;
mod cli;
mod history;
mod local;
mod ready;
mod recover;
mod request;
mod revoke;
mod status;
mod target;
mod view;
mod when;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use answer::Answer;
use cli::{Cli, Command, Global, Output};
use target::Target;

fn main() -> ExitCode {
    // What the parts have to warn of goes to standard error, beside the answer.
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::WARN)
        .with_target(false)
        .without_time()
        .init();
    let (command, global) = Cli::parse().into_parts();
    let output = global.output;
    match run(command, global) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            match output {
                Output::Human => eprintln!("lockctl: {error:#}"),
                Output::Json => {
                    eprintln!("{}", serde_json::json!({ "error": format!("{error:#}") }))
                }
            }
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(command: Command, global: Global) -> Result<()> {
    let output = global.output;
    let answer = match command {
        Command::Local(args) => return local::run(args, global).await,
        Command::Press(args) => request::press(&Target::find(&global).await?, &args).await?,
        Command::Lock(args) => request::lock(&Target::find(&global).await?, &args).await?,
        Command::Unlock(args) => request::unlock(&Target::find(&global).await?, &args).await?,
        Command::Status(args) => status::run(&Target::find(&global).await?, &args).await?,
        Command::History(args) => history::run(&Target::find(&global).await?, &args).await?,
        Command::Bind(args) => bind::run(&Target::find(&global).await?, &args).await?,
        Command::Revoke(args) => revoke::run(&Target::find(&global).await?, &args).await?,
        Command::Recover(args) => recover::run(&Target::find(&global).await?, &args).await?,
    };
    answer.print(output)
}

impl Answer {
    /// Prints it; an answer that is a no ends the program with an error, after it was printed.
    fn print(self, output: Output) -> Result<()> {
        match output {
            Output::Human => {
                println!("target: {}", self.target);
                for line in &self.lines {
                    println!("{line}");
                }
            }
            Output::Json => {
                let mut body = self.body;
                body["target"] = serde_json::json!(self.target);
                println!("{body:#}");
            }
        }
        match self.no {
            Some(reason) => anyhow::bail!(reason),
            None => Ok(()),
        }
    }
}
