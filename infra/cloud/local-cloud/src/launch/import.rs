//! Tables that a deleted stack left behind in the data directory. A new stack does not take them
//! over by itself: CloudFormation refuses to create what exists, until a person imports it.
//!
//! Source: CloudFormation user guide, "Import AWS resources into a CloudFormation stack".
//!
//! Must not know: what is in a table.

use std::collections::BTreeSet;
use std::path::Path;

use crate::Options;
use crate::storage::{self, StorageError};
use sam_template::Template;

/// File of the names in the data directory.
const FILE: &str = "retained.json";

/// Why a stack cannot be created over what an earlier stack left.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A table of the template was retained when its stack was deleted.
    #[error(
        "Resource of type 'AWS::DynamoDB::Table' with identifier '{table}' already exists \
         ({logical_id}): a deleted stack retained it: import it with --import-retained, or choose \
         another data directory"
    )]
    AlreadyExists {
        /// Logical id in the template.
        logical_id: String,
        /// Table name.
        table: String,
    },
    /// The list of retained tables.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Checks that the template's tables are new, unless they may be imported.
pub(super) fn check(options: &Options, template: &Template) -> Result<(), ImportError> {
    let Some(directory) = &options.data_dir else {
        return Ok(());
    };
    if options.import_retained {
        return Ok(());
    }
    let retained = load(directory)?;
    let mut tables = template.tables.iter();
    match tables.find(|table| retained.contains(&table.name)) {
        Some(table) => Err(ImportError::AlreadyExists {
            logical_id: table.logical_id.clone(),
            table: table.name.clone(),
        }),
        None => Ok(()),
    }
}

/// Records that the template's tables are part of a stack again.
pub(super) fn complete(options: &Options, template: &Template) -> Result<(), ImportError> {
    let Some(directory) = &options.data_dir else {
        return Ok(());
    };
    let mut retained = load(directory)?;
    let before = retained.len();
    for table in &template.tables {
        retained.remove(&table.name);
    }
    if retained.len() < before {
        save(directory, &retained)?;
    }
    Ok(())
}

/// Records the tables that a deleted stack leaves behind.
pub(super) fn retain(
    directory: &Path,
    tables: impl IntoIterator<Item = String>,
) -> Result<(), StorageError> {
    let mut retained = load(directory)?;
    retained.extend(tables);
    save(directory, &retained)
}

fn load(directory: &Path) -> Result<BTreeSet<String>, StorageError> {
    let path = directory.join(FILE);
    let Some(bytes) = storage::read(&path)? else {
        return Ok(BTreeSet::new());
    };
    serde_json::from_slice(&bytes).map_err(|source| StorageError::Damaged { path, source })
}

fn save(directory: &Path, retained: &BTreeSet<String>) -> Result<(), StorageError> {
    let text = serde_json::json!(retained).to_string();
    storage::write(&directory.join(FILE), text.as_bytes())
}
