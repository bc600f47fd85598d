//! How much memory an idle connection takes, apart from its session and its TLS.

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;

/// Its task has no room for copies of what the connection holds: with that, it took 16 KiB.
#[tokio::test]
async fn an_idle_connection_takes_under_three_kibibytes() {
    let (broker, certificate) = broker();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap());
    let (socket, _) = tokio::join!(client, listener.accept());
    let config = broker.inner.registry.authority().server_config().unwrap();
    let tls = TlsAcceptor::from(Arc::new(config));
    let task = size_of_val(&accept(broker.clone(), tls, socket.unwrap(), peer()));

    let (_client, server) = tokio::io::duplex(4096);
    let stream = Box::new(server);
    let mut connection = Connection::new(broker, stream, certificate.into(), peer(), SECOND);
    let state = size_of_val(&connection);
    let exchange = size_of_val(&connection.exchange());
    let all = task + state + exchange;
    assert!(all < 3 * 1024, "{task} + {state} + {exchange} bytes");
}
