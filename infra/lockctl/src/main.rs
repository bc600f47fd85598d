//! `lockctl`: the operator's command, and the laptop mode. Parses the command line, finds the
//! target and runs one command.
//!
//! Must not know: what a press means; the functions decide that.

mod advice;
mod answer;
mod bind;
mod cli;
mod colour;
mod console;
mod doctor;
mod enable;
mod failures;
mod follow;
mod forget;
mod history;
mod home_assistant;
mod label;
mod lock_command;
mod outcome;
mod page;
mod press;
mod pulse;
mod recover;
mod register;
mod request;
mod retire;
mod revoke;
mod rotate;
mod rule;
mod screen;
mod sentence;
mod status;
mod status_code;
mod target;
mod terminal;
mod wait;
mod watch;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use answer::Answer;
use cli::{Cli, Command, Global, Operation, Output};
use colour::Colours;
use status_code::StatusCode;
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
    match run(command, global) {
        Ok(code) => code.into(),
        // `lockctl watch | head`: nobody is left to answer.
        Err(error) if screen::is_unread(&error) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&error, output);
            StatusCode::of(&error).into()
        }
    }
}

fn print_error(error: &anyhow::Error, output: Output) {
    let text = advice::sentence(error);
    match output {
        Output::Human => {
            let colours = Colours::of(&std::io::stderr());
            eprintln!("{} {text}", colours.error("lockctl:"));
        }
        Output::Json => eprintln!("{}", serde_json::json!({ "error": text })),
    }
}

#[tokio::main]
async fn run(command: Command, global: Global) -> Result<StatusCode> {
    match command {
        Command::Local(args) => {
            Box::pin(laptop::run(&args, &global.stack)).await?;
            Ok(StatusCode::Done)
        }
        Command::Operate(Operation::Doctor(args)) => {
            let (name, answer) = Box::pin(doctor::run(&global.stack, &args)).await;
            answer.print(&name, global.output)
        }
        Command::Completions { shell } => page::print_completions(shell).map(|()| StatusCode::Done),
        Command::Man { directory } => {
            page::print_manual(directory.as_deref()).map(|()| StatusCode::Done)
        }
        Command::Schema => page::print_schema().map(|()| StatusCode::Done),
        Command::Operate(operation) => {
            let target = Target::find(&global.stack).await?;
            if let Operation::History(args) = &operation
                && args.follow
            {
                let followed = Box::pin(history::follow(&target, args, global.output));
                return until_interrupted(followed).await;
            }
            let answer = answer(&target, operation).await?;
            answer.print(&target.name, global.output)
        }
        Command::Watch(args) => {
            let target = Target::find(&global.stack).await?;
            until_interrupted(watch::run(&target, &args, global.output)).await
        }
        Command::Console(args) => {
            let target = Target::find(&global.stack).await?;
            until_interrupted(Box::pin(console::run(&target, &args, global.output))).await
        }
    }
}

/// Runs something that ends on Ctrl-C, which is then its end and no failure.
async fn until_interrupted(work: impl Future<Output = Result<()>>) -> Result<StatusCode> {
    tokio::select! {
        // Ctrl-C first: it is awaited before the work prints anything.
        biased;
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.context("wait for Ctrl-C")?;
            screen::end_line();
            Ok(StatusCode::Done)
        }
        done = work => done.map(|()| StatusCode::Done),
    }
}

/// Carries out an operation. One that shows its own progress, or asks a person, is left alone.
async fn answer(target: &Target, operation: Operation) -> Result<Answer> {
    let is_quiet = !matches!(
        operation,
        Operation::Press(_)
            | Operation::Lock(_)
            | Operation::Unlock(_)
            | Operation::Retire(_)
            | Operation::Rotate(_)
    );
    let what = match operation {
        Operation::History(_) => wait::READING,
        _ => "working",
    };
    let answer = Box::pin(operate(target, operation));
    if is_quiet {
        wait::during(what, None, answer).await
    } else {
        answer.await
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
        Operation::HomeAssistant(args) => Box::pin(home_assistant::run(target, &args)).await,
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
