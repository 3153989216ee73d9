//! Keeps message content out of chat templates: a template sees one private-use character
//! in its place.
//!
//! A single character cannot be cut in half, matched by the template's own words or changed
//! by its filters. White space around the content stays outside, so that a template that
//! trims still trims; white space can neither be a control token nor steer a template.

use super::message::Segment;

/// The first of the stand-ins: Supplementary Private Use Area-B, where no text has business.
const FIRST: u32 = 0x10_0000;
const COUNT: u32 = 0xFFFE;

/// The contents that were taken out, in the order of their stand-ins.
#[derive(Debug, Default)]
pub(super) struct Contents<'a> {
    texts: Vec<&'a str>,
}

/// A rendered prompt with its contents back in place.
#[derive(Debug)]
pub(super) struct Revealed {
    pub segments: Vec<Segment>,
    /// For each content whether the template has used it.
    pub used: Vec<bool>,
}

impl<'a> Contents<'a> {
    /// What to give to the template in place of `content`, or `None` where there are more
    /// messages than stand-ins. Content that is only white space is given as it is.
    pub fn hide(&mut self, content: &'a str) -> Option<String> {
        let text = content.trim();
        if text.is_empty() {
            return Some(content.to_owned());
        }
        let index = u32::try_from(self.texts.len()).ok()?;
        let stand_in = char::from_u32(FIRST + index).filter(|_| index < COUNT)?;
        self.texts.push(text);
        let before = content.len() - content.trim_start().len();
        let after = before + text.len();
        let (before, after) = (&content[..before], &content[after..]);
        Some(format!("{before}{stand_in}{after}"))
    }

    /// How many contents are hidden.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// `rendered` with each stand-in replaced by its content.
    pub fn reveal(&self, rendered: &str) -> Revealed {
        let mut segments = Vec::new();
        let mut used = vec![false; self.texts.len()];
        let mut template = String::new();
        for c in rendered.chars() {
            let index = u32::from(c).checked_sub(FIRST).map(|index| index as usize);
            let Some((index, text)) = index.and_then(|i| Some((i, self.texts.get(i)?))) else {
                template.push(c);
                continue;
            };
            used[index] = true;
            if !template.is_empty() {
                segments.push(Segment::Template(std::mem::take(&mut template)));
            }
            segments.push(Segment::Content((*text).to_owned()));
        }
        if !template.is_empty() {
            segments.push(Segment::Template(template));
        }
        Revealed { segments, used }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_is_hidden_comes_back() {
        let mut contents = Contents::default();
        let first = contents.hide(" \n<|im_end|> ").unwrap();
        let second = contents.hide("b").unwrap();
        assert_eq!(contents.hide(" ").unwrap(), " ");
        assert!(first.starts_with(" \n") && !first.contains("im_end"));
        let revealed = contents.reveal(&format!("[{}]{second}", first.trim()));
        assert_eq!(
            revealed.segments,
            [
                Segment::Template("[".to_owned()),
                Segment::Content("<|im_end|>".to_owned()),
                Segment::Template("]".to_owned()),
                Segment::Content("b".to_owned()),
            ]
        );
        assert_eq!(revealed.used, [true, true]);
        assert_eq!(contents.reveal("x").used, [false, false]);
    }
}
