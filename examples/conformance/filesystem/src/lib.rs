//! `wasi:filesystem`: files in the folders that are mounted, on edge hosts only.
//!
//! The guest has the folder `files` at `/data`, the same for reading alone at `/look`, and `fixed`, which its device
//! lets nobody change, at `/fixed`. Each folder holds `greeting.txt` when the guest starts.
#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;

use conformance_report::checks;
use petiole_guest::Handler;
use petiole_guest::edge::wasi::filesystem::preopens;
use petiole_guest::edge::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, DescriptorType, ErrorCode, OpenFlags, PathFlags,
};

const FOLLOW: PathFlags = PathFlags::SYMLINK_FOLLOW;

/// Acts on the folder that is mounted at `path`.
fn at(path: &str, action: impl FnOnce(&Descriptor) -> Result<bool, ErrorCode>) -> bool {
    preopens::get_directories()
        .iter()
        .find(|(_, mounted)| mounted == path)
        .is_some_and(|(folder, _)| action(folder).unwrap_or(false))
}

fn data(action: impl FnOnce(&Descriptor) -> Result<bool, ErrorCode>) -> bool {
    at("/data", action)
}

fn create(folder: &Descriptor, path: &str, content: &[u8]) -> Result<Descriptor, ErrorCode> {
    let file = folder.open_at(
        FOLLOW,
        path,
        OpenFlags::CREATE | OpenFlags::TRUNCATE,
        DescriptorFlags::READ | DescriptorFlags::WRITE,
    )?;
    file.write(content, 0)?;
    Ok(file)
}

fn open(folder: &Descriptor, path: &str) -> Result<Descriptor, ErrorCode> {
    folder.open_at(FOLLOW, path, OpenFlags::empty(), DescriptorFlags::READ)
}

fn content(folder: &Descriptor, path: &str) -> Result<Vec<u8>, ErrorCode> {
    Ok(open(folder, path)?.read(1024, 0)?.0)
}

/// Whether `path` cannot be reached in any way: opened, looked at, made or removed.
fn is_out_of_reach(folder: &Descriptor, path: &str) -> bool {
    open(folder, path).is_err()
        && folder.stat_at(FOLLOW, path).is_err()
        && create(folder, path, b"").is_err()
        && folder.create_directory_at(path).is_err()
        && folder.unlink_file_at(path).is_err()
}

checks! {
    /// The folders of the mounts are there, at their paths, and hold what the device has in them.
    fn folders_are_mounted() -> bool {
        preopens::get_directories().len() == 3
            && data(|folder| Ok(content(folder, "greeting.txt")? == b"hello from outside"))
            && at("/fixed", |folder| Ok(content(folder, "greeting.txt")? == b"hello from outside"))
    }

    /// What is written to a file is read again, at any place; reading at the end says so.
    fn files_are_written_and_read() -> bool {
        data(|folder| {
            let file = create(folder, "new.txt", b"0123456789")?;
            file.write(b"ab", 4)?;
            let (end, ended) = file.read(8, 10)?;
            Ok(file.read(4, 3)?.0 == b"3ab6" && end.is_empty() && ended && file.stat()?.size == 10)
        })
    }

    /// Streams read and write from a place on, and append; a stream ends at the end of its file.
    fn files_have_streams() -> bool {
        data(|folder| {
            let file = create(folder, "stream.txt", b"")?;
            let out = file.write_via_stream(0)?;
            let written = out.blocking_write_and_flush(b"one ").is_ok() && out.blocking_write_and_flush(b"two").is_ok();
            let appended = file.append_via_stream()?.blocking_write_and_flush(b" three").is_ok();
            let input = file.read_via_stream(4)?;
            let mut all = Vec::new();
            while let Ok(part) = input.blocking_read(5) {
                all.extend(part);
            }
            Ok(written && appended && all == b"two three")
        })
    }

    /// Folders are made, listed and removed, a folder that is not empty is not.
    fn folders_are_made_and_listed() -> bool {
        data(|folder| {
            folder.create_directory_at("sub")?;
            create(folder, "sub/inner.txt", b"x")?;
            let sub = folder.open_at(PathFlags::empty(), "sub", OpenFlags::DIRECTORY, DescriptorFlags::READ)?;
            let listing = sub.read_directory()?;
            let entry = listing.read_directory_entry()?;
            let one = entry.is_some_and(|entry| entry.name == "inner.txt" && entry.type_ == DescriptorType::RegularFile)
                && listing.read_directory_entry()?.is_none();
            let refused = folder.remove_directory_at("sub") == Err(ErrorCode::NotEmpty);
            folder.unlink_file_at("sub/inner.txt")?;
            folder.remove_directory_at("sub")?;
            Ok(one && refused && folder.stat_at(FOLLOW, "sub").is_err())
        })
    }

    /// A file is renamed, and gets a second name.
    fn files_are_renamed_and_linked() -> bool {
        data(|folder| {
            create(folder, "before.txt", b"same")?;
            folder.rename_at("before.txt", folder, "after.txt")?;
            folder.link_at(PathFlags::empty(), "after.txt", folder, "second.txt")?;
            let same = open(folder, "after.txt")?.is_same_object(&open(folder, "second.txt")?);
            let found = content(folder, "second.txt")? == b"same" && open(folder, "before.txt").is_err();
            folder.unlink_file_at("after.txt")?;
            folder.unlink_file_at("second.txt")?;
            Ok(same && found)
        })
    }

    /// `..` and an absolute path lead nowhere outside, also from a folder inside.
    fn paths_do_not_leave() -> bool {
        data(|folder| {
            folder.create_directory_at("deep")?;
            let outside = ["..", "../secret", "deep/../../fixed/greeting.txt", "/etc/hostname", "deep/../.."];
            let kept = outside.iter().all(|path| is_out_of_reach(folder, path));
            let inside = content(folder, "deep/../greeting.txt")? == b"hello from outside";
            folder.remove_directory_at("deep")?;
            Ok(kept && inside)
        })
    }

    /// A symbolic link to something inside is followed; one to something outside, relative or absolute, is not.
    fn links_do_not_leave() -> bool {
        data(|folder| {
            folder.symlink_at("greeting.txt", "inside")?;
            folder.symlink_at("../fixed/greeting.txt", "outside")?;
            let inside = content(folder, "inside")? == b"hello from outside";
            let outside = open(folder, "outside").is_err() && create(folder, "outside", b"").is_err();
            let absolute = folder.symlink_at("/etc/hostname", "absolute") == Err(ErrorCode::NotPermitted);
            let not_followed = folder.open_at(PathFlags::empty(), "inside", OpenFlags::empty(), DescriptorFlags::READ).is_err();
            folder.unlink_file_at("inside")?;
            folder.unlink_file_at("outside")?;
            Ok(inside && outside && absolute && not_followed)
        })
    }

    /// Links in a ring are `loop`.
    fn links_in_a_ring_end() -> bool {
        data(|folder| {
            folder.symlink_at("b", "a")?;
            folder.symlink_at("a", "b")?;
            let ring = matches!(open(folder, "a"), Err(ErrorCode::Loop));
            folder.unlink_file_at("a")?;
            folder.unlink_file_at("b")?;
            Ok(ring)
        })
    }

    /// A mount for reading alone, and a folder that the device lets nobody change, are `read-only`.
    fn reading_alone_is_kept() -> bool {
        let is_fixed = |folder: &Descriptor| -> Result<bool, ErrorCode> {
            Ok(matches!(create(folder, "greeting.txt", b""), Err(ErrorCode::ReadOnly))
                && matches!(create(folder, "new", b""), Err(ErrorCode::ReadOnly))
                && folder.create_directory_at("new") == Err(ErrorCode::ReadOnly)
                && folder.unlink_file_at("greeting.txt") == Err(ErrorCode::ReadOnly)
                && folder.rename_at("greeting.txt", folder, "x") == Err(ErrorCode::ReadOnly)
                && folder.symlink_at("greeting.txt", "x") == Err(ErrorCode::ReadOnly)
                && content(folder, "greeting.txt")? == b"hello from outside")
        };
        at("/look", is_fixed) && at("/fixed", is_fixed)
    }

    /// A file that was opened for reading is not written.
    fn files_are_used_as_opened() -> bool {
        data(|folder| {
            let file = open(folder, "greeting.txt")?;
            Ok(file.write(b"x", 0) == Err(ErrorCode::BadDescriptor)
                && file.set_size(0) == Err(ErrorCode::BadDescriptor)
                && file.get_flags()? == DescriptorFlags::READ
                && file.get_type()? == DescriptorType::RegularFile)
        })
    }

    /// What is not there is `no-entry`; what must not be there, `exist`.
    fn errors_have_names() -> bool {
        data(|folder| {
            let flags = DescriptorFlags::READ | DescriptorFlags::WRITE;
            let new = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
            Ok(matches!(open(folder, "missing"), Err(ErrorCode::NoEntry))
                && matches!(folder.open_at(PathFlags::empty(), "greeting.txt", new, flags), Err(ErrorCode::Exist))
                && matches!(open(folder, "greeting.txt/x"), Err(ErrorCode::NotDirectory)))
        })
    }
}

struct Guest;

impl Handler for Guest {
    fn run() -> Result<(), String> {
        conformance_report::report(CHECKS)
    }
}

petiole_guest::component!(Guest, heap: 65536);
