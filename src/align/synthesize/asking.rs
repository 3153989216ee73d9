//! What a request is about, and its words.

use super::Draw;
use super::content::{Questions, Request, Topic, Wording};
use super::policy::{Decision, Policy};
use super::typing::hasty;

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
        let all = topic.requests.iter();
        let fits = wanted(policy, topic, draw);
        let own: Vec<&Request> = all
            .filter(|request| fits.is_none() || request.scope.as_deref() == fits)
            .filter(|request| draw.can_ask(&request.asks))
            .collect();
        let request = match own.len() {
            0 => &topic.requests[draw.below(topic.requests.len())],
            count => own[draw.below(count)],
        };
        Self {
            topic,
            scope: request.scope.as_deref(),
            answers: &request.answers,
            words: hasty(&draw.ask(&request.asks), draw),
            decision: policy.decide(topic, request.scope.as_deref()),
        }
    }

    /// One of the topic's questions, of which it has some: other words again, and no answer
    /// either.
    pub fn question(topic: &'c Topic, policy: &Policy, draw: &mut Draw) -> Self {
        let fits = wanted(policy, topic, draw);
        let all = topic.questions.iter();
        let mut own: Vec<&Questions> = all
            .filter(|questions| fits.is_none() || questions.scope.as_deref() == fits)
            .collect();
        if own.is_empty() {
            own = topic.questions.iter().collect();
        }
        let mut at = draw.below(own.iter().map(|it| it.asks.len()).sum());
        let mut of = own[0];
        for questions in own {
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
            words: hasty(&draw.ask(&of.asks), draw),
            decision: policy.decide(topic, of.scope.as_deref()),
        }
    }

    /// The topic under one of the names that rules have for it, or a part of it: many more
    /// words than the requests have. There is no answer to it.
    pub fn mention(topic: &'c Topic, wording: &Wording, policy: &Policy, draw: &mut Draw) -> Self {
        let fits = wanted(policy, topic, draw);
        let part = match topic.scopes.len() {
            0 => None,
            _ if fits.is_some() => topic.scopes.iter().find(|it| Some(&*it.name) == fits),
            _ if draw.below(2) == 0 => None,
            count => Some(&topic.scopes[draw.below(count)]),
        };
        let name = match part {
            Some(part) => part.phrase(wording, draw),
            None => topic.any_name(wording, draw),
        };
        let words = draw.of(&wording.mentions).replace("{T}", &name);
        Self {
            topic,
            scope: part.map(|part| &*part.name),
            answers: &[],
            words: hasty(&words, draw),
            decision: policy.decide(topic, part.map(|part| &*part.name)),
        }
    }
}

/// The part to ask about: every second time the one that the policy's rule excepts, since few
/// requests would be of that part otherwise.
fn wanted<'p>(policy: &'p Policy, topic: &Topic, draw: &mut Draw) -> Option<&'p str> {
    let except = policy.exception_on(topic)?;
    draw.once_in(2).then_some(except)
}
