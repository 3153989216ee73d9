//! A small file server for development: the page, the package, and the headers they need.
//!
//! It only reads, only below two folders, and only from this machine.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
};

use anyhow::Result;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use percent_encoding::percent_decode_str;
use tower_http::services::ServeFile;

/// Sent with every answer. The first two make the page cross-origin isolated, without
/// which a browser gives no `SharedArrayBuffer`, so no threads.
const HEADERS: [(&str, &str); 5] = [
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
];

/// A bound server that does not answer yet.
pub struct Server {
    listener: TcpListener,
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
        listener.set_nonblocking(true)?;
        let folders = Folders {
            www: root.join("www").canonicalize()?,
            pkg: root.join("pkg").canonicalize()?,
        };
        Ok(Self { listener, folders })
    }

    /// Answers until the process ends.
    pub fn run(self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_io()
            .build()?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(self.listener)?;
            let app = Router::new().fallback(answer).with_state(self.folders);
            Ok(axum::serve(listener, app).await?)
        })
    }
}

async fn answer(State(folders): State<Folders>, request: Request) -> Response {
    let mut response = match *request.method() {
        Method::GET | Method::HEAD => match folders.file(request.uri().path()) {
            Some(path) => match ServeFile::new(path).try_call(request).await {
                Ok(response) => response.into_response(),
                Err(_) => refusal(StatusCode::NOT_FOUND, "not found\n"),
            },
            None => refusal(StatusCode::NOT_FOUND, "not found\n"),
        },
        _ => refusal(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n"),
    };
    for (name, value) in HEADERS {
        let (name, value) = (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
        response.headers_mut().insert(name, value);
    }
    response
}

fn refusal(code: StatusCode, text: &'static str) -> Response {
    (code, text).into_response()
}

impl Folders {
    /// The regular file that a path asks for, if it lies below its folder.
    fn file(&self, path: &str) -> Option<PathBuf> {
        let segments = segments(path)?;
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
        (path.starts_with(folder) && path.is_file()).then_some(path)
    }
}

/// The decoded parts of a path; `None` where one could lead elsewhere or is hidden.
fn segments(path: &str) -> Option<Vec<String>> {
    let parts = path.split('/').filter(|part| !part.is_empty());
    let decoded = parts.map(|part| percent_decode_str(part).decode_utf8().ok());
    let parts: Vec<String> = decoded
        .map(|part| part.map(String::from))
        .collect::<Option<_>>()?;
    let safe = |part: &String| !part.starts_with('.') && !part.contains(['/', '\\', ':', '\0']);
    parts.iter().all(safe).then_some(parts)
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
