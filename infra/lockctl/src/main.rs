//! `lockctl`: the operator's command, and the laptop mode. Parses, finds the target, hands over; what a press means is
//! decided by the functions, never here.

mod answer;
mod bind;
mod cli;
mod forget;
mod history;
mod outcome;
mod press;
mod recover;
mod register;
mod request;
mod revoke;
mod status;
mod target;
mod unknown;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use answer::Answer;
use cli::{Cli, Command, Global, Operation, Output};
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
        Ok(code) => code,
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
async fn run(command: Command, global: Global) -> Result<ExitCode> {
    match command {
        Command::Local(args) => {
            Box::pin(laptop::run(args, global.stack)).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Operate(operation) => {
            let target = Target::find(&global).await?;
            Ok(operate(&target, operation).await?.print(global.output))
        }
    }
}

async fn operate(target: &Target, operation: Operation) -> Result<Answer> {
    match operation {
        Operation::Press(args) => press::run(target, &args).await,
        Operation::Lock(args) => request::lock(target, &args).await,
        Operation::Unlock(args) => request::unlock(target, &args).await,
        Operation::Status(args) => status::run(target, &args).await,
        Operation::History(args) => history::run(target, &args).await,
        Operation::Register(thing) => register::run(target, &thing).await,
        Operation::Bind(args) => bind::run(target, &args).await,
        Operation::Unbind(args) => bind::unbind(target, &args).await,
        Operation::Bindings => bind::list(target).await,
        Operation::Revoke(args) => revoke::run(target, &args).await,
        Operation::Forget(args) => forget::run(target, &args).await,
        Operation::Recover(args) => recover::run(target, &args).await,
    }
}

impl Answer {
    /// Prints it. One that is a no fails the command: it has said why.
    fn print(self, output: Output) -> ExitCode {
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
        if self.is_no {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}
