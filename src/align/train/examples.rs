//! Lines of text and conversation as token ids, with those that are learned marked.

use super::super::records::{TrainLine, TurnLine};
use super::cores::each;
use crate::error::{Error, Result, require};
use crate::gguf::Metadata;
use crate::text::{ChatTemplate, Message, Role, Tokenizer};

/// A sequence to learn from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Example {
    /// Token ids.
    pub ids: Vec<u32>,
    /// For each id, whether the model learns to predict it. The first never counts.
    pub learned: Vec<bool>,
}

impl Example {
    /// Tokens that are learned.
    #[must_use]
    pub fn learned(&self) -> usize {
        self.learned
            .iter()
            .skip(1)
            .filter(|&&learned| learned)
            .count()
    }
}

/// Turns lines into examples, in a model's own tokens and template.
#[derive(Debug)]
pub struct Encoder {
    tokenizer: Tokenizer,
    template: ChatTemplate,
    longest: usize,
}

impl Encoder {
    /// The encoder of a model file; no example will have more than `longest` tokens.
    ///
    /// # Errors
    /// Those of its tokenizer and template.
    pub fn new(metadata: &Metadata, longest: usize) -> Result<Self> {
        require(longest > 1, "longest", "must be above 1")?;
        let tokenizer = Tokenizer::from_metadata(metadata)?;
        let template = ChatTemplate::from_metadata(metadata, &tokenizer)?;
        Ok(Self {
            tokenizer,
            template,
            longest,
        })
    }

    /// The examples of all lines, in order, and how many lines were too long. Conversations
    /// that are too long are left out, since half an answer teaches to stop half-way; texts
    /// are cut into pieces, and short ones share an example.
    ///
    /// # Errors
    /// `BadRecord` for a conversation without an answer or with an unknown role; the
    /// template's and tokenizer's.
    pub fn examples(&self, lines: &[TrainLine]) -> Result<(Vec<Example>, usize)> {
        let numbered = lines.iter().enumerate().collect();
        let encoded = each(numbered, |(at, line)| self.encode(line, at));
        let encoded: Vec<Encoded> = encoded.into_iter().collect::<Result<_>>()?;
        let (mut examples, mut texts, mut too_long) = (Vec::new(), Vec::new(), 0);
        for line in encoded {
            match line {
                Encoded::Chat(example) if example.ids.len() > self.longest => too_long += 1,
                Encoded::Chat(example) => examples.push(example),
                Encoded::Text(ids) => texts.extend(ids),
            }
        }
        examples.extend(
            texts
                .chunks(self.longest)
                .filter(|ids| ids.len() > 1)
                .map(|ids| Example {
                    ids: ids.to_vec(),
                    learned: vec![true; ids.len()],
                }),
        );
        Ok((examples, too_long))
    }

    /// A text's ids, cut at the longest.
    ///
    /// # Errors
    /// The tokenizer's.
    pub fn text(&self, text: &str) -> Result<Vec<u32>> {
        let mut ids = self.tokenizer.encode_document(text)?;
        ids.truncate(self.longest);
        Ok(ids)
    }

    fn encode(&self, line: &TrainLine, at: usize) -> Result<Encoded> {
        match line {
            TrainLine::Chat { messages } => Ok(Encoded::Chat(self.chat(messages, at)?)),
            TrainLine::Text { text } => {
                let mut ids = self.tokenizer.encode_document(text)?;
                let end = self.tokenizer.bos().or_else(|| self.tokenizer.eos());
                ids.extend(end);
                Ok(Encoded::Text(ids))
            }
        }
    }

    /// A conversation: what the assistant says is learned, to the token that ends its turn,
    /// unless a turn's weight is 0. Of a turn that is a rationale alone, or only begun, the end is
    /// not learned.
    ///
    /// # Errors
    /// As [`Self::examples`]; `at` is the number of the line, from 0.
    pub fn chat(&self, turns: &[TurnLine], at: usize) -> Result<Example> {
        let messages = turns.iter().map(|turn| message(turn, at));
        let messages: Vec<Message> = messages.collect::<Result<_>>()?;
        let ids = self.ids(&messages, false)?;
        let mut learned = vec![false; ids.len()];
        for (i, turn) in turns.iter().enumerate() {
            if messages[i].role != Role::Assistant || turn.weight == Some(0) {
                continue;
            }
            let before = self.ids(&messages[..i], true)?;
            let whole = self.ids(&messages[..=i], false)?;
            let stops = self.tokenizer.stop_tokens();
            let end = whole.iter().rposition(|id| stops.contains(id));
            let end = end.map_or(whole.len(), |end| end + 1);
            if !ids.starts_with(&whole[..end]) || !whole.starts_with(&before) || end <= before.len()
            {
                return Err(bad(
                    at,
                    "the model's template changes earlier turns; give each answer a line of its own",
                ));
            }
            // Behind the rationale of an exercise there is nothing, and behind an answer's first
            // words not its end: neither is to be learned.
            let is_exercise = turn.content.is_empty() && turn.reasoning_content.is_some();
            let end = if turn.begun || is_exercise {
                end - 1
            } else {
                end
            };
            learned[before.len()..end].fill(true);
        }
        if learned.iter().all(|learned| !learned) {
            return Err(bad(at, "there is no turn of the assistant to learn from"));
        }
        Ok(Example { ids, learned })
    }

    fn ids(&self, messages: &[Message], add_generation_prompt: bool) -> Result<Vec<u32>> {
        let segments = self.template.render(messages, add_generation_prompt)?;
        self.tokenizer.encode(&segments)
    }
}

enum Encoded {
    Chat(Example),
    Text(Vec<u32>),
}

/// A config stands there as it was read, where that is told.
fn message(turn: &TurnLine, at: usize) -> Result<Message> {
    let role = Role::parse(&turn.role).ok_or_else(|| {
        bad(
            at,
            &format!("role {:?}; known: system, user, assistant", turn.role),
        )
    })?;
    let mut message = Message {
        role,
        content: turn.content.clone(),
        reasoning: turn.reasoning_content.clone(),
    };
    message.show_reading();
    Ok(message)
}

fn bad(at: usize, detail: &str) -> Error {
    Error::BadRecord {
        at: format!("training line {}", at + 1),
        detail: detail.to_owned(),
    }
}
