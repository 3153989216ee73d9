//! Reasoning between `<think>` and `</think>` at the start of an answer, kept apart.

use super::stop::held_back;

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Where a piece of text belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// What the user asked for.
    Answer,
    /// What the model wrote between `<think>` tags first.
    Reasoning,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing but whitespace or a beginning of `<think>` came yet.
    Start,
    Reasoning,
    /// Past `</think>`, in the whitespace before the answer.
    Gap,
    /// Tags from here on are text of the answer.
    Answer,
}

/// Splits streamed text into channels, also where a tag is split across pieces.
///
/// Without a tag everything is answer; without an end tag all that follows is reasoning.
#[derive(Debug)]
pub struct ReasoningSplitter {
    state: State,
    held: String,
    /// Whether the reasoning has begun; whitespace before it is dropped, and so is it behind it.
    begun: bool,
}

impl ReasoningSplitter {
    /// `inside` says that the prompt already ends in an open `<think>`.
    #[must_use]
    pub fn new(inside: bool) -> Self {
        Self {
            state: if inside {
                State::Reasoning
            } else {
                State::Start
            },
            held: String::new(),
            begun: false,
        }
    }

    /// The text that is certain after `piece`, in order, without empty parts.
    pub fn push(&mut self, piece: &str) -> Vec<(Channel, String)> {
        self.held.push_str(piece);
        let mut parts = Vec::new();
        while let Some((channel, text)) = self.advance() {
            if !text.is_empty() {
                parts.push((channel, text));
            }
        }
        parts
    }

    /// What was held back, once it is certain that nothing follows.
    pub fn finish(&mut self) -> Vec<(Channel, String)> {
        let text = std::mem::take(&mut self.held);
        match self.state {
            _ if text.is_empty() => Vec::new(),
            State::Start | State::Answer => vec![(Channel::Answer, text)],
            State::Reasoning => match text.trim_end() {
                "" => Vec::new(),
                text => vec![(Channel::Reasoning, text.to_owned())],
            },
            State::Gap => Vec::new(),
        }
    }

    /// One move of the state machine; `None` when more text is needed.
    fn advance(&mut self) -> Option<(Channel, String)> {
        match self.state {
            State::Start => self.leave_start(),
            State::Reasoning => self.reason(),
            State::Gap => {
                self.held = self.held.trim_start().to_owned();
                if self.held.is_empty() {
                    return None;
                }
                self.state = State::Answer;
                Some((Channel::Answer, String::new()))
            }
            State::Answer if self.held.is_empty() => None,
            State::Answer => Some((Channel::Answer, std::mem::take(&mut self.held))),
        }
    }

    fn leave_start(&mut self) -> Option<(Channel, String)> {
        let text = self.held.trim_start();
        if let Some(rest) = text.strip_prefix(OPEN) {
            self.held = rest.to_owned();
            self.state = State::Reasoning;
        } else if OPEN.starts_with(text) {
            return None;
        } else {
            self.state = State::Answer;
        }
        Some((Channel::Answer, String::new()))
    }

    fn reason(&mut self) -> Option<(Channel, String)> {
        if !self.begun {
            self.held = self.held.trim_start().to_owned();
            self.begun = !self.held.is_empty();
        }
        if let Some(end) = self.held.find(CLOSE) {
            let rest = self.held.split_off(end + CLOSE.len());
            self.held.truncate(end);
            self.state = State::Gap;
            let text = std::mem::replace(&mut self.held, rest);
            return Some((Channel::Reasoning, text.trim_end().to_owned()));
        }
        let keep = held_back(&self.held, std::iter::once(CLOSE));
        // What follows decides whether whitespace stands within the reasoning or behind it.
        let certain = self.held[..self.held.len() - keep].trim_end().len();
        if certain == 0 {
            return None;
        }
        let rest = self.held.split_off(certain);
        let text = std::mem::replace(&mut self.held, rest);
        Some((Channel::Reasoning, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (reasoning, answer)
    fn run(inside: bool, pieces: &[&str]) -> (String, String) {
        let mut splitter = ReasoningSplitter::new(inside);
        let mut parts: Vec<_> = pieces.iter().flat_map(|p| splitter.push(p)).collect();
        parts.extend(splitter.finish());
        let of = |wanted| {
            let texts = parts.iter().filter(|(channel, _)| *channel == wanted);
            texts.map(|(_, text)| text.as_str()).collect()
        };
        (of(Channel::Reasoning), of(Channel::Answer))
    }

    #[test]
    fn every_split_gives_the_same_parts() {
        let text = " <think>\nwhy </b>  so \n</think>\n\nYes <think>no</think>.";
        let expected = ("why </b>  so".to_owned(), "Yes <think>no</think>.".into());
        let letters: Vec<String> = text.chars().map(String::from).collect();
        let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
        assert_eq!(run(false, &letters), expected);
        for border in 0..=text.len() {
            let (a, b) = text.split_at(border);
            assert_eq!(run(false, &[a, b]), expected, "border {border}");
        }
    }

    #[test]
    fn unusual_streams() {
        let of = |reasoning: &str, answer: &str| (reasoning.to_owned(), answer.to_owned());
        assert_eq!(run(false, &["<thi", "nner"]), of("", "<thinner"));
        assert_eq!(run(false, &[" Hello"]), of("", " Hello"));
        assert_eq!(run(false, &["<think"]), of("", "<think"));
        assert_eq!(run(false, &["<think>on </thi"]), of("on </thi", ""));
        assert_eq!(run(false, &["<think>cut off ", "\n"]), of("cut off", ""));
        assert_eq!(run(true, &["so", "</think> ", " yes"]), of("so", "yes"));
        assert_eq!(run(false, &["<think></think>", "\n"]), of("", ""));
        assert_eq!(run(false, &[]), of("", ""));
    }
}
