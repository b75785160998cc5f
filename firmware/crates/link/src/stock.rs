//! The groups that every MCUmgr client knows (Zephyr's SMP protocol specification): os, image, statistics, settings.

use alloc::string::String;

use petiole_cbor::{Malformed, Reader, Writer};

use crate::MAX_MESSAGE;
use crate::date::{self, Date};
use crate::server::{Error, Service, rc};

pub const GROUP_OS: u16 = 0;
pub const GROUP_IMAGE: u16 = 1;
pub const GROUP_STATISTICS: u16 = 2;
pub const GROUP_SETTINGS: u16 = 3;

/// Return codes of group os.
mod os {
    pub const INVALID_FORMAT: u16 = 2;
    pub const CLOCK_NOT_SET: u16 = 4;
    pub const CLOCK_FAILED: u16 = 5;
}

/// Return codes of the groups settings and statistics.
mod code {
    pub const NOT_FOUND: u16 = 3;
    pub const NO_WRITE: u16 = 6;
    pub const UNKNOWN_STATISTIC: u16 = 2;
}

/// The running firmware, as image state and application info tell of it.
#[derive(Debug, Clone, Copy)]
pub struct Image {
    /// Its version.
    pub version: &'static str,
    /// Name of the board that it is made for.
    pub board: &'static str,
}

/// A row of the list of tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Task<'a> {
    /// Its name.
    pub name: &'a str,
    /// 0 ready or running, 1 waiting, 2 stopped.
    pub state: u8,
    /// Most of its stack that was in use, and all of it, bytes.
    pub stack: (u32, u32),
    /// How often it was called.
    pub calls: u32,
    /// What it used: fuel since it was started.
    pub used: u64,
}

/// Answers a request of a stock group.
pub fn answer(
    (group, command, write): (u16, u8, bool),
    body: &[u8],
    service: &mut dyn Service,
    out: &mut Writer<'_>,
) -> Result<(), Error> {
    match (group, command, write) {
        // Echo is specified as a write; some clients read.
        (GROUP_OS, 0, _) => _ = out.map(1).text("r").text(need(body, "d")?.text()?),
        (GROUP_OS, 2, false) => tasks(service, out),
        (GROUP_OS, 4, false) => {
            let unix_ms = service
                .unix_ms()
                .ok_or(Error::of(GROUP_OS, os::CLOCK_NOT_SET))?;
            out.map(1).text("datetime").text(Date::new(unix_ms).text());
        }
        (GROUP_OS, 4, true) => {
            let unix_ms = date::parse(need(body, "datetime")?.text()?)
                .ok_or(Error::of(GROUP_OS, os::INVALID_FORMAT))?;
            if !service.set_unix_ms(unix_ms) {
                return Err(Error::of(GROUP_OS, os::CLOCK_FAILED));
            }
            out.map(0);
        }
        (GROUP_OS, 5, true) => {
            service.reset();
            out.map(0);
        }
        (GROUP_OS, 6, false) => {
            let size = MAX_MESSAGE as u64 + 4;
            out.map(2).text("buf_size").unsigned(size);
            out.text("buf_count").unsigned(1);
        }
        (GROUP_OS, 7, false) => {
            let format = match find(body, "format")? {
                Some(mut format) => format.text()?,
                None => "",
            };
            let text = about(format, &service.image())?;
            out.map(1).text("output").text(&text);
        }
        (GROUP_IMAGE, 0, false) => image(&service.image(), out),
        (GROUP_STATISTICS, 0, false) => statistics(need(body, "name")?.text()?, service, out)?,
        (GROUP_STATISTICS, 1, false) => {
            let groups = service.statistic_groups();
            out.map(1).text("stat_list").array(groups.len());
            for group in groups {
                out.text(group);
            }
        }
        (GROUP_SETTINGS, 0, false) => {
            let name = need(body, "name")?.text()?;
            let value = service.setting(name);
            let value = value.ok_or(Error::of(GROUP_SETTINGS, code::NOT_FOUND))?;
            out.map(1).text("val").bytes(value.as_bytes());
        }
        (GROUP_SETTINGS, 0, true) => {
            let name = need(body, "name")?.text()?;
            let value = need(body, "val")?.bytes()?;
            let value = core::str::from_utf8(value).map_err(|_| Malformed)?;
            if service.setting(name).is_none() {
                return Err(Error::of(GROUP_SETTINGS, code::NOT_FOUND));
            }
            if !service.set_setting(name, value) {
                return Err(Error::of(GROUP_SETTINGS, code::NO_WRITE));
            }
            out.map(0);
        }
        // Settings are kept when they are written.
        (GROUP_SETTINGS, 3, true) => _ = out.map(0),
        _ => return Err(Error::plain(rc::NOT_SUPPORTED)),
    }
    Ok(())
}

fn tasks(service: &mut dyn Service, out: &mut Writer<'_>) {
    let mut count = 0;
    service.tasks(&mut |_| count += 1);
    out.map(1).text("tasks").map(count);
    let mut number = 0;
    service.tasks(&mut |task| {
        out.text(task.name).map(9).text("prio").unsigned(0);
        out.text("tid").unsigned(number);
        out.text("state").unsigned(u64::from(task.state));
        // MCUmgr counts stacks in words.
        out.text("stkuse").unsigned(u64::from(task.stack.0 / 4));
        out.text("stksiz").unsigned(u64::from(task.stack.1 / 4));
        out.text("cswcnt").unsigned(u64::from(task.calls));
        out.text("runtime").unsigned(task.used);
        out.text("last_checkin").unsigned(0);
        out.text("next_checkin").unsigned(0);
        number += 1;
    });
}

fn statistics(group: &str, service: &mut dyn Service, out: &mut Writer<'_>) -> Result<(), Error> {
    if !service.statistic_groups().contains(&group) {
        return Err(Error::of(GROUP_STATISTICS, code::UNKNOWN_STATISTIC));
    }
    let mut count = 0;
    service.statistics(group, &mut |_, _| count += 1);
    out.map(2)
        .text("name")
        .text(group)
        .text("fields")
        .map(count);
    service.statistics(group, &mut |name, value| {
        out.text(name).unsigned(value);
    });
    Ok(())
}

fn image(image: &Image, out: &mut Writer<'_>) {
    out.map(2).text("images").array(1).map(6);
    out.text("slot").unsigned(0);
    out.text("version").text(image.version);
    out.text("bootable").boolean(true);
    out.text("pending").boolean(false);
    out.text("confirmed").boolean(true);
    out.text("active").boolean(true);
    out.text("splitStatus").unsigned(0);
}

/// Application info: the words that the letters of `format` ask for, as `uname` knows them.
fn about(format: &str, image: &Image) -> Result<String, Error> {
    let format = match format {
        "" => "s",
        format if format.as_bytes().contains(&b'a') => "snrvmpio",
        format => format,
    };
    let mut text = String::new();
    for letter in format.bytes() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(match letter {
            b's' | b'o' => "Petiole",
            b'n' | b'm' | b'p' | b'i' => image.board,
            b'r' | b'v' | b'b' => image.version,
            _ => return Err(Error::of(GROUP_OS, os::INVALID_FORMAT)),
        });
    }
    Ok(text)
}

/// The value under `name` in a map with text keys.
fn find<'a>(body: &'a [u8], name: &str) -> Result<Option<Reader<'a>>, Malformed> {
    let mut reader = Reader::new(body);
    for _ in 0..reader.map()? {
        if reader.text()? == name {
            return Ok(Some(reader));
        }
        reader.skip()?;
    }
    Ok(None)
}

fn need<'a>(body: &'a [u8], name: &str) -> Result<Reader<'a>, Malformed> {
    find(body, name)?.ok_or(Malformed)
}
