//! One word that says which job there is and how far it is.

/// Which job there is, and how far it is.
pub(super) struct Ticket {
    pub generation: u32,
    pub chunks: u16,
    pub next: u16,
}

impl From<u64> for Ticket {
    fn from(word: u64) -> Self {
        Self {
            generation: (word >> 32) as u32,
            chunks: (word >> 16) as u16,
            next: word as u16,
        }
    }
}

impl From<Ticket> for u64 {
    fn from(ticket: Ticket) -> Self {
        Self::from(ticket.generation) << 32
            | Self::from(ticket.chunks) << 16
            | Self::from(ticket.next)
    }
}
