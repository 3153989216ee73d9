//! The words a conversation is made of, each with its origin.

/// Who speaks in a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The operator: where the safety config stands.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// The role of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::System, Self::User, Self::Assistant];
        all.into_iter().find(|role| role.name() == name)
    }

    /// The name that chat templates compare with.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, without reasoning.
    pub content: String,
    /// What the model thought before it answered. The template decides whether it is shown
    /// to the model again. Of a config, what the model read in it.
    pub reasoning: Option<String>,
}

impl Message {
    /// A turn without reasoning.
    #[must_use]
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
            reasoning: None,
        }
    }

    /// Puts what was read in a config in its place, where that is told.
    pub fn show_reading(&mut self) {
        let role = self.role;
        if let Some(reading) = self.reasoning.take_if(|_| role == Role::System) {
            self.content = reading;
        }
    }
}

/// A piece of a rendered prompt. Content never becomes a control token, whatever it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Words of the chat template, which may name control tokens.
    Template(String),
    /// Words of a message: always plain text.
    Content(String),
}
