//! A TCP proxy inside this process, to be put before a real service and to misbehave on command.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use anyhow::Context as _;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{mpsc, oneshot, watch},
};
use tokio_util::sync::{CancellationToken, DropGuard};

mod copy_loop;
mod toxic;

use crate::injected;
use copy_loop::{CopyLoop, LostReply};
use toxic::Toxics;

pub use toxic::Direction;

/// Open: connections are taken. Shut: they are refused, and the port stays ours.
enum Door {
    Open(TcpListener),
    Shut(TcpSocket),
}

struct Turn {
    open: bool,
    done: oneshot::Sender<()>,
}

#[derive(Default)]
struct Inside {
    targets: Mutex<Vec<SocketAddr>>,
    connections: Mutex<HashMap<u64, CancellationToken>>,
    lost_reply: Mutex<LostReply>,
}

/// A proxy; dropping it cuts everything.
pub struct Proxy {
    address: SocketAddr,
    toxics: watch::Sender<Toxics>,
    turns: mpsc::Sender<Turn>,
    inside: Arc<Inside>,
    _end: DropGuard,
}

impl Proxy {
    /// Listens on a free port of this machine and connects to `target`.
    pub async fn to(target: impl IntoIterator<Item = SocketAddr>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (toxics, follow) = watch::channel(Toxics::default());
        let (turns, inbox) = mpsc::channel(1);
        let inside = Arc::new(Inside::default());
        *lock(&inside.targets) = target.into_iter().collect();
        let end = CancellationToken::new();
        let server = serve(address, listener, inbox, follow, inside.clone());
        let stop = end.clone();
        tokio::spawn(async move { stop.run_until_cancelled(server).await });
        Ok(Self { address, toxics, turns, inside, _end: end.drop_guard() })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where new connections go; the first target that answers takes one.
    pub fn set_targets(&self, targets: Vec<SocketAddr>) {
        *lock(&self.inside.targets) = targets;
    }

    /// Connections that stand now.
    pub fn connections(&self) -> usize {
        lock(&self.inside.connections).len()
    }

    /// Resets every connection; returns how many there were.
    pub fn cut(&self) -> usize {
        let connections = lock(&self.inside.connections);
        connections.values().for_each(CancellationToken::cancel);
        injected(1);
        connections.len()
    }

    /// Resets one connection, the `n`th modulo their number.
    pub fn cut_one(&self, n: usize) {
        let connections = lock(&self.inside.connections);
        let mut ids: Vec<_> = connections.keys().collect();
        ids.sort_unstable();
        if let Some(id) = ids.get(n % ids.len().max(1)) {
            connections[*id].cancel();
            injected(1);
        }
    }

    /// Nothing moves any more, until [`Proxy::thaw`].
    pub fn freeze(&self) {
        self.toxics.send_modify(|d| d.frozen = true);
        injected(1);
    }

    /// Bytes move again.
    pub fn thaw(&self) {
        self.toxics.send_modify(|d| d.frozen = false);
    }

    /// Holds every chunk back for `delay`.
    pub fn delay(&self, delay: Duration) {
        self.toxics.send_modify(|d| d.delay = delay);
        injected(1);
    }

    /// Drops the bytes of this direction. `None` drops no bytes.
    pub fn drop_direction(&self, direction: Option<Direction>) {
        self.toxics.send_modify(|d| d.dropped = direction);
        injected(usize::from(direction.is_some()));
    }

    /// The next `times` requests that contain `pattern` reach the server; instead of the reply the client gets
    /// a reset.
    pub fn lose_reply_to(&self, pattern: &[u8], times: u32) {
        injected(usize::try_from(times).unwrap_or(usize::MAX));
        *lock(&self.inside.lost_reply) = LostReply { pattern: pattern.to_vec(), left: times, sprung: 0 };
    }

    /// How many replies were lost so since the last call of [`Proxy::lose_reply_to`].
    pub fn replies_lost(&self) -> u32 {
        lock(&self.inside.lost_reply).sprung
    }

    /// New connections are refused and old ones reset, until [`Proxy::open`].
    pub async fn close(&self) -> anyhow::Result<()> {
        self.turn(false).await?;
        self.cut();
        Ok(())
    }

    /// New connections are taken again.
    pub async fn open(&self) -> anyhow::Result<()> {
        self.turn(true).await
    }

    async fn turn(&self, open: bool) -> anyhow::Result<()> {
        let (done, answer) = oneshot::channel();
        self.turns.send(Turn { open, done }).await.ok().context("the relay has ended")?;
        Ok(answer.await?)
    }
}

async fn serve(
    address: SocketAddr,
    listener: TcpListener,
    mut turns: mpsc::Receiver<Turn>,
    toxics: watch::Receiver<Toxics>,
    inside: Arc<Inside>,
) {
    let mut door = Door::Open(listener);
    let mut next = 0;
    let all = CancellationToken::new();
    let _guard = all.clone().drop_guard();
    loop {
        let arrival = async {
            match &door {
                Door::Open(listener) => listener.accept().await,
                Door::Shut(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            turn = turns.recv() => {
                let Some(turn) = turn else { return };
                door = turn_door(door, address, turn.open);
                // Err: the caller has gone.
                let _ = turn.done.send(());
            }
            Ok((client, _)) = arrival => {
                next += 1;
                let cut = all.child_token();
                lock(&inside.connections).insert(next, cut.clone());
                let (inside, toxics, id) = (inside.clone(), toxics.clone(), next);
                tokio::spawn(async move {
                    carry(client, &inside, toxics, cut).await;
                    lock(&inside.connections).remove(&id);
                });
            }
        }
    }
}

fn turn_door(door: Door, address: SocketAddr, open: bool) -> Door {
    match (door, open) {
        (Door::Shut(socket), true) => {
            Door::Open(socket.listen(1024).expect("the port is held by this socket"))
        }
        (Door::Open(listener), false) => {
            drop(listener);
            let hold = || {
                let socket = TcpSocket::new_v4()?;
                socket.set_reuseaddr(true)?;
                socket.bind(address)?;
                std::io::Result::Ok(socket)
            };
            Door::Shut(hold().expect("the port was ours a moment ago"))
        }
        (door, _) => door,
    }
}

/// One connection, until both ends are done or it is cut.
async fn carry(
    mut client: TcpStream,
    inside: &Inside,
    mut toxics: watch::Receiver<Toxics>,
    cut: CancellationToken,
) {
    let opening = async {
        // A frozen service does not greet either. Err: the proxy is gone.
        let _ = toxics.wait_for(|d| !d.frozen).await;
        connect(inside).await
    };
    let Some(Some(mut server)) = cut.run_until_cancelled(opening).await else {
        let _ = client.set_zero_linger();
        return;
    };
    // Err: the connection is only slower.
    let _ = client.set_nodelay(true).and_then(|()| server.set_nodelay(true));
    {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let copy_loop =
            CopyLoop { toxics, lost_reply: &inside.lost_reply, cut: &cut, doomed: AtomicBool::new(false) };
        let both = async {
            tokio::try_join!(
                copy_loop.copy(from_client, to_server, Direction::ToServer),
                copy_loop.copy(from_server, to_client, Direction::ToClient),
            )
        };
        if let Some(Ok(_)) = cut.run_until_cancelled(both).await
            && !cut.is_cancelled()
        {
            return;
        }
    }
    // Err: the connection is gone already.
    let _ = client.set_zero_linger().and_then(|()| server.set_zero_linger());
}

async fn connect(inside: &Inside) -> Option<TcpStream> {
    let targets = lock(&inside.targets).clone();
    for target in targets {
        if let Ok(stream) = TcpStream::connect(target).await {
            return Some(stream);
        }
    }
    None
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
