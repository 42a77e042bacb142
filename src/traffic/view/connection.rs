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

    /// Are the numbers on the page older than they should be?
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Broken(_))
    }

    /// Will no newer state come?
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Ended | Self::Broken(AppError::NotFound))
    }
}
