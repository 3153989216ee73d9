//! Who may set a safety config.

use crate::error::{Error, Result};
use crate::safety::SafetyConfig;

/// The rule for accepting configs. Authority stays in code: no prompt enforces privilege.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Authority {
    public_key: Option<String>,
}

impl Authority {
    /// Anyone may set any config, or none.
    #[must_use]
    pub fn anyone() -> Self {
        Self::default()
    }

    /// Only configs signed with the key that belongs to `public_key` are accepted.
    ///
    /// # Errors
    /// `InvalidOption` where the key is empty, so that a lost key does not open the door.
    pub fn key(public_key: &str) -> Result<Self> {
        let public_key = public_key.trim();
        if public_key.is_empty() {
            return Err(Error::InvalidOption {
                name: "authority".to_owned(),
                detail: "is empty; give an Ed25519 public key, or leave it out".to_owned(),
            });
        }
        Ok(Self {
            public_key: Some(public_key.to_owned()),
        })
    }

    /// Whether a conversation may run under `config`, or under none.
    ///
    /// # Errors
    /// `Unauthorized` under a key: this version cannot verify signatures, so it fails
    /// closed and accepts nothing.
    pub fn admit(&self, config: Option<&SafetyConfig>) -> Result<()> {
        match config {
            Some(_) => self.refuse("only signed safety configs are accepted"),
            None => self.refuse("a signed safety config is required"),
        }
    }

    /// Whether text may be continued without a chat and its config.
    ///
    /// # Errors
    /// `Unauthorized` under a key.
    pub fn admit_completion(&self) -> Result<()> {
        self.refuse("completion without a signed safety config is not accepted")
    }

    fn refuse(&self, rule: &str) -> Result<()> {
        if self.public_key.is_none() {
            return Ok(());
        }
        Err(Error::Unauthorized {
            detail: format!(
                "the model was loaded with an authority, so {rule}; \
                 this version cannot verify signatures yet"
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn without_a_key_all_is_open_and_with_one_all_is_closed() {
        let config = SafetyConfig::new(None, "Be kind.").unwrap();
        let open = Authority::anyone();
        open.admit(Some(&config)).unwrap();
        open.admit(None).unwrap();
        open.admit_completion().unwrap();
        let closed = Authority::key("MCowBQYDK2VwAyEA").unwrap();
        for refused in [
            closed.admit(Some(&config)),
            closed.admit(None),
            closed.admit_completion(),
        ] {
            assert_eq!(refused.unwrap_err().code(), "unauthorized");
        }
        assert_eq!(Authority::key(" ").unwrap_err().code(), "invalid_option");
    }
}
