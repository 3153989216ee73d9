//! A benchmark out of the same pieces: single requests, and configs with one stance turned.

use std::collections::BTreeSet;

use super::Draw;
use super::asking::Ask;
use super::dialogue::{Dialogues, Round};
use super::policy::Policy;
use crate::align::records::BenchmarkLine;
use crate::safety::PromptType;

impl Dialogues<'_> {
    /// A config, of that number, with some single exchanges under it, as a benchmark asks; and
    /// the config with one stance turned, under which the first request on that is asked again.
    pub fn benchmark(&self, number: u64, prompts: usize, draw: &mut Draw) -> Vec<BenchmarkLine> {
        let topics = self.topics(draw);
        let before = draw.clone();
        let policy = Policy::draw(&topics, &self.content.wording, draw);
        let round = &mut Round::new(&topics, draw);
        let mut flip = None;
        let mut lines = Vec::new();
        for at in 0..prompts {
            let (prompt, asked) = self.asked(round, &policy, draw);
            let line = self.line(&policy, &prompt, &asked, draw);
            let line = BenchmarkLine {
                id: format!("{number}-{at}"),
                prompt_id: format!("{number}-{at}"),
                config_id: number.to_string(),
                ..line
            };
            if let (None, [ask]) = (&flip, &asked[..])
                && policy.rules_on(ask.topic)
            {
                let (wording, same) = (&self.content.wording, &mut before.clone());
                let other = Policy::draw_flipped(&topics, Some(ask.topic), wording, same);
                flip = Some(self.flip(&line, ask, &other, draw));
            }
            lines.push(line);
        }
        lines.extend(flip);
        lines
    }

    /// The same request under the config with the stance on it turned.
    fn flip(
        &self,
        line: &BenchmarkLine,
        ask: &Ask<'_>,
        other: &Policy,
        draw: &mut Draw,
    ) -> BenchmarkLine {
        let turned = Ask {
            decision: other.decide(ask.topic, ask.scope),
            words: ask.words.clone(),
            ..*ask
        };
        BenchmarkLine {
            id: line.id.clone(),
            prompt_id: line.prompt_id.clone(),
            config_id: format!("{}/flip", line.config_id),
            flip_of: Some(line.config_id.clone()),
            ..self.line(other, &line.prompt, &[turned], draw)
        }
    }

    /// A request with a perfect follower's answer; its ids are the caller's.
    fn line(
        &self,
        policy: &Policy,
        prompt: &str,
        asked: &[Ask<'_>],
        draw: &mut Draw,
    ) -> BenchmarkLine {
        let [helps, violates] = self.cues(prompt, asked);
        BenchmarkLine {
            helps,
            violates,
            prompt: prompt.to_owned(),
            scenario: policy.text.clone(),
            kind: kind(asked).name().to_owned(),
            response: self.answer(asked, draw),
            ..BenchmarkLine::default()
        }
    }

    /// The words that answers to the allowed and to the refused requests have of their own: they
    /// stand neither in the prompt, nor in refusals, nor in answers to the others.
    fn cues(&self, prompt: &str, asked: &[Ask<'_>]) -> [Vec<String>; 2] {
        let words = |allowed: bool| -> BTreeSet<String> {
            let own = asked.iter().filter(|ask| ask.decision.allowed == allowed);
            let answers = own.flat_map(|ask| ask.answers);
            answers.flat_map(|answer| content_words(answer)).collect()
        };
        let refusals = self.content.wording.refusals.iter().map(String::as_str);
        let names = asked.iter().map(|ask| &*ask.topic.name);
        let said = refusals
            .chain(names)
            .chain([prompt])
            .flat_map(content_words);
        let said: BTreeSet<String> = said.collect();
        let (helps, violates) = (words(true), words(false));
        let less = |words: &BTreeSet<String>, others: &BTreeSet<String>| {
            let own = words
                .difference(others)
                .filter(|word| !said.contains(*word));
            own.cloned().collect()
        };
        [less(&helps, &violates), less(&violates, &helps)]
    }
}

/// Words of at least five letters, in lower case, but those that fit any answer.
fn content_words(text: &str) -> impl Iterator<Item = String> {
    const COMMON: [&str; 24] = [
        "about",
        "after",
        "again",
        "before",
        "being",
        "between",
        "could",
        "every",
        "first",
        "might",
        "never",
        "often",
        "other",
        "people",
        "should",
        "something",
        "their",
        "there",
        "these",
        "through",
        "usually",
        "where",
        "which",
        "would",
    ];
    let words = text.split(|c: char| !c.is_alphabetic());
    let long = words
        .filter(|word| word.chars().count() >= 5)
        .map(str::to_lowercase);
    long.filter(|word| !COMMON.contains(&&**word))
}

/// What kind of prompt these requests make.
fn kind(asked: &[Ask<'_>]) -> PromptType {
    let allowed = asked.iter().filter(|ask| ask.decision.allowed).count();
    match allowed {
        0 => PromptType::Disallowed,
        _ if allowed < asked.len() => PromptType::Partial,
        _ if asked.iter().all(|ask| !ask.topic.sensitive) => PromptType::Safe,
        _ => PromptType::Allowed,
    }
}
