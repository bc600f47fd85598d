//! `lockctl`: the operator's command, and the laptop mode. Parses the command line, finds the
//! target and runs one command.
//!
//! Must not know: what a press means; the functions decide that.

mod answer;
mod bind;
mod cli;
mod doctor;
mod enable;
mod failures;
mod forget;
mod history;
mod label;
mod lock_command;
mod outcome;
mod press;
mod recover;
mod register;
mod request;
mod retire;
mod revoke;
mod rotate;
mod rule;
mod sentence;
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
    // Warnings go to standard error: standard output holds the answer alone.
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::WARN)
        .with_target(false)
        .without_time()
        .init();
    let (command, global) = Cli::parse().into_parts();
    let output = global.output;
    run(command, global).unwrap_or_else(|error| {
        let text = format!("{error:#}");
        match output {
            Output::Human => eprintln!("lockctl: {text}"),
            Output::Json => eprintln!("{}", serde_json::json!({ "error": text })),
        }
        ExitCode::FAILURE
    })
}

#[tokio::main]
async fn run(command: Command, global: Global) -> Result<ExitCode> {
    match command {
        Command::Local(args) => {
            Box::pin(laptop::run(&args, &global.stack)).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Operate(Operation::Doctor(args)) => {
            let (name, answer) = Box::pin(doctor::run(&global.stack, &args)).await;
            Ok(answer.print(&name, global.output))
        }
        Command::Operate(operation) => {
            let target = Target::find(&global.stack).await?;
            let answer = operate(&target, operation).await?;
            Ok(answer.print(&target.name, global.output))
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
        Operation::Register(thing) => Box::pin(register::run(target, &thing)).await,
        Operation::Bind(args) => bind::bind(target, &args).await,
        Operation::Unbind(args) => bind::unbind(target, &args).await,
        Operation::Label(args) => label::run(target, &args).await,
        Operation::Bindings => bind::list(target).await,
        Operation::Enable(args) => enable::run(target, &args).await,
        Operation::Revoke(args) => revoke::run(target, &args).await,
        Operation::Forget(args) => forget::run(target, &args).await,
        Operation::Retire(args) => Box::pin(retire::run(target, &args)).await,
        Operation::Rotate(args) => Box::pin(rotate::run(target, &args)).await,
        Operation::Pause(args) => rule::pause(target, &args).await,
        Operation::Resume(args) => rule::resume(target, &args).await,
        Operation::Failures(args) => Box::pin(failures::run(target, &args)).await,
        // It finds its target itself.
        Operation::Doctor(args) => Ok(Box::pin(doctor::of_target(target, &args)).await),
        Operation::Recover(args) => recover::run(target, &args).await,
    }
}
