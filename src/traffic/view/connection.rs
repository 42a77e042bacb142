//! How the page is connected to the run that it shows.

use crate::error::AppError;

/// The state of the connection to a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Nothing follows the run yet. Without JavaScript it stays so.
    None,
    /// The stream is being opened.
    Connecting,
    /// The stream delivers.
    Live,
    /// There is no stream; the page polls the status every second.
    Polling,
    /// Neither stream nor polling works, for this reason. Both are retried, unless the run does not exist any more.
    Broken(AppError),
    /// The run is closed: nothing will change any more.
    Ended,
}

impl Connection {
    /// The label on the page; empty where there is nothing to say.
    pub fn label(&self) -> &'static str {
        match self {
            Self::None | Self::Ended => "",
            Self::Connecting => "Connecting",
            Self::Live => "Live",
            Self::Polling => "Live (polling)",
            Self::Broken(error) => match error {
                AppError::NotFound => "Lost",
                AppError::LoggedOut => "Logged out",
                AppError::Forbidden => "Refused",
                AppError::Unreadable | AppError::Malformed => "Unreadable response",
                AppError::Internal(_) | AppError::Unavailable => "Server error",
                AppError::Unreachable | AppError::ShuttingDown => "Reconnecting",
            },
        }
    }

    /// Why no data comes, if it does not.
    pub fn fault(&self) -> Option<AppError> {
        match self {
            Self::Broken(error) => Some(error.clone()),
            Self::None | Self::Connecting | Self::Live | Self::Polling | Self::Ended => None,
        }
    }

    /// Are the numbers on the page older than they should be?
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Broken(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_broken_connection_makes_numbers_stale_and_names_its_fault() {
        for fine in [Connection::None, Connection::Connecting, Connection::Live, Connection::Polling, Connection::Ended]
        {
            assert_eq!((fine.is_stale(), fine.fault()), (false, None), "{fine:?}");
        }
        let broken = Connection::Broken(AppError::LoggedOut);
        assert_eq!((broken.is_stale(), broken.fault()), (true, Some(AppError::LoggedOut)));
    }

    #[test]
    fn each_fault_has_a_label() {
        let rows = [
            (AppError::NotFound, "Lost"),
            (AppError::LoggedOut, "Logged out"),
            (AppError::Forbidden, "Refused"),
            (AppError::Unreadable, "Unreadable response"),
            (AppError::Internal(None), "Server error"),
            (AppError::Unreachable, "Reconnecting"),
        ];
        for (error, label) in rows {
            assert_eq!(Connection::Broken(error).label(), label);
        }
        assert_eq!((Connection::Live.label(), Connection::Polling.label()), ("Live", "Live (polling)"));
    }
}
