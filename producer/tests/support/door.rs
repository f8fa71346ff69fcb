//! A proxy before the broker that a test opens and shuts.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpSocket, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// Shut: connections are refused, and the port stays reserved.
pub struct Door {
    address: SocketAddr,
    target: String,
    shut: Option<TcpSocket>,
    serving: Option<JoinHandle<()>>,
}

impl Door {
    /// Shut, on a free port, before the server at `target`, a host and a port.
    pub fn before(target: &str) -> Self {
        let socket = hold("127.0.0.1:0".parse().unwrap());
        let address = socket.local_addr().unwrap();
        Self { address, target: target.to_owned(), shut: Some(socket), serving: None }
    }

    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Within a runtime.
    pub fn open(&mut self) {
        let listener = self.shut.take().expect("is open").listen(16).unwrap();
        self.serving = Some(tokio::spawn(serve(listener, self.target.clone())));
    }

    /// Cuts every connection.
    pub async fn shut(&mut self) {
        let serving = self.serving.take().expect("is shut");
        serving.abort();
        assert!(serving.await.unwrap_err().is_cancelled());
        self.shut = Some(hold(self.address));
    }
}

fn hold(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

async fn serve(listener: TcpListener, target: String) {
    let mut connections = JoinSet::new();
    while let Ok((mut client, _)) = listener.accept().await {
        let target = target.clone();
        connections.spawn(async move {
            let mut server = TcpStream::connect(target).await.unwrap();
            // Err: one end has closed its connection.
            let _ = copy_bidirectional(&mut client, &mut server).await;
        });
    }
}
