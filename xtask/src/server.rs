//! A small file server for development: the page, the package, and the headers they need.
//!
//! It only reads, only below two folders, and only from this machine.

use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use anyhow::{Result, anyhow};
use tiny_http::{Header, Method, Request, Response, StatusCode};

/// Requests served at the same time.
const THREADS: usize = 4;

/// Sent with every answer. The first two make the page cross-origin isolated, without
/// which a browser gives no `SharedArrayBuffer`, so no threads.
const HEADERS: [(&str, &str); 5] = [
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Embedder-Policy", "require-corp"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
];

/// A bound server that does not answer yet.
pub struct Server {
    http: Arc<tiny_http::Server>,
    folders: Folders,
}

/// What is served where.
#[derive(Clone)]
struct Folders {
    www: PathBuf,
    pkg: PathBuf,
}

impl Server {
    /// Serves `www/` at `/` and `pkg/` at `/pkg/` of a repository.
    pub fn start(root: &Path, listener: TcpListener) -> Result<Self> {
        let http = tiny_http::Server::from_listener(listener, None)
            .map_err(|error| anyhow!("cannot serve: {error}"))?;
        let folders = Folders {
            www: root.join("www").canonicalize()?,
            pkg: root.join("pkg").canonicalize()?,
        };
        Ok(Self {
            http: Arc::new(http),
            folders,
        })
    }

    /// Answers until the process ends.
    pub fn run(&self) {
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    while let Ok(request) = self.http.recv() {
                        self.folders.answer(request);
                    }
                });
            }
        });
    }
}

impl Folders {
    fn answer(&self, request: Request) {
        let sent = match (request.method(), self.file(request.url())) {
            (Method::Get | Method::Head, Some((path, file))) => {
                // Always with a length, never chunked: the page shows progress by it.
                let response = Response::from_file(file).with_chunked_threshold(usize::MAX);
                send(request, response, mime(&path))
            }
            (Method::Get | Method::Head, None) => refuse(request, 404, "not found\n"),
            _ => refuse(request, 405, "only GET and HEAD\n"),
        };
        // An error here means that the browser went away.
        drop(sent);
    }

    /// The regular file that a request asks for, if it lies below its folder.
    fn file(&self, url: &str) -> Option<(PathBuf, File)> {
        let segments = segments(url)?;
        let (folder, rest) = match segments.split_first() {
            Some((first, rest)) if first == "pkg" => (&self.pkg, rest),
            _ => (&self.www, segments.as_slice()),
        };
        let mut path = folder.clone();
        path.extend(rest);
        if path.is_dir() {
            path.push("index.html");
        }
        // A link inside the folder must not lead out of it.
        let path = path.canonicalize().ok()?;
        let allowed = path.starts_with(folder) && path.is_file();
        allowed
            .then(|| File::open(&path).ok())
            .flatten()
            .map(|file| (path, file))
    }
}

/// The decoded parts of a path; `None` where one could lead elsewhere or is hidden.
fn segments(url: &str) -> Option<Vec<String>> {
    let path = url.split(['?', '#']).next()?.strip_prefix('/')?;
    let parts = path.split('/').filter(|part| !part.is_empty());
    let parts: Vec<String> = parts.map(decode).collect::<Option<_>>()?;
    let safe = |part: &String| !part.starts_with('.') && !part.contains(['/', '\\', ':', '\0']);
    parts.iter().all(safe).then_some(parts)
}

/// Resolves percent escapes.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The media type by the file's extension; browsers refuse modules without the right one.
fn mime(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map" | "webmanifest") => "application/json",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt" | "md" | "ts" | "LICENSE") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn refuse(request: Request, code: u16, text: &str) -> std::io::Result<()> {
    let response = Response::from_string(text).with_status_code(StatusCode(code));
    send(request, response, "text/plain; charset=utf-8")
}

fn send<R: std::io::Read>(
    request: Request,
    mut response: Response<R>,
    mime: &str,
) -> std::io::Result<()> {
    for (name, value) in HEADERS.into_iter().chain([("Content-Type", mime)]) {
        if let Ok(header) = Header::from_bytes(name, value) {
            response.add_header(header);
        }
    }
    request.respond(response)
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
