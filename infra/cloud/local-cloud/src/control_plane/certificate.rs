//! Operations on certificates.

use axum::body::Bytes;
use axum::extract::{Path, State};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::{Value, json};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::input;
use super::{Answer, ControlPlane, Name, Plane, done, page, seconds};
use crate::answer::{ApiError, ok};
use crate::parameter::Parameters;
use crate::registry::{CertificateRecord, CertificateStatus};

const STATES: [CertificateStatus; 3] = [
    CertificateStatus::Active,
    CertificateStatus::Inactive,
    CertificateStatus::Revoked,
];

pub async fn create_keys(State(plane): Plane, q: Parameters) -> Answer {
    let active = q.flag("setAsActive")?;
    let issued = plane.registry.create_keys_and_certificate()?;
    plane.registry.set_certificate_active(&issued.id, active)?;
    Ok(ok(&json!({
        "certificateArn": issued.arn,
        "certificateId": issued.id,
        "certificatePem": issued.pem,
        "keyPair": {"PublicKey": issued.public_key_pem, "PrivateKey": issued.private_key_pem},
    })))
}

#[derive(Deserialize)]
struct FromCsr {
    #[serde(rename = "certificateSigningRequest")]
    csr: String,
}

pub async fn create_from_csr(State(plane): Plane, q: Parameters, body: Bytes) -> Answer {
    let active = q.flag("setAsActive")?;
    let request: FromCsr = input::body(&body)?;
    let signed = plane.registry.create_certificate_from_csr(&request.csr)?;
    plane.registry.set_certificate_active(&signed.id, active)?;
    Ok(ok(&json!({
        "certificateArn": plane.registry.certificate_arn(&signed.id),
        "certificateId": signed.id,
        "certificatePem": signed.pem,
    })))
}

pub async fn describe(State(plane): Plane, Path(id): Name) -> Answer {
    let id = input::certificate_id(&id)?;
    let records = plane.registry.records();
    let certificate = records.certificates.get(id).ok_or_else(|| {
        ApiError::not_found("The certificate given in the request does not exist")
    })?;
    let modified = certificate.modified_at_ms;
    let mut description = summary(&plane, id, certificate);
    for (name, value) in [
        ("certificatePem", json!(certificate.pem)),
        ("ownedBy", json!(plane.registry.account())),
        ("customerVersion", json!(1)),
        (
            "lastModifiedDate",
            seconds(modified.unwrap_or(certificate.created_at_ms)),
        ),
        ("validity", validity(&certificate.pem)?),
    ] {
        description[name] = value;
    }
    Ok(ok(&json!({"certificateDescription": description})))
}

fn summary(plane: &ControlPlane, id: &str, certificate: &CertificateRecord) -> Value {
    json!({
        "certificateArn": plane.registry.certificate_arn(id),
        "certificateId": id,
        "status": certificate.status().name(),
        "certificateMode": "DEFAULT",
        "creationDate": seconds(certificate.created_at_ms),
    })
}

fn validity(pem: &str) -> Result<Value, ApiError> {
    let damaged = || {
        ApiError::new(
            500,
            "InternalFailureException",
            "stored certificate is damaged",
        )
    };
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| damaged())?;
    let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| damaged())?;
    let validity = certificate.validity();
    Ok(json!({
        "notBefore": validity.not_before.timestamp(),
        "notAfter": validity.not_after.timestamp(),
    }))
}

pub async fn list(State(plane): Plane, q: Parameters) -> Answer {
    let records = plane.registry.records();
    let rows = records.certificates.iter().map(|(id, certificate)| {
        // Sorted by age, as AWS's parameter `ascendingOrder` suggests.
        let key = format!("{:020}{id}", certificate.created_at_ms);
        (key, summary(&plane, id, certificate))
    });
    page::of_security(&q, "certificates", rows)
}

pub async fn update(State(plane): Plane, Path(id): Name, q: Parameters) -> Answer {
    let id = input::certificate_id(&id)?;
    let wanted = q.text("newStatus");
    let status = STATES.into_iter().find(|s| Some(s.name()) == wanted);
    let status = status.ok_or_else(|| {
        ApiError::invalid("newStatus can be set to ACTIVE, INACTIVE or REVOKED, and nothing else")
    })?;
    plane.registry.set_certificate_status(id, status)?;
    done()
}

pub async fn delete(State(plane): Plane, Path(id): Name, q: Parameters) -> Answer {
    let id = input::certificate_id(&id)?;
    let force = q.flag("forceDelete")?;
    plane.registry.delete_certificate(id, force)?;
    done()
}
