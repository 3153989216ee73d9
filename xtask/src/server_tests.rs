//! The server over a real socket, in a folder of its own.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use super::*;

/// A running server over a small tree; the thread ends with the test process.
fn served(name: &str) -> SocketAddr {
    let root = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
    for folder in ["www/vendor", "pkg/wasm"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::write(root.join("secret.txt"), "secret").unwrap();
    fs::write(root.join("www/.hidden"), "secret").unwrap();
    fs::write(root.join("www/index.html"), "<p>page</p>").unwrap();
    fs::write(root.join("www/a b.txt"), "spaced").unwrap();
    fs::write(root.join("pkg/wasm/cosa_bg.wasm"), vec![7; 100_000]).unwrap();
    #[cfg(unix)]
    let _ = std::os::unix::fs::symlink("../secret.txt", root.join("www/link.txt"));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::start(&root, listener).unwrap();
    std::thread::spawn(move || server.run());
    address
}

/// Sends one raw request and returns the head and the body of the answer.
fn ask(address: SocketAddr, method: &str, path: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer
        .windows(4)
        .position(|bytes| bytes == b"\r\n\r\n")
        .unwrap();
    let body = answer.split_off(end + 4);
    (String::from_utf8(answer).unwrap(), body)
}

#[test]
fn the_page_and_the_package_are_isolated_and_typed() {
    let address = served("types");
    let (head, body) = ask(address, "GET", "/?query=1");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(body, b"<p>page</p>");
    assert!(head.contains("content-type: text/html"));
    for (name, value) in HEADERS {
        assert!(
            head.contains(&format!("{name}: {value}\r\n")),
            "{name} in {head}"
        );
    }
    let (head, body) = ask(address, "GET", "/pkg/wasm/cosa_bg.wasm");
    assert!(head.contains("content-type: application/wasm"), "{head}");
    assert!(head.contains("content-length: 100000"), "{head}");
    assert_eq!(body.len(), 100_000);
    let (_, body) = ask(address, "GET", "/a%20b.txt");
    assert_eq!(body, b"spaced");
}

#[test]
fn a_head_request_has_no_body_and_other_methods_are_refused() {
    let address = served("methods");
    let (head, body) = ask(address, "HEAD", "/pkg/wasm/cosa_bg.wasm");
    assert!(
        head.starts_with("HTTP/1.1 200") && head.contains("content-length: 100000"),
        "{head}"
    );
    assert!(body.is_empty());
    let (head, _) = ask(address, "POST", "/");
    assert!(head.starts_with("HTTP/1.1 405"), "{head}");
}

#[test]
fn nothing_outside_the_folders_is_served() {
    let address = served("outside");
    for path in [
        "/missing.js",
        "/../secret.txt",
        "/pkg/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "/vendor/%2e%2e/%2e%2e/secret.txt",
        "/link.txt",
        "/.hidden",
        "/%",
        "/%ff",
        "/index.html%00",
        "//secret.txt",
        "/vendor",
    ] {
        let (head, body) = ask(address, "GET", path);
        assert!(head.starts_with("HTTP/1.1 404"), "{path}: {head}");
        assert_eq!(body, b"not found\n", "{path}");
    }
}

#[test]
fn connections_that_are_kept_open_hold_nothing_up() {
    let address = served("open");
    let open: Vec<TcpStream> = (0..40)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    for mut kept in &open {
        write!(kept, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let (head, _) = ask(address, "GET", "/");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    }
}
