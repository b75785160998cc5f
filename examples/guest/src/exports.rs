//! What a host calls in a component; each export has a feature.

/// Bindings of `petiole:schedule/handler`.
#[cfg(feature = "schedule")]
#[allow(missing_docs)]
pub mod schedule {
    wit_bindgen::generate!({
        inline: "package petiole:guest; world schedule { export petiole:schedule/handler@0.1.0; }",
        path: "../../wit",
        world: "petiole:guest/schedule",
        pub_export_macro: true,
        export_macro_name: "export_run",
    });
}

#[cfg(feature = "schedule")]
pub use schedule::exports::petiole::schedule::handler::Guest as Handler;

#[doc(hidden)]
#[cfg(feature = "schedule")]
#[macro_export]
macro_rules! export_schedule {
    ($handler:ident) => {
        $crate::schedule::export_run!($handler with_types_in $crate::schedule);
    };
}

#[doc(hidden)]
#[cfg(not(feature = "schedule"))]
#[macro_export]
macro_rules! export_schedule {
    ($handler:ident) => {};
}

/// Bindings of `petiole:gpio/handler`.
#[cfg(feature = "edges")]
#[allow(missing_docs)]
pub mod edges {
    wit_bindgen::generate!({
        inline: "package petiole:guest; world edges { export petiole:gpio/handler@0.1.0; }",
        path: "../../wit",
        world: "petiole:guest/edges",
        pub_export_macro: true,
        export_macro_name: "export_edge",
    });
}

#[cfg(feature = "edges")]
pub use edges::exports::petiole::gpio::handler::Guest as EdgeHandler;

#[doc(hidden)]
#[cfg(feature = "edges")]
#[macro_export]
macro_rules! export_edges {
    ($handler:ident) => {
        $crate::edges::export_edge!($handler with_types_in $crate::edges);
    };
}

#[doc(hidden)]
#[cfg(not(feature = "edges"))]
#[macro_export]
macro_rules! export_edges {
    ($handler:ident) => {};
}

/// Bindings of `wasmcloud:messaging/handler`.
#[cfg(feature = "messages")]
#[allow(missing_docs)]
pub mod message_handler {
    wit_bindgen::generate!({
        inline: "package petiole:guest; world messages { export wasmcloud:messaging/handler@0.2.0; }",
        path: "../../wit",
        world: "petiole:guest/messages",
        pub_export_macro: true,
        export_macro_name: "export_message",
        with: {
            "wasmcloud:messaging/types@0.2.0": crate::bindings::wasmcloud::messaging::types,
        },
    });
}

#[cfg(feature = "messages")]
pub use message_handler::exports::wasmcloud::messaging::handler::Guest as MessageHandler;

#[doc(hidden)]
#[cfg(feature = "messages")]
#[macro_export]
macro_rules! export_messages {
    ($handler:ident) => {
        $crate::message_handler::export_message!($handler with_types_in $crate::message_handler);
    };
}

#[doc(hidden)]
#[cfg(not(feature = "messages"))]
#[macro_export]
macro_rules! export_messages {
    ($handler:ident) => {};
}

/// Bindings of `wasi:cli/run`.
#[cfg(feature = "service")]
#[allow(missing_docs)]
pub mod service {
    wit_bindgen::generate!({
        inline: "package petiole:guest; world service { export wasi:cli/run@0.2.0; }",
        path: "../../wit",
        world: "petiole:guest/service",
        pub_export_macro: true,
        export_macro_name: "export_main",
    });
}

#[cfg(feature = "service")]
pub use service::exports::wasi::cli::run::Guest as Service;

#[doc(hidden)]
#[cfg(feature = "service")]
#[macro_export]
macro_rules! export_service {
    ($handler:ident) => {
        $crate::service::export_main!($handler with_types_in $crate::service);
    };
}

#[doc(hidden)]
#[cfg(not(feature = "service"))]
#[macro_export]
macro_rules! export_service {
    ($handler:ident) => {};
}

/// Bindings of `wasi:http/incoming-handler`.
#[cfg(feature = "http")]
#[allow(missing_docs)]
pub mod http_handler {
    wit_bindgen::generate!({
        inline: "package petiole:guest; world http { export wasi:http/incoming-handler@0.2.0; }",
        path: "../../wit",
        world: "petiole:guest/http",
        pub_export_macro: true,
        export_macro_name: "export_handle",
        with: {
            "wasi:clocks/monotonic-clock@0.2.0": crate::edge::wasi::clocks::monotonic_clock,
            "wasi:http/types@0.2.0": crate::edge::wasi::http::types,
            "wasi:io/error@0.2.0": crate::edge::wasi::io::error,
            "wasi:io/poll@0.2.0": crate::edge::wasi::io::poll,
            "wasi:io/streams@0.2.0": crate::edge::wasi::io::streams,
        },
    });
}

#[cfg(feature = "http")]
pub use http_handler::exports::wasi::http::incoming_handler::Guest as Responder;

#[doc(hidden)]
#[cfg(feature = "http")]
#[macro_export]
macro_rules! export_http {
    ($handler:ident) => {
        $crate::http_handler::export_handle!($handler with_types_in $crate::http_handler);
    };
}

#[doc(hidden)]
#[cfg(not(feature = "http"))]
#[macro_export]
macro_rules! export_http {
    ($handler:ident) => {};
}
