//! What each command prints, as transcripts: `NAME.txt` next to this file, one for each command.
//!
//! Each transcript runs twice, each time in a stack of its own: as a person sees it, compared with
//! the file, and with `--output json`, validated by what `lockctl schema` prints. With
//! `UPDATE_TRANSCRIPTS=1` the first run writes the file instead.

mod error;
mod mask;
mod script;
mod session;
mod source;

use anyhow::Result;

use crate::session::{check_json, check_text};

/// Makes two tests of each transcript, and one that compares this list with the folder.
macro_rules! transcripts {
    ($($name:ident)*) => {
        $(
            mod $name {
                #[tokio::test]
                async fn prints_what_the_transcript_says() -> anyhow::Result<()> {
                    super::check_text(stringify!($name)).await
                }

                #[tokio::test]
                async fn prints_json_as_the_schema_says() -> anyhow::Result<()> {
                    super::check_json(stringify!($name)).await
                }
            }
        )*

        #[test]
        fn every_transcript_is_run() -> Result<()> {
            let listed = [$(stringify!($name).replace('_', "-")),*];
            assert_eq!(script::names()?, listed);
            Ok(())
        }
    };
}

transcripts! {
    bind
    bindings
    completions
    console
    doctor
    enable
    failures
    forget
    history
    home_assistant
    label
    local
    lock
    man
    pause
    press
    recover
    register_button
    register_lock
    resume
    retire
    revoke
    rotate
    schema
    status
    status_code
    target
    unbind
    unlock
    watch
}
