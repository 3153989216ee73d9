//! `cargo xtask demo`: from a fresh clone to the page in a browser.

use std::{env, net::TcpListener};

use anyhow::{Context, Result};

use crate::{console, server::Server, setup, wasm, workspace::Workspace};

/// How many ports after the wanted one are tried before the system may choose.
const NEIGHBOURS: u16 = 20;

/// Sets up, builds and serves until the process is ended.
pub fn run(workspace: &Workspace, port: u16, open_browser: bool) -> Result<()> {
    console::heading("Set-up");
    let setup = setup::for_page(workspace)?;
    console::heading("WebAssembly");
    wasm::build(workspace, &setup)?;
    console::heading("Page");
    let listener = listen(port)?;
    let actual = listener.local_addr()?.port();
    if actual != port && port != 0 {
        console::note(&format!("port {port} is in use, taking {actual}"));
    }
    let url = format!("http://127.0.0.1:{actual}/");
    let server = Server::start(&workspace.root, listener)?;
    console::note(&format!("cosa is at {url}  (end with Ctrl+C)"));
    if open_browser && has_display() && open::that_detached(&url).is_err() {
        console::note("no browser could be started; open the address yourself");
    }
    server.run()
}

/// The wanted port, the next free one, or any.
fn listen(port: u16) -> Result<TcpListener> {
    let last = port.saturating_add(NEIGHBOURS);
    (port..=last)
        .chain([0])
        .find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok())
        .context("no port on 127.0.0.1 can be opened")
}

fn has_display() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(windows, target_os = "macos")) || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_passed_over() {
        let taken = listen(0).unwrap();
        let port = taken.local_addr().unwrap().port();
        let other = listen(port).unwrap();
        assert_ne!(other.local_addr().unwrap().port(), port);
    }
}
