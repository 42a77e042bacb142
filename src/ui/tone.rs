//! Whether something shown is good or bad news.

/// The judgement that a text or a number carries. Colour is never its only sign: see [`Tone::mark`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// A fact without a judgement.
    #[default]
    Plain,
    /// A fact that needs no attention.
    Quiet,
    /// Checked, and correct.
    Good,
    /// Not checked, or not completely.
    Open,
    /// Worse than expected, or worth a look.
    Warn,
    /// Checked, and wrong; or failed.
    Bad,
}

impl Tone {
    /// The mark before a message.
    pub fn mark(self) -> Option<&'static str> {
        match self {
            Self::Good => Some("✓"),
            Self::Open => Some("○"),
            Self::Warn => Some("⚠"),
            Self::Bad => Some("✗"),
            Self::Plain | Self::Quiet => None,
        }
    }

    /// The name of the tone in the style sheet, as the value of `data-tone`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Quiet => "quiet",
            Self::Good => "good",
            Self::Open => "open",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }

    /// Bad news if `bad`, else no judgement.
    pub fn bad_if(bad: bool) -> Self {
        if bad { Self::Bad } else { Self::Plain }
    }
}
