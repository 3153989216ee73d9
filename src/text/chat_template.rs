//! Messages become a prompt, as the model's own chat template says.
//!
//! The template comes with the model file and is not trusted: it sees no content (see
//! `placeholder`), has bounded fuel, and a prompt in which it has left out a system message
//! or the newest question is refused, so that the safety config cannot get lost.

use minijinja::{Environment, Value, context};

use super::jinja;
use super::message::{Message, Role, Segment};
use super::placeholder::Contents;
use super::tokenizer::Tokenizer;
use crate::error::{Error, Result};
use crate::gguf::Metadata;

/// For files without a template: the turns of ChatML.
const CHATML: &str = "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/// The largest template that is parsed, in bytes; real ones have below 20,000.
const MAX_SOURCE: usize = 1 << 17;
/// The most bytes that a template may render.
const MAX_OUTPUT: usize = 8 << 20;
/// What a template may use up: one unit is about one instruction or 64 bytes. Real ones
/// take below 350, and below 80 for each message; white space of contents comes on top.
const FUEL: usize = 3_000;
const FUEL_PER_MESSAGE: usize = 200;
const FUEL_PER_BYTE: usize = 1;

/// The date that `strftime_now` tells until [`ChatTemplate::set_now`]: 26 July 2024, on which
/// Llama 3's template falls back too. The same prompt every day unless the caller says else.
const DEFAULT_NOW: i64 = 1_721_952_000;

/// A model's chat template.
#[derive(Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    bos: String,
    eos: String,
    system_role: bool,
}

impl ChatTemplate {
    /// Parses the file's template, or takes ChatML where it has none, and tries it out.
    ///
    /// # Errors
    /// `Template` where it does not parse, or cannot render one question.
    pub fn from_metadata(metadata: &Metadata, tokenizer: &Tokenizer) -> Result<Self> {
        let source = metadata.opt_str("tokenizer.chat_template")?;
        let source = source.unwrap_or(CHATML);
        if source.len() > MAX_SOURCE {
            return Err(broken(format!(
                "{} bytes long; at most {MAX_SOURCE} are read",
                source.len()
            )));
        }
        let name = |id: Option<u32>| {
            let text = id.and_then(|id| tokenizer.token_text(id));
            text.unwrap_or_default().to_owned()
        };
        let environment = jinja::environment(source).map_err(|error| broken(error.to_string()))?;
        let mut template = Self {
            environment,
            bos: name(tokenizer.bos()),
            eos: name(tokenizer.eos()),
            system_role: true,
        };
        template.set_now(DEFAULT_NOW);
        let question = [
            Message::new(Role::System, "s"),
            Message::new(Role::User, "u"),
        ];
        template.system_role = template.render(&question, true).is_ok();
        template.render(&question, true)?;
        Ok(template)
    }

    /// Says what time it is for templates that print a date: seconds since 1970, in the time
    /// zone to be shown.
    pub fn set_now(&mut self, seconds: i64) {
        jinja::set_now(&mut self.environment, seconds);
    }

    /// Whether the template has a turn for the system. Where not, [`Self::render`] puts
    /// system messages before the first user message, in its turn.
    #[must_use]
    pub fn has_system_role(&self) -> bool {
        self.system_role
    }

    /// The prompt for `messages`, with the beginning of an answer where
    /// `add_generation_prompt` is set.
    ///
    /// # Errors
    /// `Template` where the template fails, uses up too much, or leaves out a system message
    /// or the newest user message.
    pub fn render(
        &self,
        messages: &[Message],
        add_generation_prompt: bool,
    ) -> Result<Vec<Segment>> {
        let mut contents = Contents::default();
        let turns = self.turns(messages, &mut contents)?;
        let rendered = self.run(turns.values, turns.fuel, add_generation_prompt)?;
        let revealed = contents.reveal(&rendered);
        match turns
            .needed
            .iter()
            .find(|need| !revealed.used[need.content])
        {
            Some(need) => Err(broken(format!(
                "it leaves out the {} message",
                need.role.name()
            ))),
            None => Ok(revealed.segments),
        }
    }

    fn run(
        &self,
        messages: Vec<Value>,
        fuel: usize,
        add_generation_prompt: bool,
    ) -> Result<String> {
        let mut environment = self.environment.clone();
        environment.set_fuel(Some(fuel as u64));
        let template = environment.get_template(jinja::NAME);
        let values = context! {
            messages, add_generation_prompt,
            bos_token => &self.bos, eos_token => &self.eos,
            tools => (), documents => (),
        };
        let rendered = template.and_then(|template| template.render(values));
        let rendered = rendered.map_err(|error| broken(error.to_string()))?;
        if rendered.len() > MAX_OUTPUT {
            return Err(broken(format!("it renders more than {MAX_OUTPUT} bytes")));
        }
        Ok(rendered)
    }

    /// The messages as the template sees them.
    fn turns<'m>(&self, messages: &'m [Message], contents: &mut Contents<'m>) -> Result<Turns> {
        let mut turns = Turns {
            fuel: FUEL + FUEL_PER_MESSAGE * messages.len(),
            ..Turns::default()
        };
        let mut preface = String::new();
        let newest = messages.iter().rposition(|m| m.role == Role::User);
        for (at, message) in messages.iter().enumerate() {
            let needed = message.role == Role::System || Some(at) == newest;
            let content = contents.len();
            let mut text = hide(contents, &message.content)?;
            turns.fuel += FUEL_PER_BYTE * text.len();
            if needed && contents.len() > content {
                let role = message.role;
                turns.needed.push(Need { role, content });
            }
            if message.role == Role::System && !self.system_role {
                preface = preface + &text + "\n\n";
                continue;
            }
            if message.role == Role::User {
                text = std::mem::take(&mut preface) + &text;
            }
            let reasoning = message.reasoning.as_deref();
            let reasoning = reasoning.map(|text| hide(contents, text)).transpose()?;
            turns.values.push(turn(message.role, text, reasoning));
        }
        Ok(turns)
    }
}

#[derive(Default)]
struct Turns {
    values: Vec<Value>,
    needed: Vec<Need>,
    fuel: usize,
}

/// A content that must be in the prompt.
struct Need {
    role: Role,
    content: usize,
}

fn turn(role: Role, content: String, reasoning: Option<String>) -> Value {
    let mut fields = vec![
        ("role", Value::from(role.name())),
        ("content", Value::from(content)),
    ];
    // Templates ask whether the key is there at all.
    fields.extend(reasoning.map(|text| ("reasoning_content", Value::from(text))));
    Value::from_pairs(fields)
}

fn hide<'m>(contents: &mut Contents<'m>, text: &'m str) -> Result<String> {
    let hidden = contents.hide(text);
    hidden.ok_or_else(|| broken("there are too many messages".to_owned()))
}

/// Whether the prompt ends inside `<think>`, so that an answer begins with reasoning.
#[must_use]
pub fn opens_reasoning(segments: &[Segment]) -> bool {
    match segments.last() {
        Some(Segment::Template(text)) => text.rfind("<think>") > text.rfind("</think>"),
        _ => false,
    }
}

fn broken(detail: String) -> Error {
    Error::Template { detail }
}
