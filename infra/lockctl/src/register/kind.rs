//! The kinds of device: which thing type, policy and role each has.

/// A kind of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A board with our firmware that is a lock.
    Lock,
    /// A board with our firmware that is a button.
    Button,
    /// A genuine AWS IoT Button.
    GenuineButton,
    /// An MQTT broker in a house, such as Home Assistant's.
    Bridge,
}

impl Kind {
    /// Its thing type.
    pub fn thing_type(self) -> &'static str {
        match self {
            Self::Lock => "remote-lock-lock",
            Self::Button | Self::GenuineButton => "remote-lock-button",
            Self::Bridge => "remote-lock-bridge",
        }
    }

    /// The stack's output that names its policy. A bridge has policies of its own: for it, one that
    /// shows the account.
    pub fn policy_output(self) -> &'static str {
        match self {
            Self::Lock | Self::Bridge => "LockPolicyName",
            Self::Button => "ButtonPolicyName",
            Self::GenuineButton => "AwsIotButtonPolicyName",
        }
    }

    /// Its word, such as `lock`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Button | Self::GenuineButton => "button",
            Self::Bridge => "bridge",
        }
    }
}
