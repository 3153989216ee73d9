//! A model's own mistakes, paired with what it should have said.
//!
//! Where the right answers are known, a model need not be asked for several candidates: what
//! it says is compared with the right turn, and the rejected answer is one that it gives.

use std::collections::BTreeMap;

use super::records::{PairLine, TrainLine, TurnLine};
use crate::error::{Error, Result};
use crate::eval::systems::{Address, Ask, Response, System, ask_all};
use crate::generate::GenerateOptions;
use crate::text::{Message, Role};

/// An answer that is asked for again, with all that came before it.
#[derive(Debug, Clone, Copy)]
pub struct Question<'d> {
    /// The conversation before the answer.
    pub before: &'d [TurnLine],
    /// The right answer.
    pub right: &'d TurnLine,
}

/// Every answer of a conversation that is there to be learned; a plain text has none.
pub fn questions(line: &TrainLine) -> impl Iterator<Item = Question<'_>> {
    let messages = match line {
        TrainLine::Chat { messages } => &messages[..],
        TrainLine::Text { .. } => &[],
    };
    let turns = messages.iter().enumerate();
    let learned = turns.filter(|(_, turn)| turn.role == "assistant" && turn.weight != Some(0));
    learned.map(|(at, right)| Question {
        before: &messages[..at],
        right,
    })
}

/// How answers are drawn and compared.
#[derive(Debug, Clone, Default)]
pub struct MistakeOptions {
    /// How they are drawn.
    pub generate: GenerateOptions,
    /// An answer is right where its rationale is the right one, to the letter, whatever words
    /// follow; where this is set, these too, unless they refuse: there are many ways to do so.
    pub strict: bool,
}

/// Asks `system` all questions from number `first` on, and gives `keep` a pair for each that it
/// gets wrong and nothing for the others, in the order of the questions. Returns how many could
/// not be asked.
///
/// # Errors
/// The system's, where going on is pointless; `BadRecord` for a role that is none; `keep`'s.
pub fn mistakes(
    system: &mut dyn System,
    questions: &[Question<'_>],
    first: usize,
    options: &MistakeOptions,
    keep: &mut dyn FnMut(Option<PairLine>) -> Result<()>,
) -> Result<usize> {
    let asks = questions.iter().enumerate().skip(first);
    let asks: Result<Vec<Ask>> = asks
        .map(|(key, one)| ask(key, one, &options.generate))
        .collect();
    // Answers that came before those of earlier questions.
    let mut early = BTreeMap::new();
    let (mut next, mut failed) = (first, 0);
    ask_all(system, asks?, |reply| {
        let question = &questions[reply.key];
        failed += usize::from(reply.response.is_err());
        let wrong = |said: &Response| !is_right(said, question.right, options.strict);
        let said = reply.response.ok().filter(wrong);
        early.insert(reply.key, said.map(|said| pair(question, &said, reply.key)));
        while let Some(pair) = early.remove(&next) {
            next += 1;
            keep(pair)?;
        }
        Ok(())
    })?;
    Ok(failed)
}

/// The number of the first question behind these pairs, which were made of the same questions.
///
/// # Errors
/// `BadRecord` where they were made of others.
pub fn next(pairs: &[PairLine], questions: &[Question<'_>]) -> Result<usize> {
    let Some(last) = pairs.last() else {
        return Ok(0);
    };
    let number = last.config_id.parse::<usize>().ok();
    let own = |&number: &usize| {
        let question = questions.get(number);
        question.is_some_and(|it| it.before == last.prompt && last.chosen == [it.right.clone()])
    };
    let number = number.filter(own).ok_or_else(|| Error::BadRecord {
        at: format!("pair {}", pairs.len()),
        detail: "it was made of other conversations; move the file away to begin anew".to_owned(),
    })?;
    Ok(number + 1)
}

fn ask(key: usize, question: &Question<'_>, options: &GenerateOptions) -> Result<Ask> {
    let message = |turn: &TurnLine| -> Result<Message> {
        let role = Role::parse(&turn.role).ok_or_else(|| Error::BadRecord {
            at: format!("question {key}"),
            detail: format!("{:?} is no role", turn.role),
        })?;
        Ok(Message {
            reasoning: turn.seen().reasoning_content,
            ..Message::new(role, &turn.content)
        })
    };
    Ok(Ask {
        key,
        address: Address {
            setup: "mistakes".to_owned(),
            config_id: String::new(),
            prompt_id: key.to_string(),
        },
        turns: question.before.iter().map(message).collect::<Result<_>>()?,
        options: options.clone(),
    })
}

/// How rationales end that refuse.
const REFUSES: &str = "So no.";

fn is_right(said: &Response, right: &TurnLine, strict: bool) -> bool {
    let same_text = said.text.trim() == right.content.trim();
    match &right.reasoning_content {
        Some(rationale) => {
            let rationale = rationale.trim();
            let same = said.reasoning.as_deref().map(str::trim) == Some(rationale);
            same && (same_text || !strict || rationale.ends_with(REFUSES))
        }
        None => same_text,
    }
}

fn pair(question: &Question<'_>, said: &Response, key: usize) -> PairLine {
    let rejected = TurnLine {
        reasoning_content: said.reasoning.clone(),
        ..TurnLine::new("assistant", &said.text)
    };
    PairLine {
        prompt: question.before.to_vec(),
        chosen: vec![question.right.clone()],
        rejected: vec![rejected],
        config_id: key.to_string(),
        errors: [0.0, 1.0],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::eval::systems::Reply;
    use std::slice;

    /// Says the same to everything, the last asked first; fails on what is empty.
    struct Parrot(Response, Vec<Ask>);

    impl System for Parrot {
        fn name(&self) -> String {
            "parrot".to_owned()
        }

        fn ask(&mut self, asks: Vec<Ask>) {
            self.1 = asks;
        }

        fn step(&mut self) -> Result<Vec<Reply>> {
            let ask = self.1.pop().unwrap();
            let response = match ask.turns.last().unwrap().content.as_str() {
                "" => Err(Error::WrongState {
                    detail: "nothing is asked".to_owned(),
                }),
                _ => Ok(self.0.clone()),
            };
            let key = ask.key;
            Ok(vec![Reply { key, response }])
        }

        fn choose(&mut self, _: &[Message], _: &[&str]) -> Result<Vec<f64>> {
            unreachable!("nothing is chosen")
        }
    }

    #[test]
    fn wrong_answers_are_paired_with_right_ones() {
        let answer = |reasoning: &str, weight| TurnLine {
            reasoning_content: Some(reasoning.to_owned()),
            weight,
            ..TurnLine::new("assistant", "No.")
        };
        let messages = vec![
            TurnLine::new("system", "No wine."),
            TurnLine::new("user", "seen, not learned"),
            answer("About wine: no.", Some(0)),
            TurnLine::new("user", "wine?"),
            answer("About wine: no.", None),
            TurnLine::new("user", ""),
            answer("About wine: no.", None),
            TurnLine::new("user", "tea?"),
            answer("About tea: no.", None),
        ];
        let line = TrainLine::Chat {
            messages: messages.clone(),
        };
        let questions: Vec<Question<'_>> = questions(&line).collect();
        assert_eq!(questions.len(), 3);
        let said = Response {
            text: "Never.".to_owned(),
            reasoning: Some("About wine: no.\n".to_owned()),
        };
        let mut options = MistakeOptions::default();
        let mut parrot = Parrot(said, Vec::new());
        let mut found = |questions: &[Question<'_>], first, options: &MistakeOptions| {
            let mut pairs = Vec::new();
            let keep = &mut |pair| {
                pairs.push(pair);
                Ok(())
            };
            let failed = mistakes(&mut parrot, questions, first, options, keep)?;
            Ok::<_, Error>((pairs, failed))
        };
        let (pairs, failed) = found(&questions, 0, &options).unwrap();
        // The rationale on wine is right, whatever follows; that on tea is not.
        let [None, None, Some(pair)] = &*pairs else {
            unreachable!("{pairs:?}")
        };
        assert_eq!(failed, 1);
        assert_eq!(pair.prompt, messages[..8]);
        assert_eq!(pair.chosen, messages[8..]);
        assert_eq!(pair.rejected[0].content, "Never.");
        // It goes on behind the last pair, if that is one of these.
        assert_eq!(next(&[], &questions).unwrap(), 0);
        assert_eq!(next(slice::from_ref(pair), &questions).unwrap(), 3);
        assert!(next(slice::from_ref(pair), &questions[..2]).is_err());
        assert!(next(slice::from_ref(pair), &[questions[0]; 3]).is_err());
        assert_eq!(found(&questions, 2, &options).unwrap().0.len(), 1);
        // The words behind the rationale on wine are wrong too.
        options.strict = true;
        let strict = found(&questions, 0, &options).unwrap().0;
        assert_eq!(strict.iter().flatten().count(), 2);
        // A refusal may be worded in any way.
        for (rationale, right) in [("So no.", true), ("So yes.", false)] {
            let said = Response {
                text: "Never.".to_owned(),
                reasoning: Some(rationale.to_owned()),
            };
            assert_eq!(is_right(&said, &answer(rationale, None), true), right);
        }
        let odd = [TurnLine::new("wizard", "hm")];
        let odd = Question {
            before: &odd,
            right: &messages[8],
        };
        assert!(found(&[odd], 0, &options).is_err());
    }
}
