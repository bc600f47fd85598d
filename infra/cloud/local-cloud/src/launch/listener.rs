//! The sockets that the services listen on.
//!
//! Must not know: what is served there.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use lambda_host::External;
use sam_template::Template;
use tokio::net::TcpListener;

use super::{StartError, outside};
use crate::{Endpoints, Options};

/// One listener for each address of [`Endpoints`], and one for each function that is not started
/// here.
pub(super) struct Listeners {
    pub mqtts: TcpListener,
    pub iot_data: TcpListener,
    pub iot: TcpListener,
    pub dynamodb: TcpListener,
    /// By logical id.
    pub external: BTreeMap<String, External>,
}

impl Listeners {
    pub async fn bind(options: &Options, template: &Template) -> Result<Self, StartError> {
        let ports = options.ports;
        Ok(Self {
            mqtts: bind("mqtt", ports.mqtts).await?,
            iot_data: bind("iot data plane", ports.iot_data).await?,
            iot: bind("iot control plane", ports.iot).await?,
            dynamodb: bind("dynamodb", ports.dynamodb).await?,
            external: outside::listen(options, &template.functions).await?,
        })
    }

    pub fn endpoints(&self) -> Result<Endpoints, StartError> {
        let address = |listener: &TcpListener| -> Result<SocketAddr, StartError> {
            listener.local_addr().map_err(|source| StartError::Listen {
                service: "any service",
                port: 0,
                source,
            })
        };
        let iot = format!("http://{}", address(&self.iot)?);
        Ok(Endpoints {
            mqtts: address(&self.mqtts)?,
            iot_data: format!("http://{}", address(&self.iot_data)?),
            // What an operator calls shares one listener.
            cloudformation: iot.clone(),
            lambda: iot.clone(),
            cloudwatch: iot.clone(),
            sqs: iot.clone(),
            iot,
            dynamodb: format!("http://{}", address(&self.dynamodb)?),
        })
    }
}

async fn bind(service: &'static str, port: u16) -> Result<TcpListener, StartError> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    bound.map_err(|source| StartError::Listen {
        service,
        port,
        source,
    })
}
