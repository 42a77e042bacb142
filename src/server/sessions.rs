//! Sessions of browsers. Each is a signed cookie; the server stores nothing.
//!
//! The key is derived from the token, so that a session survives a restart and ends with the token. The cookie's name is
//! derived from it, too, because browsers send a cookie to every port of a host: two programs on one host must not
//! overwrite each other's cookies.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, header};
use cookie::{Cookie, CookieJar, Key, SameSite, time::Duration};
use hkdf::Hkdf;
use sha2::Sha256;

/// How long a session lasts, in seconds: 30 days.
const LIFETIME: u64 = 30 * 24 * 60 * 60;
/// By how many seconds the clock may have been set back since a session began.
const TOLERANCE: u64 = 24 * 60 * 60;

/// Creates and verifies sessions.
pub struct Sessions {
    key: Key,
    name: String,
}

impl Sessions {
    /// Sessions of those who know this token.
    pub fn new(token: &str) -> Self {
        let derive = |purpose: &[u8], key: &mut [u8]| {
            // This fails only for keys of more than 8,160 bytes.
            let derived = Hkdf::<Sha256>::new(None, token.as_bytes()).expand(purpose, key);
            debug_assert!(derived.is_ok());
        };
        let mut key = [0; 64];
        let mut suffix = [0; 4];
        derive(b"traffic-simulator session", &mut key);
        derive(b"traffic-simulator name of the session's cookie", &mut suffix);
        let name = format!("traffic-simulator-session-{:08x}", u32::from_be_bytes(suffix));
        Self { key: Key::from(&key), name }
    }

    /// The cookie of a new session. If it is `secure`, browsers never send it without TLS.
    pub fn begin(&self, secure: bool) -> String {
        self.begin_at(now(), secure)
    }

    fn begin_at(&self, now: u64, secure: bool) -> String {
        let cookie = self.cookie(format!("{now}-{}", now + LIFETIME), LIFETIME, secure);
        let mut jar = CookieJar::new();
        jar.signed_mut(&self.key).add(cookie);
        jar.get(&self.name).map(ToString::to_string).unwrap_or_default()
    }

    /// The cookie that ends the session of the browser that receives it.
    pub fn end(&self, secure: bool) -> String {
        self.cookie(String::new(), 0, secure).to_string()
    }

    fn cookie(&self, value: String, max_age: u64, secure: bool) -> Cookie<'static> {
        let lax = Cookie::build((self.name.clone(), value)).path("/").http_only(true).same_site(SameSite::Lax);
        lax.secure(secure).max_age(Duration::seconds(max_age.cast_signed())).build()
    }

    /// Whether a request carries a valid session.
    pub fn knows(&self, headers: &HeaderMap) -> bool {
        self.knows_at(now(), headers)
    }

    fn knows_at(&self, now: u64, headers: &HeaderMap) -> bool {
        self.values(headers).filter_map(|value| self.times(value)).any(|(begin, end)| {
            let has_begun = begin <= now + TOLERANCE;
            has_begun && now < end
        })
    }

    /// Begin and end of the session that a cookie with this value has, if its signature is right.
    fn times(&self, value: String) -> Option<(u64, u64)> {
        let cookie = CookieJar::new().signed(&self.key).verify(Cookie::new(self.name.clone(), value))?;
        let (begin, end) = cookie.value().split_once('-')?;
        Some((begin.parse().ok()?, end.parse().ok()?))
    }

    /// The values of our cookie. The header is read as bytes, because other cookies in it may contain any bytes.
    fn values<'a>(&'a self, headers: &'a HeaderMap) -> impl Iterator<Item = String> + 'a {
        let lines = headers.get_all(header::COOKIE).into_iter().map(|line| line.as_bytes());
        lines.flat_map(|line| line.split(|byte| *byte == b';')).filter_map(|pair| {
            let value = pair.trim_ascii().strip_prefix(self.name.as_bytes())?.strip_prefix(b"=")?;
            String::from_utf8(value.to_vec()).ok()
        })
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const NOW: u64 = 1_767_225_600;

    fn sending(cookies: &[u8]) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_bytes(cookies).expect("a value"))])
    }

    fn pair(cookie: &str) -> &str {
        cookie.split(';').next().expect("a pair")
    }

    #[test]
    fn a_session_ends_after_thirty_days_and_with_the_token() {
        let sessions = Sessions::new("a-token-for-this-test");
        let cookie = sessions.begin_at(NOW, false);
        let headers = sending(pair(&cookie).as_bytes());
        for (time, is_known) in [
            (NOW, true),
            (NOW + LIFETIME - 1, true),
            (NOW + LIFETIME, false),
            (NOW - TOLERANCE, true),
            (NOW - TOLERANCE - 1, false),
        ] {
            assert_eq!(sessions.knows_at(time, &headers), is_known, "{time}");
        }
        assert!(Sessions::new("a-token-for-this-test").knows_at(NOW, &headers), "after a restart");
        let other = Sessions::new("another-token-of-this-test");
        assert_ne!(other.name, sessions.name);
        let renamed = pair(&cookie).replace(&sessions.name, &other.name);
        assert!(!other.knows_at(NOW, &sending(renamed.as_bytes())));
    }

    #[test]
    fn what_others_set_spoils_nothing_and_what_is_forged_is_not_known() {
        let sessions = Sessions::new("a-token-for-this-test");
        let cookie = sessions.begin_at(NOW, true);
        assert!(cookie.contains("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=2592000"), "{cookie}");
        let good = pair(&cookie);
        let name = &sessions.name;
        assert_eq!(name.rsplit('-').next().expect("a suffix").len(), 8);
        for beside in [
            "other=\u{fc}; ",
            "=; ",
            ";;; ",
            "traffic-simulator-session=old; ",
            &format!("{name}=wrong; "),
            &format!("{name}=\u{e9}; "),
        ] {
            assert!(sessions.knows_at(NOW, &sending(format!("{beside}{good}").as_bytes())), "{beside}");
        }
        let value = good.split_once('=').expect("a value").1;
        let later = value.replace(&(NOW + LIFETIME).to_string(), &(NOW + 2 * LIFETIME).to_string());
        for forged in ["", "x", &value[1..], &later, &format!("{value}0"), &"=".repeat(50), &"\u{e9}".repeat(40)] {
            assert!(!sessions.knows_at(NOW, &sending(format!("{name}={forged}").as_bytes())), "{forged}");
        }
        assert!(!sessions.knows_at(NOW, &HeaderMap::new()));
    }
}
