use std::net::SocketAddr;

/// Whether the server has accepted this connection of a client, and has read everything that the client has sent so far, as the
/// kernel's table of connections shows.
pub fn is_read(client: SocketAddr, server: SocketAddr) -> bool {
    let connections = procfs::net::tcp().expect("the table can be read");
    let is_this = |local, remote| (local, remote) == (server, client);
    // A connection has no inode until it is accepted.
    connections
        .iter()
        .any(|one| is_this(one.local_address, one.remote_address) && one.inode != 0 && one.rx_queue == 0)
}
