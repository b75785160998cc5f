//! The stock groups, as `smpclient` and `smpmgr` ask for them.

use petiole_cbor::{Reader, Writer};
use petiole_link::{Fault, Header, Image, Operation, Outcome, Request, Service, Task, answer};

#[derive(Default)]
struct Board {
    unix_ms: Option<u64>,
    level: String,
}

impl Service for Board {
    fn call(&mut self, _: &Request<'_>, _: &mut Writer<'_>) -> Result<Outcome, Fault> {
        Ok(Outcome::Unknown)
    }

    fn image(&self) -> Image {
        Image {
            version: "1.2.3",
            board: "desk",
        }
    }

    fn reset(&mut self) {}

    fn tasks(&mut self, row: &mut dyn FnMut(&Task<'_>)) {
        row(&Task {
            name: "thermometer",
            state: 1,
            stack: (1_000, 4_096),
            calls: 7,
            used: 9_000,
        });
    }

    fn unix_ms(&mut self) -> Option<u64> {
        self.unix_ms
    }

    fn set_unix_ms(&mut self, unix_ms: u64) -> bool {
        self.unix_ms = Some(unix_ms);
        true
    }

    fn statistic_groups(&self) -> &'static [&'static str] {
        &["link"]
    }

    fn statistics(&mut self, _: &str, field: &mut dyn FnMut(&str, u64)) {
        field("frames", 5);
        field("dropped", 0);
    }

    fn setting(&mut self, name: &str) -> Option<String> {
        (name == "log/level").then(|| self.level.clone())
    }

    fn set_setting(&mut self, _: &str, value: &str) -> bool {
        self.level = value.into();
        value != "nonsense"
    }
}

/// Asks a board and returns the body of its answer.
fn ask(
    board: &mut Board,
    version: u8,
    group: u16,
    command: u8,
    write: bool,
    body: &[u8],
) -> Vec<u8> {
    let header = Header {
        operation: if write {
            Operation::Write
        } else {
            Operation::Read
        },
        version,
        group,
        sequence: 3,
        command,
    };
    let message = [&header.bytes(body.len() as u16)[..], body].concat();
    let reply = answer(&message, board).unwrap();
    let (found, body) = Header::split(&reply).unwrap();
    assert_eq!(found, header.answer());
    body.to_vec()
}

/// CBOR written by hand.
fn cbor(fill: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut buffer = [0; 512];
    let mut writer = Writer::new(&mut buffer);
    fill(&mut writer);
    let length = writer.finish().unwrap();
    buffer[..length].to_vec()
}

fn error(group: u64, code: u64) -> Vec<u8> {
    cbor(|out| {
        out.map(1).text("err").map(2).text("group").unsigned(group);
        out.text("rc").unsigned(code);
    })
}

#[test]
fn the_clock_is_set_and_read() {
    let mut board = Board::default();
    assert_eq!(
        ask(&mut board, 1, 0, 4, false, &[0xa0]),
        error(0, 4),
        "not set"
    );
    let body = cbor(|out| {
        _ = out
            .map(1)
            .text("datetime")
            .text("2025-11-21T15:04:05.5+00:00")
    });
    assert_eq!(ask(&mut board, 1, 0, 4, true, &body), [0xa0]);
    assert_eq!(board.unix_ms, Some(1_763_737_445_500));
    let expected = cbor(|out| {
        _ = out
            .map(1)
            .text("datetime")
            .text("2025-11-21T15:04:05.500+00:00")
    });
    assert_eq!(ask(&mut board, 1, 0, 4, false, &[0xa0]), expected);
    let body = cbor(|out| _ = out.map(1).text("datetime").text("yesterday"));
    assert_eq!(ask(&mut board, 1, 0, 4, true, &body), error(0, 2));
    let plain = cbor(|out| _ = out.map(1).text("rc").unsigned(2));
    assert_eq!(ask(&mut board, 0, 0, 4, true, &body), plain, "version 1");
}

#[test]
fn tasks_have_the_fields_that_clients_want() {
    let reply = ask(&mut Board::default(), 1, 0, 2, false, &[0xa0]);
    let mut reader = Reader::new(&reply);
    assert_eq!(
        (reader.map(), reader.text(), reader.map()),
        (Ok(1), Ok("tasks"), Ok(1))
    );
    assert_eq!((reader.text(), reader.map()), (Ok("thermometer"), Ok(9)));
    let fields: Vec<_> = (0..9)
        .map(|_| (reader.text().unwrap(), reader.unsigned().unwrap()))
        .collect();
    let expected = [
        ("prio", 0),
        ("tid", 0),
        ("state", 1),
        ("stkuse", 250),
        ("stksiz", 1_024),
        ("cswcnt", 7),
        ("runtime", 9_000),
        ("last_checkin", 0),
        ("next_checkin", 0),
    ];
    assert_eq!(fields, expected);
}

#[test]
fn application_info_answers_letters() {
    for (format, expected) in [
        ("", "Petiole"),
        ("sv", "Petiole 1.2.3"),
        ("a", "Petiole desk 1.2.3 1.2.3 desk desk desk Petiole"),
    ] {
        let body = cbor(|out| _ = out.map(1).text("format").text(format));
        let expected = cbor(|out| _ = out.map(1).text("output").text(expected));
        assert_eq!(ask(&mut Board::default(), 1, 0, 7, false, &body), expected);
    }
    let body = cbor(|out| _ = out.map(1).text("format").text("x"));
    assert_eq!(
        ask(&mut Board::default(), 1, 0, 7, false, &body),
        error(0, 2)
    );
    assert_eq!(
        ask(&mut Board::default(), 1, 0, 7, false, &[0xa0]),
        cbor(|out| _ = out.map(1).text("output").text("Petiole"))
    );
}

#[test]
fn statistics_are_listed_and_read() {
    let list = ask(&mut Board::default(), 1, 2, 1, false, &[0xa0]);
    assert_eq!(
        list,
        cbor(|out| _ = out.map(1).text("stat_list").array(1).text("link"))
    );
    let body = cbor(|out| _ = out.map(1).text("name").text("link"));
    let expected = cbor(|out| {
        out.map(2).text("name").text("link").text("fields").map(2);
        out.text("frames").unsigned(5).text("dropped").unsigned(0);
    });
    assert_eq!(ask(&mut Board::default(), 1, 2, 0, false, &body), expected);
    let body = cbor(|out| _ = out.map(1).text("name").text("heap"));
    assert_eq!(
        ask(&mut Board::default(), 1, 2, 0, false, &body),
        error(2, 2)
    );
}

#[test]
fn settings_are_written_and_read() {
    let mut board = Board::default();
    let write = |name: &str, value: &[u8]| {
        cbor(|out| _ = out.map(2).text("name").text(name).text("val").bytes(value))
    };
    let read = cbor(|out| _ = out.map(1).text("name").text("log/level"));
    assert_eq!(
        ask(&mut board, 1, 3, 0, true, &write("log/level", b"debug")),
        [0xa0]
    );
    let expected = cbor(|out| _ = out.map(1).text("val").bytes(b"debug"));
    assert_eq!(ask(&mut board, 1, 3, 0, false, &read), expected);
    assert_eq!(ask(&mut board, 1, 3, 3, true, &[0xa0]), [0xa0]);
    assert_eq!(
        ask(&mut board, 1, 3, 0, true, &write("log/level", b"nonsense")),
        error(3, 6)
    );
    assert_eq!(
        ask(&mut board, 1, 3, 0, true, &write("other", b"x")),
        error(3, 3)
    );
    let invalid = cbor(|out| _ = out.map(1).text("rc").unsigned(3));
    assert_eq!(
        ask(&mut board, 1, 3, 0, true, &write("log/level", b"\xff")),
        invalid
    );
}

#[test]
fn unknown_groups_and_commands_are_not_supported() {
    let expected = cbor(|out| _ = out.map(1).text("rc").unsigned(8));
    for (group, command) in [(0, 200), (2, 9), (3, 2), (9, 0), (64, 63)] {
        assert_eq!(
            ask(&mut Board::default(), 1, group, command, false, &[0xa0]),
            expected
        );
    }
}
