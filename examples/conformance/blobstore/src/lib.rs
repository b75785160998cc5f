//! `wasi:blobstore`: objects of bytes in containers, on edge hosts only.
//!
//! The guest is granted the containers `pictures` and `archive`. Names have 1 to 64 bytes.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;

use conformance_report::checks;
use petiole_guest::Handler;
use petiole_guest::edge::wasi::blobstore::blobstore::{self, Container};
use petiole_guest::edge::wasi::blobstore::types::{IncomingValue, ObjectId, OutgoingValue};

/// Makes the container and acts on it.
fn pictures(action: impl FnOnce(&Container) -> Result<bool, String>) -> bool {
    blobstore::create_container("pictures")
        .and_then(|container| action(&container))
        .unwrap_or(false)
}

fn put(container: &Container, name: &str, parts: &[&[u8]]) -> Result<(), String> {
    let value = OutgoingValue::new_outgoing_value();
    container.write_data(name, &value)?;
    {
        let stream = value
            .outgoing_value_write_body()
            .map_err(|()| String::from("no stream"))?;
        for part in parts {
            stream
                .blocking_write_and_flush(part)
                .map_err(|_| String::from("not written"))?;
        }
    }
    OutgoingValue::finish(value)
}

fn get(container: &Container, name: &str, start: u64, end: u64) -> Result<Vec<u8>, String> {
    IncomingValue::incoming_value_consume_sync(container.get_data(name, start, end)?)
}

checks! {
    /// What was written to the stream is the object; a second one of the same name takes its place.
    fn an_object_is_kept() -> bool {
        pictures(|container| {
            put(container, "one", &[b"first ", b"picture"])?;
            let first = get(container, "one", 0, 1000)?;
            put(container, "one", &[b"second"])?;
            Ok(first == b"first picture" && get(container, "one", 0, 1000)? == b"second")
        })
    }

    /// `get-data` gives the bytes from `start` to `end`, both inclusive.
    fn a_part_is_read() -> bool {
        pictures(|container| {
            put(container, "part", &[b"0123456789"])?;
            Ok(get(container, "part", 2, 4)? == b"234" && get(container, "part", 8, 100)? == b"89")
        })
    }

    /// A stream of an object ends after its last byte.
    fn an_object_is_streamed() -> bool {
        pictures(|container| {
            put(container, "long", &[&[7; 4096], &[8; 4096]])?;
            let value = container.get_data("long", 0, u64::MAX)?;
            let size = value.size();
            let stream = IncomingValue::incoming_value_consume_async(value)?;
            let (mut sum, mut count) = (0u64, 0u64);
            while let Ok(part) = stream.blocking_read(1024) {
                count += part.len() as u64;
                sum += part.iter().map(|byte| u64::from(*byte)).sum::<u64>();
            }
            Ok(size == 8192 && count == 8192 && sum == 4096 * 15)
        })
    }

    /// An object that was not finished is not kept.
    fn an_unfinished_object_is_not_kept() -> bool {
        pictures(|container| {
            let value = OutgoingValue::new_outgoing_value();
            container.write_data("half", &value)?;
            drop(value);
            Ok(!container.has_object("half")?)
        })
    }

    /// Names of objects are listed, each once; `object-info` knows the size.
    fn objects_are_listed() -> bool {
        pictures(|container| {
            container.clear()?;
            for name in ["a", "b", "c/d.jpg"] {
                put(container, name, &[b"12345"])?;
            }
            let names = container.list_objects()?;
            let (mut all, mut ended) = (Vec::new(), false);
            while !ended {
                let (page, end) = names.read_stream_object_names(2)?;
                all.extend(page);
                ended = end;
            }
            let once = |name: &str| all.iter().filter(|found| *found == name).count() == 1;
            Ok(all.len() == 3 && once("a") && once("b") && once("c/d.jpg") && container.object_info("c/d.jpg")?.size == 5)
        })
    }

    /// Objects are deleted, one that is not there too; `clear` deletes all.
    fn objects_are_deleted() -> bool {
        pictures(|container| {
            put(container, "gone", &[b"1"])?;
            put(container, "too", &[b"2"])?;
            container.delete_object("gone")?;
            container.delete_objects(&["never".into()])?;
            let one = !container.has_object("gone")? && container.has_object("too")?;
            container.clear()?;
            Ok(one && !container.has_object("too")?)
        })
    }

    /// Objects are copied and moved, to another container too.
    fn objects_are_copied_and_moved() -> bool {
        pictures(|container| {
            let archive = blobstore::create_container("archive")?;
            put(container, "photo", &[b"pixels"])?;
            let id = |of: &str, name: &str| ObjectId { container: of.into(), object: name.into() };
            blobstore::copy_object(&id("pictures", "photo"), &id("archive", "copy"))?;
            blobstore::move_object(&id("pictures", "photo"), &id("archive", "moved"))?;
            Ok(get(&archive, "copy", 0, 99)? == b"pixels"
                && get(&archive, "moved", 0, 99)? == b"pixels"
                && !container.has_object("photo")?)
        })
    }

    /// A container that is not granted cannot be made nor read.
    fn another_container_does_not_open() -> bool {
        blobstore::create_container("secrets").is_err()
            && blobstore::get_container("secrets").is_err()
            && blobstore::container_exists("secrets").is_err()
    }

    /// A deleted container is gone, with all its objects.
    fn a_container_is_deleted() -> bool {
        pictures(|container| put(container, "inside", &[b"1"]).map(|()| true))
            && blobstore::delete_container("pictures").is_ok()
            && blobstore::container_exists("pictures") == Ok(false)
            && pictures(|container| Ok(!container.has_object("inside")?))
    }
}

struct Guest;

impl Handler for Guest {
    fn run() -> Result<(), String> {
        conformance_report::report(CHECKS)
    }
}

petiole_guest::component!(Guest, heap: 65536);
