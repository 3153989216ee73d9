//! The client of chat completion endpoints, against servers that misbehave.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use cosa::Error;
use cosa::eval::endpoint::{Endpoint, EndpointOptions};
use cosa::generate::GenerateOptions;
use cosa::text::{Message, Role};

const GOOD: &str =
    r#"{"choices": [{"message": {"content": "Hello!", "reasoning_content": "hm"}}]}"#;

/// A server on this machine that gives one answer a connection, in turn; behind the last one
/// it is gone. It keeps what it was asked.
struct Server {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&asked);
        thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let request = read_request(&stream);
                keep.lock().unwrap().push(request);
                if answer.is_empty() {
                    // Never answers; the client hangs up.
                    let _ = stream.read(&mut [0]);
                }
                // The client may hang up before the end.
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn options(&self) -> EndpointOptions {
        EndpointOptions {
            backoff: Duration::from_millis(1),
            timeout: Duration::from_secs(20),
            longest_pause: Duration::from_millis(50),
            tries: 3,
            ..EndpointOptions::new(&self.url, "small")
        }
    }

    fn ask(&self) -> Result<String, Error> {
        ask(self.options())
    }
}

fn ask(options: EndpointOptions) -> Result<String, Error> {
    let messages = [
        Message::new(Role::System, "No swearing."),
        Message::new(Role::User, "Hi \"you\""),
    ];
    let generate = GenerateOptions {
        max_tokens: 9,
        temperature: 0.5,
        seed: 3,
        stop: vec!["\n".to_owned()],
        ..GenerateOptions::default()
    };
    Endpoint::new(options).unwrap().chat(&messages, &generate)
}

/// The head and the body of a request.
fn read_request(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let (mut request, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        request += &line;
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    request + &String::from_utf8(body).unwrap()
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}

fn good() -> String {
    answer("200 OK", "content-type: application/json\r\n", GOOD)
}

/// Asks a server that gives these answers, and requires an error of it.
fn refused(answers: Vec<String>) -> (String, usize) {
    let server = Server::new(answers);
    let error = server.ask().unwrap_err();
    assert_eq!(error.code(), "endpoint");
    let message = error.to_string();
    assert!(message.contains(&server.url), "{message}");
    (message, server.asked().len())
}

#[test]
fn texts_become_vectors_in_their_order() {
    let of = |data: &str| {
        let json = format!(r#"{{"data": [{data}]}}"#);
        let server = Server::new(vec![answer("200 OK", "", &json)]);
        let found = Endpoint::new(server.options()).unwrap().embed(&["a", "b"]);
        (found, server.asked())
    };
    let (found, asked) =
        of(r#"{"index": 1, "embedding": [0, -1]}, {"index": 0, "embedding": [1.5, 2]}"#);
    assert_eq!(found.unwrap(), [[1.5, 2.0], [0.0, -1.0]]);
    let (head, body) = asked[0].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /v1/embeddings HTTP/1.1"), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let expected = serde_json::json!({ "model": "small", "input": ["a", "b"] });
    assert_eq!(body, expected);
    for data in [
        "",
        r#"{"index": 0, "embedding": [1]}"#,
        r#"{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1, 2]}"#,
        r#"{"index": 0, "embedding": [1]}, {"index": 7, "embedding": [1]}"#,
        r#"{"index": 0, "embedding": [1]}, {"index": 1, "embedding": ["x"]}"#,
    ] {
        let error = of(data).0.unwrap_err().to_string();
        assert!(error.contains("2 vectors of one length"), "{error}");
        assert!(error.contains("/embeddings"), "{error}");
    }
}

#[test]
fn an_answer_is_given() {
    let server = Server::new(vec![good()]);
    assert_eq!(server.ask().unwrap(), "Hello!");
    let asked = server.asked();
    let (head, body) = asked[0].split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("POST /v1/chat/completions HTTP/1.1"),
        "{head}"
    );
    assert!(!head.to_lowercase().contains("authorization"), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let expected = serde_json::json!({
        "model": "small",
        "messages": [
            { "role": "system", "content": "No swearing." },
            { "role": "user", "content": "Hi \"you\"" },
        ],
        "max_tokens": 9, "temperature": 0.5, "top_p": 1.0, "seed": 3, "stop": ["\n"], "n": 1,
    });
    assert_eq!(body, expected);
}

#[test]
fn what_may_pass_is_tried_again() {
    let length = GOOD.len();
    let broken_off = good().replace(&length.to_string(), &(length + 10).to_string());
    let server_error = || answer("500 Internal Server Error", "", "oops");
    let cases = [
        vec![
            answer("429 Too Many Requests", "retry-after: 0\r\n", ""),
            good(),
        ],
        vec![answer("408 Request Timeout", "", ""), good()],
        vec![server_error(), server_error(), good()],
        vec![answer("200 OK", "", "<html>busy</html>"), good()],
        vec![broken_off, good()],
        vec![
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n{\"".to_owned(),
            good(),
        ],
        vec![answer("200 OK", "", r#"{"error": {"code": 502}}"#), good()],
    ];
    for answers in cases {
        let (tries, first) = (answers.len(), answers[0].clone());
        let server = Server::new(answers);
        assert_eq!(server.ask().as_deref(), Ok("Hello!"), "{first}");
        assert_eq!(server.asked().len(), tries, "{first}");
    }
}

#[test]
fn after_the_last_try_it_is_told_what_came() {
    let body = format!("\u{1b}[31mno\nmemory {}", "x".repeat(500));
    let (message, tries) = refused(vec![answer("503 Service Unavailable", "", &body); 3]);
    assert_eq!(tries, 3);
    let shown = format!(
        "HTTP 503 Service Unavailable: [31mnomemory {}… (3 tries)",
        "x".repeat(187)
    );
    assert!(message.ends_with(&shown), "{message}");
    let (message, _) = refused(vec![answer("200 OK", "", "<html>busy</html>"); 3]);
    assert!(
        message.contains("a web page instead of an answer: <html>busy"),
        "{message}"
    );
    let (message, _) = refused(vec![answer("200 OK", "", "{\"choices\": ["); 3]);
    assert!(message.contains("no whole JSON"), "{message}");
    let (message, _) = refused(vec![answer("200 OK", "", "{\"id\": 1}"); 3]);
    assert!(message.contains("no choices: {\"id\": 1}"), "{message}");
    // Behind its first answer the server is gone.
    let (message, _) = refused(vec![answer("500 Internal Server Error", "", "")]);
    assert!(
        message.contains("refused") && message.ends_with("(3 tries)"),
        "{message}"
    );
}

#[test]
fn what_will_not_pass_fails_at_once() {
    for status in [
        "400 Bad Request",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
    ] {
        let (message, tries) = refused(vec![answer(status, "", "because"), good()]);
        assert_eq!(tries, 1, "{message}");
        assert!(
            message.contains(status) && message.ends_with(": because (1 try)"),
            "{message}"
        );
    }
    let body = r#"{"choices": [{"message": {"content": null}, "finish_reason": "length"}]}"#;
    let (message, tries) = refused(vec![answer("200 OK", "", body), good()]);
    assert!(message.contains("finish reason: length"), "{message}");
    assert_eq!(tries, 1);
}

#[test]
fn the_server_may_ask_for_a_pause_up_to_a_limit() {
    let hour = answer("429 Too Many Requests", "retry-after: 3600\r\n", "");
    let server = Server::new(vec![hour, good()]);
    let start = Instant::now();
    assert_eq!(server.ask().as_deref(), Ok("Hello!"));
    let pause = start.elapsed();
    assert!(pause >= Duration::from_millis(50), "{pause:?}");
    assert!(pause < Duration::from_secs(60), "{pause:?}");
}

#[test]
fn a_server_that_never_answers_is_left() {
    let server = Server::new(vec![String::new(); 2]);
    let error = ask(EndpointOptions {
        timeout: Duration::from_millis(100),
        tries: 2,
        ..server.options()
    });
    let message = error.unwrap_err().to_string();
    assert!(
        message.ends_with("no whole answer in time (2 tries)"),
        "{message}"
    );
}

#[test]
fn no_redirect_is_followed() {
    let other = Server::new(vec![good()]);
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "307 Temporary Redirect",
    ] {
        let headers = format!("location: {}/chat/completions\r\n", other.url);
        let (message, tries) = refused(vec![answer(status, &headers, ""), good()]);
        assert!(
            message.contains(&other.url) && message.contains("not followed"),
            "{message}"
        );
        assert_eq!(tries, 1);
    }
    assert!(other.asked().is_empty());
}

#[test]
fn the_key_is_sent_and_never_shown() {
    let key = "sk-very-secret";
    let with_key = |server: &Server| EndpointOptions {
        api_key: Some(key.to_owned()),
        ..server.options()
    };
    let body = format!("wrong key {key}");
    let location = format!("location: http://127.0.0.1:1/?key={key}\r\n");
    let answers = [
        answer("401 Unauthorized", "", &body),
        answer("302 Found", &location, ""),
        answer(
            "200 OK",
            "",
            r#"{"choices": [{"message": {"content": ["sk-very-secret"]}}]}"#,
        ),
    ];
    for given in answers {
        let server = Server::new(vec![given]);
        let error = ask(with_key(&server)).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(
            shown.contains("[key]") && !shown.contains("secret"),
            "{shown}"
        );
        let head = server.asked()[0].to_lowercase();
        assert!(
            head.contains("authorization: bearer sk-very-secret"),
            "{head}"
        );
    }
}

#[test]
fn a_huge_answer_is_not_read() {
    let (message, tries) = refused(vec![answer("200 OK", "", &"x".repeat(5 << 20)), good()]);
    assert!(message.contains("longer than 4194304 bytes"), "{message}");
    assert_eq!(tries, 1);
    // What a server says beside an error is not read to its end either.
    let (message, _) = refused(vec![answer("400 Bad Request", "", &"x".repeat(5 << 20))]);
    assert!(message.contains("HTTP 400"), "{message}");
}

#[test]
fn several_threads_may_ask_at_once() {
    let server = Server::new(vec![good(); 8]);
    let endpoint = Endpoint::new(server.options()).unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let answer = endpoint.chat(&[], &GenerateOptions::default());
                assert_eq!(answer.as_deref(), Ok("Hello!"));
            });
        }
    });
}

/// Runs another test of this file where the environment names a proxy that is not there.
#[test]
fn no_proxy_of_the_environment_is_used() {
    let mut tests = Command::new(std::env::current_exe().unwrap());
    tests.args(["--exact", "an_answer_is_given"]);
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        tests.env(name, "http://127.0.0.1:1");
    }
    tests.env_remove("no_proxy").env_remove("NO_PROXY");
    let output = tests.output().unwrap();
    let output = (
        output.status.success(),
        String::from_utf8(output.stdout).unwrap(),
    );
    assert!(output.0 && output.1.contains("1 passed"), "{}", output.1);
}
