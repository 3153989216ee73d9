//! Requests under a config, and what a perfect follower says.

use super::asking::Ask;
use super::content::{Content, Topic};
use super::policy::{Policy, Reading};
use super::typing::casual;
use super::{Draw, Part};
use crate::align::records::TurnLine;
use crate::safety::{Rule, only_topic};

/// How hard the conversations are.
#[derive(Debug, Clone, Copy)]
pub struct Difficulty {
    /// Rules of a config at most; with 0 there are no configs.
    pub rules: usize,
    /// Exchanges of a conversation at most; there is one where requests are not answered, or
    /// answers only begun.
    pub exchanges: usize,
    /// One topic in so many comes out of the dictionary; 0 for none.
    pub dictionary: usize,
    /// Whether requests are answered; if not, rationales are all there is.
    pub answers: bool,
    /// Whether most answers are only begun: enough to tell which one it is.
    pub begun: bool,
}

/// The topics of a config's rules, each asked about once before any is asked about again,
/// since what was said before would be copied.
pub(super) struct Round<'c> {
    topics: Vec<&'c Topic>,
    next: usize,
}

impl<'c> Round<'c> {
    pub fn new(topics: &[&'c Topic], draw: &mut Draw) -> Self {
        let mut topics = topics.to_vec();
        draw.shuffle(&mut topics);
        Self { topics, next: 0 }
    }

    fn next(&mut self) -> &'c Topic {
        self.next += 1;
        self.topics[(self.next - 1) % self.topics.len()]
    }
}

/// Draws conversations.
#[derive(Debug)]
pub struct Dialogues<'c> {
    /// Written pieces.
    pub content: &'c Content,
    /// Topics that are nouns of a dictionary.
    pub nouns: &'c [Topic],
    /// How hard.
    pub difficulty: Difficulty,
}

impl Dialogues<'_> {
    /// A conversation. Its last answer is learned; those before it are there to be seen, as
    /// in a chat, without their rationales, and some were given under another config.
    pub fn draw(&self, draw: &mut Draw) -> Vec<TurnLine> {
        let topics = self.topics(draw);
        let policy = self.policy(&topics, draw);
        let mut turns = Vec::new();
        let drawn = 1 + draw.below(self.difficulty.exchanges);
        // Without its rationale, an exchange that has no answer would be empty; nobody goes on
        // behind an answer that is only begun.
        let one = self.difficulty.begun || !self.difficulty.answers;
        let count = if one { 1 } else { drawn };
        let other_topics = match draw.once_in(2) {
            true => topics.clone(),
            false => self.topics(draw),
        };
        let other = self.policy(&other_topics, draw);
        let others = draw.below(2 * count).saturating_sub(count);
        let other_round = &mut Round::new(&other_topics, draw);
        let round = &mut Round::new(&topics, draw);
        for at in 0..count {
            let mut exchange = match at < others {
                true => self.exchange(other_round, &other, draw),
                false => self.exchange(round, &policy, draw),
            };
            if at + 1 < count {
                exchange[1].reasoning_content = None;
                exchange[1].weight = Some(0);
            }
            turns.append(&mut exchange);
        }
        if !policy.text.is_empty() {
            let mut system = TurnLine::new("system", &*policy.text);
            system.reasoning_content = Some(policy.summary());
            turns.insert(0, system);
        }
        turns
    }

    /// The sentences of a config one by one, each with what is read in it: also those that say
    /// nothing, or rules would be found where there are none. Those that are learned are typed as people
    /// type.
    pub fn readings(&self, draw: &mut Draw) -> Vec<[TurnLine; 2]> {
        let topics = self.topics(draw);
        let policy = self.policy(&topics, draw);
        let told: Vec<(String, String)> = match draw.part() {
            Part::Learned => by_itself(policy.readings, draw)
                .into_iter()
                .map(|(shown, says)| (casual(&shown, draw), says))
                .collect(),
            Part::HeldOut => {
                let readings = policy.readings.into_iter();
                readings
                    .filter_map(|it| Some((it.shown, it.says?)))
                    .collect()
            }
        };
        let turns = |(shown, says): (String, String)| {
            [
                TurnLine::new("system", shown),
                TurnLine::new("assistant", says),
            ]
        };
        told.into_iter().map(turns).collect()
    }

    /// A config of rules on these topics mostly; sometimes a plain one, or none.
    fn policy(&self, topics: &[&Topic], draw: &mut Draw) -> Policy {
        match draw.below(12) {
            0 => Policy::none(),
            _ if topics.is_empty() => Policy::none(),
            1 => Policy::draw(&[], &self.content.wording, draw),
            _ => Policy::draw(topics, &self.content.wording, draw),
        }
    }

    /// Distinct topics for rules, in a combination that belongs to this part.
    pub(super) fn topics(&self, draw: &mut Draw) -> Vec<&Topic> {
        if self.difficulty.rules == 0 {
            return Vec::new();
        }
        loop {
            let count = 1 + draw.below(self.difficulty.rules);
            let mut topics: Vec<&Topic> = Vec::new();
            while topics.len() < count.min(self.content.topics.len()) {
                let topic = self.topic(draw);
                if topics.iter().all(|known| known.id != topic.id) {
                    topics.push(topic);
                }
            }
            let ids: Vec<&str> = topics.iter().map(|topic| &*topic.id).collect();
            // A single topic is no combination; it is held out by its words alone.
            if count == 1 || draw.owns(&ids) {
                return topics;
            }
        }
    }

    fn topic(&self, draw: &mut Draw) -> &Topic {
        let nouns = self.difficulty.dictionary;
        if nouns > 0 && !self.nouns.is_empty() && draw.once_in(nouns) {
            return &self.nouns[draw.below(self.nouns.len())];
        }
        &self.content.topics[draw.below(self.content.topics.len())]
    }

    /// The user's turn and the assistant's.
    fn exchange<'s>(
        &'s self,
        round: &mut Round<'s>,
        policy: &Policy,
        draw: &mut Draw,
    ) -> Vec<TurnLine> {
        let (user, asked) = self.asked(round, policy, draw);
        let rationale: Vec<&str> = asked.iter().map(|ask| &*ask.decision.clause).collect();
        let mut answer = TurnLine::new("assistant", self.answer(&asked, draw));
        answer.reasoning_content = Some(rationale.join(" "));
        if self.difficulty.begun && asked.len() == 1 && !draw.once_in(4) {
            answer.begun = true;
            answer.content = first_words(&answer.content);
        }
        vec![TurnLine::new("user", user), answer]
    }

    /// What the user says, and the requests in it: sometimes two, of different topics.
    pub(super) fn asked<'s>(
        &'s self,
        round: &mut Round<'s>,
        policy: &Policy,
        draw: &mut Draw,
    ) -> (String, Vec<Ask<'s>>) {
        // Two requests in one are the hardest to take apart, and words around a single one are
        // easily taken for another, so both come oftener where they are learned.
        let (two, framed) = match draw.part() {
            Part::HeldOut => (5, 6),
            Part::Learned => (3, 3),
        };
        let first = self.ask(round, policy, draw);
        if draw.once_in(two) {
            let other = self.ask(round, policy, draw);
            if other.topic.id != first.topic.id {
                let joiner = draw.of(&self.content.wording.joiners);
                let user = joiner
                    .replace("{A}", &first.words)
                    .replace("{b}", &other.words);
                return (user, vec![first, other]);
            }
        }
        let user = match draw.once_in(framed) {
            true => draw
                .of(&self.content.wording.frames)
                .replace("{A}", &first.words),
            false => first.words.clone(),
        };
        (user, vec![first])
    }

    /// What is allowed is answered, each request always alike, since a small model remembers
    /// one answer sooner than two; what is not is named in one refusal.
    pub(super) fn answer(&self, asked: &[Ask<'_>], draw: &mut Draw) -> String {
        if !self.difficulty.answers {
            return String::new();
        }
        let denied = asked.iter().filter(|ask| !ask.decision.allowed);
        let names: Vec<&str> = denied.map(|ask| &*ask.topic.name).collect();
        let mut parts = Vec::new();
        let mut refused = false;
        for ask in asked {
            if ask.decision.allowed {
                parts.push(ask.answers.first().cloned().unwrap_or_default());
            } else if !refused {
                refused = true;
                let refusal = draw.of(&self.content.wording.refusals);
                parts.push(refusal.replace("{name}", &names.join(" and ")));
            }
        }
        parts.join(" ")
    }

    /// A request: mostly on a topic that the config has a rule for; a third is harmless where it
    /// has none.
    fn ask<'s>(&'s self, round: &mut Round<'s>, policy: &Policy, draw: &mut Draw) -> Ask<'s> {
        let harmless = &self.content.harmless;
        let no_rules = round.topics.is_empty();
        let topic = match draw.below(if no_rules { 3 } else { 8 }) {
            0 if !harmless.is_empty() => &harmless[draw.below(harmless.len())],
            1 | 2 => self.topic(draw),
            _ if no_rules => self.topic(draw),
            _ => round.next(),
        };
        if self.difficulty.answers {
            return Ask::request(topic, policy, draw);
        }
        match draw.below(6) {
            0 | 1 if topic.sensitive => Ask::mention(topic, &self.content.wording, policy, draw),
            2..5 if !topic.questions.is_empty() => Ask::question(topic, policy, draw),
            _ => Ask::request(topic, policy, draw),
        }
    }
}

/// The readings as a model may be asked for them: each sentence by itself, and where it goes on or
/// could go on with the one before it, behind that too.
fn by_itself(readings: Vec<Reading>, draw: &mut Draw) -> Vec<(String, String)> {
    let mut told = Vec::new();
    let mut before = None;
    for Reading { shown, says, alone } in readings {
        let Some(says) = says else {
            before = None;
            continue;
        };
        let sentence = Rule::alone(&shown).to_owned();
        let goes_on = alone.as_ref() != Some(&says);
        let behind_topic = before.as_deref().and_then(only_topic).is_some();
        if goes_on || (behind_topic && sentence != shown && draw.once_in(2)) {
            told.push((shown.clone(), says.clone()));
        }
        if let Some(alone) = alone.filter(|_| sentence != shown || !goes_on) {
            told.push((sentence, alone));
        }
        before = Some(says);
    }
    told
}

/// So many words tell one answer from all others.
const BEGINNING: usize = 7;

fn first_words(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').take(BEGINNING).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests;
