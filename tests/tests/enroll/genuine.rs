//! A genuine AWS IoT Button: its key is made elsewhere, and its certificate carries its serial
//! number.

use anyhow::{Context, Result, ensure};
use e2e::place::{Place, STACK};
use e2e::shell::succeeds;

use crate::account::{certificates, iot};

const SERIAL: &str = "G030JF055364XVRB";
/// Made by `openssl req -new -newkey rsa:2048 -nodes -subj /CN=G030JF055364XVRB`.
const REQUEST: &str = include_str!("genuine.csr");

#[tokio::test]
async fn a_genuine_button_gets_a_certificate_for_its_signing_request() -> Result<()> {
    let place = Place::start().await?;
    let iot = iot(&place);
    std::fs::write(place.folder().join("button.csr"), REQUEST)?;
    let keys = place.cloud.credentials();
    let of = |name: &'static str| {
        let genuine = ["--genuine", "--csr", "button.csr"];
        [&["register", "button", name][..], &genuine].concat()
    };
    let other = place.lockctl(keys, &of("G030JF055364XVRC")).await?;
    let text = String::from_utf8_lossy(&other.stderr);
    ensure!(!other.status.success(), "{text}");
    ensure!(text.contains("-subj /CN=G030JF055364XVRC"), "{text}");
    ensure!(certificates(&iot).await?.is_empty(), "it was signed");

    succeeds(&place.lockctl(keys, &of(SERIAL)).await?)?;
    let again = succeeds(&place.lockctl(keys, &of(SERIAL)).await?)?;
    ensure!(
        again.contains("active certificate: already there"),
        "{again}"
    );
    let all = certificates(&iot).await?;
    let [certificate] = all.as_slice() else {
        anyhow::bail!("{all:?}")
    };
    ensure!(certificate.is_active);
    let policies = iot.list_attached_policies().target(&certificate.arn);
    let policies = policies.send().await?;
    let policy = policies.policies().first().context("no policy")?;
    let wanted = format!("{STACK}-aws-iot-button");
    ensure!(policy.policy_name() == Some(&wanted), "{policy:?}");
    let folder = place.folder().join("devices").join(SERIAL);
    let written = std::fs::read_to_string(folder.join(format!("{SERIAL}.crt.pem")))?;
    ensure!(written == certificate.pem);
    ensure!(
        std::fs::read_dir(&folder)?.count() == 2,
        "certificate and README"
    );
    let bindings = succeeds(&place.lockctl(keys, &["bindings"]).await?)?;
    ensure!(bindings.contains(SERIAL), "{bindings}");
    place.cloud.shutdown().await;
    Ok(())
}
