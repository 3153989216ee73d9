//! What a request is about, and its words.

use super::content::{Request, Topic, Wording};
use super::policy::{Decision, Policy};
use super::{Draw, Part};

/// One request under a config.
pub(super) struct Ask<'c> {
    pub topic: &'c Topic,
    /// The part of the topic.
    pub scope: Option<&'c str>,
    pub answers: &'c [String],
    pub words: String,
    pub decision: Decision,
}

impl<'c> Ask<'c> {
    /// One of the topic's requests.
    pub fn request(topic: &'c Topic, policy: &Policy, draw: &mut Draw) -> Self {
        let request: &Request = &topic.requests[draw.below(topic.requests.len())];
        Self {
            topic,
            scope: request.scope.as_deref(),
            answers: &request.answers,
            words: hasty(draw.of(&request.asks), draw),
            decision: policy.decide(topic, request.scope.as_deref()),
        }
    }

    /// One of the topic's questions, of which it has some: other words again, and no answer
    /// either.
    pub fn question(topic: &'c Topic, policy: &Policy, draw: &mut Draw) -> Self {
        let count = topic.questions.iter().map(|it| it.asks.len()).sum();
        let mut at = draw.below(count);
        let mut of = &topic.questions[0];
        for questions in &topic.questions {
            of = questions;
            if at < of.asks.len() {
                break;
            }
            at -= of.asks.len();
        }
        Self {
            topic,
            scope: of.scope.as_deref(),
            answers: &[],
            words: hasty(draw.of(&of.asks), draw),
            decision: policy.decide(topic, of.scope.as_deref()),
        }
    }

    /// The topic under one of the names that rules have for it, or a part of it: many more
    /// words than the requests have. There is no answer to it.
    pub fn mention(topic: &'c Topic, wording: &Wording, policy: &Policy, draw: &mut Draw) -> Self {
        let part = match topic.scopes.len() {
            0 => None,
            _ if draw.below(2) == 0 => None,
            count => Some(&topic.scopes[draw.below(count)]),
        };
        let name = part.map_or(&topic.names, |part| &part.phrases);
        let words = draw.of(&wording.mentions).replace("{T}", draw.of(name));
        Self {
            topic,
            scope: part.map(|part| &*part.name),
            answers: &[],
            words: hasty(&words, draw),
            decision: policy.decide(topic, part.map(|part| &*part.name)),
        }
    }
}

/// Some users type in small letters, or leave out short words; none that is measured does.
fn hasty(words: &str, draw: &mut Draw) -> String {
    if draw.part() == Part::HeldOut {
        return words.to_owned();
    }
    match draw.below(6) {
        0 => words.trim_end_matches(['.', '?', '!']).to_lowercase(),
        1 => {
            let stays = |word: &&str| word.len() > 3 || draw.below(2) == 0;
            let left: Vec<&str> = words.split(' ').filter(stays).collect();
            left.join(" ")
        }
        _ => words.to_owned(),
    }
}
