//! `wasi:http`: asking allowed hosts, and answering requests, on edge hosts only.
//!
//! The guest answers requests below `/check`, and asks itself at the address that its configuration has under
//! `authority`, the only host that it may ask.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;

use conformance_report::checks;
use petiole_guest::edge::wasi::clocks::monotonic_clock;
use petiole_guest::edge::wasi::http::outgoing_handler::handle;
use petiole_guest::edge::wasi::http::types::{
    ErrorCode, Fields, HeaderError, IncomingBody, IncomingRequest, IncomingResponse, Method,
    OutgoingBody, OutgoingRequest, OutgoingResponse, ResponseOutparam, Scheme,
};
use petiole_guest::{Handler, Responder, config};

fn authority() -> String {
    config::get("authority").ok().flatten().unwrap_or_default()
}

fn request(to: &str, method: &Method, path: &str) -> Result<OutgoingRequest, ()> {
    let headers = Fields::new();
    headers.append("x-question", b"why").map_err(|_| ())?;
    let request = OutgoingRequest::new(headers);
    request.set_scheme(Some(&Scheme::Http))?;
    request.set_authority(Some(to))?;
    request.set_method(method)?;
    request.set_path_with_query(Some(path))?;
    Ok(request)
}

fn send(request: OutgoingRequest, parts: Option<&[&[u8]]>) -> Result<IncomingResponse, ErrorCode> {
    let body = parts.map(|_| request.body());
    let future = handle(request, None)?;
    if let Some(Ok(body)) = body {
        if let Ok(stream) = body.write() {
            for part in parts.unwrap_or(&[]) {
                let _ = stream.blocking_write_and_flush(part);
            }
        }
        OutgoingBody::finish(body, None)?;
    }
    future.subscribe().block();
    future
        .get()
        .unwrap_or(Err(()))
        .unwrap_or(Err(ErrorCode::InternalError(None)))
}

fn get(path: &str) -> Result<IncomingResponse, ErrorCode> {
    send(
        request(&authority(), &Method::Get, path).map_err(|()| ErrorCode::InternalError(None))?,
        None,
    )
}

fn body(response: &IncomingResponse) -> Vec<u8> {
    let mut all = Vec::new();
    if let Ok(body) = response.consume() {
        if let Ok(stream) = body.stream() {
            while let Ok(part) = stream.blocking_read(4096) {
                all.extend(part);
            }
        }
        IncomingBody::finish(body);
    }
    all
}

fn post(path: &str, parts: &[&[u8]]) -> Option<Vec<u8>> {
    let asked = request(&authority(), &Method::Post, path).ok()?;
    Some(body(&send(asked, Some(parts)).ok()?))
}

fn is_denied(to: &str) -> bool {
    request(to, &Method::Get, "/")
        .is_ok_and(|asked| matches!(handle(asked, None), Err(ErrorCode::HttpRequestDenied)))
}

checks! {
    /// A request has an answer, with its status, fields and body.
    fn a_request_is_answered() -> bool {
        get("/check/hello?a=1").is_ok_and(|response| {
            response.status() == 200
                && response.headers().get("x-answer") == [b"because why"]
                && body(&response) == b"GET /check/hello?a=1"
        })
    }

    /// The body of a request arrives whole, whatever the parts that it is sent in.
    fn a_body_arrives() -> bool {
        post("/check/echo", &[b"one ", b"two ", b"three"]).as_deref() == Some(b"one two three")
    }

    /// A body larger than any buffer travels both ways while it is made.
    fn a_large_body_travels() -> bool {
        static PART: [u8; 4096] = [b'x'; 4096];
        let parts: Vec<&[u8]> = (0..40).map(|_| &PART[..]).collect();
        post("/check/count", &parts).as_deref() == Some(b"163840")
    }

    /// Any status is an answer; where nothing answers is 404.
    fn a_status_is_told() -> bool {
        get("/check/teapot").is_ok_and(|response| response.status() == 418)
            && get("/elsewhere").is_ok_and(|response| response.status() == 404)
    }

    /// A redirect is an answer and is not followed.
    fn a_redirect_is_not_followed() -> bool {
        get("/check/away").is_ok_and(|response| {
            response.status() == 302 && response.headers().get("location") == [b"http://example.com/"]
        })
    }

    /// A guest that fails to answer is 502 for who asked.
    fn no_answer_is_told() -> bool {
        get("/check/silence").is_ok_and(|response| response.status() == 502)
    }

    /// A host that is not allowed is not asked: `HTTP-request-denied`; another port of an allowed one neither.
    fn other_hosts_are_denied() -> bool {
        ["example.com", "127.0.0.1:1", "127.0.0.2:8080", "localhost", "10.0.0.1", "user@example.com"]
            .iter()
            .all(|host| is_denied(host) || request(host, &Method::Get, "/").is_ok_and(|asked| handle(asked, None).is_err()))
            && is_denied("example.com")
    }

    /// A tunnel (`CONNECT`) is no request that a host makes, nor is one for what is no path.
    fn other_requests_are_refused() -> bool {
        let refused = |method: &Method, path: &str| {
            request(&authority(), method, path).is_ok_and(|asked| handle(asked, None).is_err())
        };
        refused(&Method::Connect, "/check/hello") && refused(&Method::Get, "check/hello")
    }

    /// Fields that belong to the connection cannot be set, nor can what is no field.
    fn fields_are_checked() -> bool {
        let fields = Fields::new();
        matches!(fields.append("host", b"x"), Err(HeaderError::Forbidden))
            && matches!(fields.append("transfer-encoding", b"chunked"), Err(HeaderError::Forbidden))
            && matches!(fields.append("x y", b"x"), Err(HeaderError::InvalidSyntax))
            && matches!(fields.append("x", b"a\r\nb: c"), Err(HeaderError::InvalidSyntax))
            && fields.append("x-fine", b"a, b").is_ok()
            && fields.has("X-Fine")
            && fields.delete("x-fine").is_ok()
            && fields.entries().is_empty()
    }
}

struct Guest;

impl Handler for Guest {
    fn run() -> Result<(), String> {
        conformance_report::report(CHECKS)
    }
}

impl Responder for Guest {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        let mut answer = Vec::new();
        let (mut status, mut location) = (200, None);
        match path.as_str() {
            "/check/echo" | "/check/count" => {
                let mut count = 0;
                if let Ok(body) = request.consume() {
                    if let Ok(stream) = body.stream() {
                        while let Ok(part) = stream.blocking_read(4096) {
                            count += part.len();
                            if path == "/check/echo" {
                                answer.extend(part);
                            }
                        }
                    }
                    IncomingBody::finish(body);
                }
                if path == "/check/count" {
                    answer.extend(decimal(count));
                }
            }
            "/check/teapot" => status = 418,
            "/check/away" => (status, location) = (302, Some(b"http://example.com/")),
            "/check/silence" => return,
            "/check/wait" => monotonic_clock::subscribe_duration(60_000_000_000).block(),
            _ => {
                answer.extend(b"GET ");
                answer.extend(path.as_bytes());
            }
        }
        let fields = Fields::new();
        let mut why = b"because ".to_vec();
        why.extend(request.headers().get("x-question").concat());
        let _ = fields.append("x-answer", &why);
        if let Some(location) = location {
            let _ = fields.append("location", location);
        }
        let response = OutgoingResponse::new(fields);
        let _ = response.set_status_code(status);
        let Ok(body) = response.body() else { return };
        ResponseOutparam::set(out, Ok(response));
        if let Ok(stream) = body.write() {
            for part in answer.chunks(4096) {
                if stream.blocking_write_and_flush(part).is_err() {
                    return;
                }
            }
        }
        let _ = OutgoingBody::finish(body, None);
    }
}

fn decimal(mut number: usize) -> Vec<u8> {
    let mut digits = Vec::new();
    while number > 0 || digits.is_empty() {
        digits.insert(0, b'0' + (number % 10) as u8);
        number /= 10;
    }
    digits
}

petiole_guest::component!(Guest, heap: 65536);
