//! Risk categories: what a config can allow or forbid by name.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// One kind of content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskCategory {
    /// The name in files; never shown to a model.
    pub id: String,
    /// The name in configs.
    pub name: String,
    /// One sentence.
    pub definition: String,
    /// Lower-case words or short phrases that show its content in a response.
    #[serde(default)]
    pub words: Vec<String>,
}

/// The categories that a judge looks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taxonomy {
    /// Each with its own id.
    pub categories: Vec<RiskCategory>,
}

impl Taxonomy {
    /// Parses the JSON of a taxonomy file.
    ///
    /// # Errors
    /// `BadRecord` where it is no such JSON, holds no category, or one id twice.
    pub fn parse(name: &str, json: &str) -> Result<Self> {
        let bad = |detail: String| Error::BadRecord {
            at: name.to_owned(),
            detail,
        };
        let taxonomy: Self = serde_json::from_str(json).map_err(|error| bad(error.to_string()))?;
        if taxonomy.categories.is_empty() {
            return Err(bad("holds no category".to_owned()));
        }
        for (index, category) in taxonomy.categories.iter().enumerate() {
            let mut before = taxonomy.categories[..index].iter();
            if before.any(|other| other.id == category.id) {
                return Err(bad(format!("holds the id {:?} twice", category.id)));
            }
        }
        Ok(taxonomy)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn ids_are_unique() {
        let one = r#"{"id": "a", "name": "A", "definition": "All."}"#;
        let of = |list: &str| Taxonomy::parse("t.json", &format!(r#"{{"categories": [{list}]}}"#));
        assert_eq!(of(one).unwrap().categories[0].name, "A");
        for (list, said) in [
            (String::new(), "no category"),
            (format!("{one}, {one}"), "twice"),
            (r#"{"id": "a"}"#.to_owned(), "missing field `name`"),
        ] {
            let error = of(&list).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("t.json"), "{error}");
        }
    }
}
