//! What the place is furnished with.
//!
//! Must not know: who may do what.

use anyhow::Result;
use e2e::place::{Place, STACK};
use e2e::shell::succeeds;

/// Three locks, and two buttons that are bound to the first two, registered by somebody with every
/// right. Only `button-1` has a thing and a certificate.
pub async fn furnish(place: &Place) -> Result<()> {
    let registry = place.cloud.registry();
    registry.create_thing("button-1")?;
    let certificate = registry.create_keys_and_certificate()?;
    registry.attach_policy(&format!("{STACK}-button"), &certificate.arn)?;
    registry.attach_thing_principal("button-1", &certificate.arn)?;
    for arguments in [
        &["register", "lock", "lock-1", "--record-only"][..],
        &["register", "lock", "lock-2", "--record-only"],
        &["register", "lock", "lock-3", "--record-only"],
        &[
            "register",
            "button",
            "button-1",
            "--record-only",
            "--lock",
            "lock-1",
        ],
        &[
            "register",
            "button",
            "button-2",
            "--record-only",
            "--lock",
            "lock-2",
        ],
    ] {
        succeeds(&place.lockctl(place.cloud.credentials(), arguments).await?)?;
    }
    Ok(())
}
