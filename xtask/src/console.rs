//! What the person at the terminal sees: headings, progress, times.

use std::{
    io::{IsTerminal, stderr},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

/// Starts a section of the output.
pub fn heading(title: &str) {
    println!("\n== {title}");
}

/// One line of fact.
pub fn note(text: &str) {
    println!("   {text}");
}

/// One line of failure, on standard error.
pub fn error(text: &str) {
    eprintln!("error: {text}");
}

/// A duration as people read it.
pub fn elapsed(since: Instant) -> String {
    let seconds = since.elapsed().as_secs_f64();
    if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        format!(
            "{:.0} min {:02.0} s",
            (seconds / 60.0).floor(),
            seconds % 60.0
        )
    }
}

/// Shows that something is under way: a spinner on a terminal, lines elsewhere.
pub struct Progress {
    title: String,
    start: Instant,
    spinner: Option<ProgressBar>,
    next_line: Duration,
}

impl Progress {
    /// How often a line says that work goes on where no spinner can turn.
    const LINE_EVERY: Duration = Duration::from_secs(15);

    pub fn start(title: &str) -> Self {
        let spinner = stderr().is_terminal().then(|| spinner(title));
        if spinner.is_none() {
            note(&format!("{title} ..."));
        }
        Self {
            title: title.to_owned(),
            start: Instant::now(),
            spinner,
            next_line: Self::LINE_EVERY,
        }
    }

    /// Called often while the work goes on.
    pub fn tick(&mut self) {
        if self.spinner.is_none() && self.start.elapsed() >= self.next_line {
            note(&format!("{} ... {}", self.title, elapsed(self.start)));
            self.next_line += Self::LINE_EVERY;
        }
    }

    /// Ends the progress with one line that stays.
    pub fn finish(self, outcome: &str) {
        if let Some(spinner) = self.spinner {
            spinner.finish_and_clear();
        }
        note(&format!(
            "{}: {outcome} ({})",
            self.title,
            elapsed(self.start)
        ));
    }
}

fn spinner(title: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(title.to_owned());
    if let Ok(style) = ProgressStyle::with_template("   {spinner} {msg} ({elapsed})") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
