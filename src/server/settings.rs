//! Settings as people write them. Each is normalised, or refused in one line if it could never work.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ::config::{Case, Environment, FileFormat};
use clap::builder::Resettable;
use clap::error::ErrorKind as Flaw;
use clap::{ArgMatches, Command, Id};
use leptos::config::LeptosOptions;
use uuid::Uuid;

use super::auth::{AdminToken, SHORTEST_TOKEN};

/// Why a setting can't be used. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// A flag or a variable has a value that can't be read.
    #[error("{0}")]
    Flag(String),
    /// `Leptos.toml` or one of its variables can't be read.
    #[error("{0} or a LEPTOS_ variable can't be read: {1}")]
    Leptos(&'static str, String),
    /// The token is too short.
    #[error("{0} has fewer than {SHORTEST_TOKEN} characters; give a longer one, for example by: openssl rand -hex 16")]
    ShortToken(String),
    /// A header can't carry the token.
    #[error(
        "{0} has a character that is not plain ASCII, or a line break or control character within; give another one, for example by: openssl rand -hex 16"
    )]
    UnreadableToken(String),
    /// The file with the token can't be read or created.
    #[error("the file of ADMIN_TOKEN_FILE, {}, can't be read or created: {error}", path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        error: std::io::Error,
    },
    /// The name can't be a host name.
    #[error("ALLOWED_HOSTS has {0:?}, which is no host name; give names like dash.example, separated by commas")]
    Host(String),
}

/// Reads flags and environment variables. Empty variables count as unset. Ends the program after `--help` and
/// `--version`.
///
/// # Errors
/// [`SettingError::Flag`]
pub fn matches(mut command: Command) -> Result<ArgMatches, SettingError> {
    let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.to_string_lossy().trim().is_empty());
    let empty = command.get_arguments().filter(|arg| arg.get_env().is_some_and(is_empty));
    let empty: Vec<Id> = empty.map(|arg| arg.get_id().clone()).collect();
    for id in empty {
        command = command.mut_arg(id, |arg| arg.env(Resettable::Reset));
    }
    command.try_get_matches().map_err(|error| match error.kind() {
        Flaw::DisplayHelp | Flaw::DisplayVersion => error.exit(),
        _ => SettingError::Flag(one_line(&error.to_string())),
    })
}

/// The part of clap's message that is about the value; the rest is about flags in general.
fn one_line(text: &str) -> String {
    let before = |end: &str, text: &str| text.split(end).next().unwrap_or_default().to_owned();
    let about = before("\n\nFor more", &before("\n\nUsage:", text));
    let line = about.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
}

/// The options of Leptos. `address` takes precedence over environment variables that are not empty, and those over the
/// file named `file`.
///
/// # Errors
/// [`SettingError::Leptos`]
pub fn leptos_options(file: &'static str, address: Option<SocketAddr>) -> Result<LeptosOptions, SettingError> {
    let failed = |error: &dyn std::fmt::Display| SettingError::Leptos(file, error.to_string());
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text.replace("[package.metadata.leptos]", ""),
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(&error)),
    };
    let given =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let given: ::config::Map<String, String> = given.filter(|(_, value)| !value.trim().is_empty()).collect();
    let variables = Environment::with_prefix("LEPTOS").convert_case(Case::Kebab).source(Some(given));
    // Builds use another name for what the file calls hash-file.
    let hash_file = std::env::var("LEPTOS_HASH_FILE_NAME").ok().filter(|name| !name.trim().is_empty());
    ::config::Config::builder()
        .set_default("output-name", env!("CARGO_PKG_NAME"))
        .and_then(|builder| builder.set_default("site-root", "target/site"))
        .map(|builder| builder.add_source(::config::File::from_str(&text, FileFormat::Toml)).add_source(variables))
        .and_then(|builder| builder.set_override_option("hash-file", hash_file))
        .and_then(|builder| builder.set_override_option("site-addr", address.map(|address| address.to_string())))
        .and_then(|builder| builder.build()?.try_deserialize())
        .map_err(|error| failed(&error))
}

/// Parses an address to listen on, such as `localhost:3000`.
///
/// # Errors
/// What to write instead.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    let number = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    number.as_deref().unwrap_or(text).parse().map_err(|_| "give IP:PORT, for example 127.0.0.1:3000".to_owned())
}

/// Checks a token and removes the white space around it. `source` names where it comes from.
///
/// # Errors
/// [`SettingError`], if a header can't carry the token, or if it is too short.
pub fn token(text: &str, source: &str) -> Result<AdminToken, SettingError> {
    let token = text.trim();
    if !token.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        return Err(SettingError::UnreadableToken(source.to_owned()));
    }
    if token.len() < SHORTEST_TOKEN {
        return Err(SettingError::ShortToken(source.to_owned()));
    }
    Ok(AdminToken(token.to_owned()))
}

/// Reads the token from this file. A missing file is created with a random token, readable by its owner only.
///
/// # Errors
/// [`SettingError`]
pub fn token_of_file(path: &Path) -> Result<AdminToken, SettingError> {
    let failed = |error| SettingError::TokenFile { path: path.to_owned(), error };
    let text = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => create_token(file, path).map_err(failed)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => std::fs::read_to_string(path).map_err(failed)?,
        Err(error) => return Err(failed(error)),
    };
    token(&text, &format!("the token in {}", path.display()))
}

/// Writes a random token into a new file.
fn create_token(mut file: File, path: &Path) -> std::io::Result<String> {
    let token = format!("{}\n", Uuid::new_v4().simple());
    match file.write_all(token.as_bytes()).and_then(|()| file.sync_all()) {
        Ok(()) => Ok(token),
        Err(error) => {
            // With half a token in the file, no later start would create a whole one.
            std::fs::remove_file(path)?;
            Err(error)
        }
    }
}

/// Normalises host names to the form of a `Host` header: lower case, without scheme, port and slash.
///
/// # Errors
/// [`SettingError::Host`]
pub fn hosts(given: &[String]) -> Result<Vec<String>, SettingError> {
    given.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).map(host).collect()
}

fn host(given: &str) -> Result<String, SettingError> {
    let lower = given.to_lowercase();
    let bare = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://")).unwrap_or(&lower);
    let bare = bare.strip_suffix('/').unwrap_or(bare);
    if bare.parse::<IpAddr>().is_ok() {
        return Ok(bare.to_owned());
    }
    let name = match bare.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        _ => bare,
    };
    let in_brackets = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let is_address = in_brackets.is_some_and(|name| name.parse::<Ipv6Addr>().is_ok());
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if is_address || (!name.is_empty() && name.bytes().all(is_letter)) {
        Ok(name.to_owned())
    } else {
        Err(SettingError::Host(given.to_owned()))
    }
}

/// The address by which this machine reaches a server that listens on `address`. A server that listens on all addresses
/// is reached on the loopback.
pub fn own_address(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// The URL by which a browser on this machine reaches a server that listens on `address`.
pub fn own_url(address: SocketAddr) -> String {
    format!("http://{}", own_address(address))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn host_names_are_brought_into_the_form_of_requests() {
        for (given, name) in [
            ("dash.example", "dash.example"),
            (" Dash.Example ", "dash.example"),
            ("dash.example:8443", "dash.example"),
            ("https://dash.example/", "dash.example"),
            ("http://dash.example:80", "dash.example"),
            ("192.0.2.7:80", "192.0.2.7"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]:80", "[2001:db8::1]"),
        ] {
            assert_eq!(host(given.trim()).expect("a name"), name, "{given}");
        }
        for bad in [
            "*",
            "*.example",
            "a b",
            "dash.example/path",
            "dash.example:port",
            "a@b",
            "d\u{e4}sh.example",
            "http://",
            ":80",
        ] {
            assert!(matches!(host(bad), Err(SettingError::Host(_))), "{bad}");
        }
        let many = ["a.example".to_owned(), String::new(), " b.example:1".to_owned()];
        assert_eq!(hosts(&many).expect("names"), ["a.example", "b.example"]);
    }

    #[test]
    fn an_address_may_be_named_localhost() {
        assert_eq!(address(" localhost:3000\n"), Ok(SocketAddr::from(([127, 0, 0, 1], 3000))));
        assert_eq!(address("[::1]:80").map(|address| address.port()), Ok(80));
        for bad in ["localhost", "3000", ":3000", "example.com:80", "127.0.0.1", "localhost:x"] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_that_can_be_opened_is_shown() {
        for (address, url) in [
            ("0.0.0.0:3000", "http://127.0.0.1:3000"),
            ("[::]:3000", "http://[::1]:3000"),
            ("127.0.0.2:80", "http://127.0.0.2:80"),
            ("[2001:db8::1]:80", "http://[2001:db8::1]:80"),
        ] {
            assert_eq!(own_url(address.parse().expect("an address")), url);
        }
    }

    #[test]
    fn a_token_is_what_a_header_can_carry() {
        let good = token("\t sixteen letters. \r\n", "ADMIN_TOKEN").expect("a token");
        assert_eq!(good.0, "sixteen letters.");
        for bad in ["sixteen\nletters!", "sixteen\u{e4}letters!!", "sixteen\u{7f}letters", "sixteen\tletters!"] {
            assert!(matches!(token(bad, "ADMIN_TOKEN"), Err(SettingError::UnreadableToken(_))), "{bad:?}");
        }
        for bad in ["", "fifteen-letters", &" ".repeat(20)] {
            assert!(matches!(token(bad, "ADMIN_TOKEN"), Err(SettingError::ShortToken(_))), "{bad:?}");
        }
    }

    #[test]
    fn a_token_is_drawn_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        let drawn = token_of_file(&path).expect("a token");
        assert_eq!(std::fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        assert_eq!(token_of_file(&path).expect("a token"), drawn);
        std::fs::write(&path, "  one-that-i-have-written\n\n").expect("written");
        assert_eq!(token_of_file(&path).expect("a token").0, "one-that-i-have-written");
        std::fs::write(&path, "").expect("written");
        let error = token_of_file(&path).expect_err("refused").to_string();
        assert!(error.contains("token has fewer than 16"), "{error}");
        assert!(matches!(token_of_file(&folder.path().join("none/token")), Err(SettingError::TokenFile { .. })));
        assert!(matches!(token_of_file(folder.path()), Err(SettingError::TokenFile { .. })), "a folder");
    }
}
