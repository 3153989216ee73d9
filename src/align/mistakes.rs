//! A model's own mistakes, paired with what it should have said.
//!
//! Where the right answers are known, a model need not be asked for several candidates: what
//! it says is compared with the right turn, and the rejected answer is one that it gives.

use super::records::{PairLine, TrainLine, TurnLine};
use crate::error::{Error, Result};
use crate::eval::systems::{Address, Ask, Reply, Response, System, ask_all};
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

/// Asks `system` all questions and returns a pair for each that it gets wrong, in the order of
/// the questions, and how many it could not be asked. An answer is right where its rationale is
/// the right one, to the letter, whatever words follow; where `strict`, these too.
///
/// # Errors
/// The system's, where going on is pointless; `BadRecord` for a role that is none.
pub fn mistakes(
    system: &mut dyn System,
    questions: &[Question<'_>],
    options: &GenerateOptions,
    strict: bool,
    told: &mut dyn FnMut(),
) -> Result<(Vec<PairLine>, usize)> {
    let asks = questions.iter().enumerate();
    let asks: Result<Vec<Ask>> = asks.map(|(key, one)| ask(key, one, options)).collect();
    let mut replies: Vec<Reply> = Vec::with_capacity(questions.len());
    ask_all(system, asks?, |reply| {
        told();
        replies.push(reply);
        Ok(())
    })?;
    replies.sort_by_key(|reply| reply.key);
    let failed = replies.iter().filter(|reply| reply.response.is_err());
    let failed = failed.count();
    let answered = replies.iter().zip(questions);
    let pairs = answered.filter_map(|(reply, question)| {
        let said = reply.response.as_ref().ok()?;
        (!is_right(said, question.right, strict)).then(|| pair(question, said, reply.key))
    });
    Ok((pairs.collect(), failed))
}

fn ask(key: usize, question: &Question<'_>, options: &GenerateOptions) -> Result<Ask> {
    let message = |turn: &TurnLine| -> Result<Message> {
        let role = Role::parse(&turn.role).ok_or_else(|| Error::BadRecord {
            at: format!("question {key}"),
            detail: format!("{:?} is no role", turn.role),
        })?;
        // As in a chat, without what was thought before.
        Ok(Message::new(role, &turn.content))
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

fn is_right(said: &Response, right: &TurnLine, strict: bool) -> bool {
    let same_text = said.text.trim() == right.content.trim();
    match &right.reasoning_content {
        Some(rationale) => {
            let same = said.reasoning.as_deref().map(str::trim) == Some(rationale.trim());
            same && (same_text || !strict)
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
        let mut asked = 0;
        let options = GenerateOptions::default();
        let mut parrot = Parrot(said, Vec::new());
        let (pairs, failed) =
            mistakes(&mut parrot, &questions, &options, false, &mut || asked += 1).unwrap();
        // The rationale on wine is right, whatever follows; that on tea is not.
        assert_eq!((pairs.len(), failed, asked), (1, 1, 3));
        assert_eq!(pairs[0].prompt, messages[..8]);
        assert_eq!(pairs[0].chosen, messages[8..]);
        assert_eq!(pairs[0].rejected[0].content, "Never.");
        // The words behind it are wrong too.
        let strict = mistakes(&mut parrot, &questions, &options, true, &mut || ());
        assert_eq!(strict.unwrap().0.len(), 2);
        let odd = [TurnLine::new("wizard", "hm")];
        let odd = Question {
            before: &odd,
            right: &messages[8],
        };
        assert!(mistakes(&mut parrot, &[odd], &options, false, &mut || ()).is_err());
    }
}
