//! How training goes, on the screen and in files beside the model.

use std::path::{Path, PathBuf};
use std::time::Instant;

use cosa::Result;
use cosa::align::train::Progress;
use cosa::align::train::curve::{PointLine, plot};
use indicatif::{ProgressBar, ProgressStyle};

use crate::files::{BadLines, json_lines, open, read_lines, replace};

/// Points of a curve, where the run has so many steps; of long runs, a point is 20 steps.
const POINTS: u64 = 50;
const LONGEST_POINT: u64 = 20;

/// The bar on the screen, and the points beside the model.
pub struct Curves {
    bar: ProgressBar,
    path: PathBuf,
    /// Steps that make one point.
    point: u64,
    points: Vec<PointLine>,
    steps: Vec<Progress>,
    /// When the first of them began.
    begun: Instant,
}

impl Curves {
    pub fn open(model: &Path, steps: u64) -> Result<Self> {
        let path = model.with_extension("curve.jsonl");
        let points = if path.exists() {
            read_lines(&path.display().to_string(), open(&path)?, BadLines::Fail)?
        } else {
            Vec::new()
        };
        let style = ProgressStyle::with_template("{pos}/{len} {wide_bar} {eta} {msg}");
        let bar = ProgressBar::new(steps)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Ok(Self {
            bar,
            path,
            point: (steps / POINTS).clamp(1, LONGEST_POINT),
            points,
            steps: Vec::new(),
            begun: Instant::now(),
        })
    }

    pub fn add(
        &mut self,
        step: &Progress,
        held_out: impl FnOnce() -> Result<Option<f64>>,
    ) -> Result<()> {
        if self.steps.is_empty() {
            // Those of a run that was stopped behind its last checkpoint come again.
            self.points.retain(|point| point.step < step.step);
        }
        self.steps.push(step.clone());
        self.bar.set_position(step.step);
        if !step.step.is_multiple_of(self.point) {
            return Ok(());
        }
        let Some(mut point) = PointLine::of(&self.steps) else {
            return Ok(());
        };
        let speed = point.tokens as f64 / self.begun.elapsed().as_secs_f64();
        point.held_out = if step.step.is_multiple_of(10 * self.point) {
            held_out()?
        } else {
            None
        };
        self.tell(&point, speed);
        self.points.push(point);
        self.steps.clear();
        self.begun = Instant::now();
        replace(&self.path, &json_lines(&self.points)?)
    }

    fn tell(&self, point: &PointLine, speed: f64) {
        let margin = point.margin.map(|margin| format!(", margin {margin:.3}"));
        let margin = margin.unwrap_or_default();
        let told = format!("loss {:.4}{margin}, {speed:.0} tokens/s", point.loss);
        if self.bar.is_hidden() {
            eprintln!("step {}: {told}", point.step);
        }
        self.bar.set_message(told);
    }

    pub fn close(&self, stage: &str) -> Result<()> {
        self.bar.finish_and_clear();
        if self.points.is_empty() {
            return Ok(());
        }
        replace(
            &self.path.with_extension("svg"),
            &plot(&self.points, stage)?,
        )
    }
}
