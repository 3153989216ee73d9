//! The curves of a training run as a plot.

use plotters::coord::Shift;
use plotters::prelude::*;
use serde::{Deserialize, Serialize};

use super::run::Progress;
use crate::error::{Error, Result};

/// A point of all curves: one line of the file beside a model in training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PointLine {
    /// Steps taken.
    pub step: u64,
    /// Mean over the steps since the point before.
    pub loss: f64,
    /// Learning rate.
    pub rate: f64,
    /// Length of the gradients before clipping.
    pub gradient: f64,
    /// Tokens since the point before, padding included.
    pub tokens: usize,
    /// Loss on held-out data, where there is some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<f64>,
    /// Mean distance by which the chosen answers gained on the rejected ones, times beta.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// Share of the pairs whose chosen answer gained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub won: Option<f64>,
}

impl PointLine {
    /// The mean of some steps.
    #[must_use]
    pub fn of(steps: &[Progress]) -> Option<Self> {
        let last = steps.last()?;
        let mean =
            |of: &dyn Fn(&Progress) -> f64| steps.iter().map(of).sum::<f64>() / steps.len() as f64;
        let other = |name: &str| {
            let of = |step: &Progress| step.others.iter().find(|o| o.0 == name).map(|o| o.1);
            last.others
                .iter()
                .any(|o| o.0 == name)
                .then(|| mean(&|s| of(s).unwrap_or(0.0)))
        };
        Some(Self {
            step: last.step,
            loss: mean(&|step| step.loss),
            rate: last.rate,
            gradient: mean(&|step| step.gradient),
            tokens: steps.iter().map(|step| step.tokens).sum(),
            held_out: None,
            margin: other("margin"),
            won: other("won"),
        })
    }
}

/// A colour with the name of its curve and its points.
type Series = (RGBColor, &'static str, Vec<(f64, f64)>);

/// The curves as SVG: losses above, and margins below where there are any.
///
/// # Errors
/// `Training` where the plot cannot be drawn.
pub fn plot(points: &[PointLine], title: &str) -> Result<String> {
    let of = |value: &dyn Fn(&PointLine) -> Option<f64>| -> Vec<(f64, f64)> {
        let points = points
            .iter()
            .filter_map(|p| Some((p.step as f64, value(p)?)));
        points.filter(|point| point.1.is_finite()).collect()
    };
    let losses = vec![
        (BLUE, "loss", of(&|p| Some(p.loss))),
        (RED, "held-out loss", of(&|p| p.held_out)),
    ];
    let margins = vec![
        (BLUE, "reward margin", of(&|p| p.margin)),
        (RED, "chosen preferred, share", of(&|p| p.won)),
    ];
    let charts: Vec<Vec<Series>> = [losses, margins]
        .into_iter()
        .map(|chart| {
            chart
                .into_iter()
                .filter(|series| !series.2.is_empty())
                .collect()
        })
        .filter(|chart: &Vec<Series>| !chart.is_empty())
        .collect();
    let mut svg = String::new();
    {
        let size = (800, 360 * charts.len().max(1) as u32);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        area.fill(&WHITE).map_err(broken)?;
        let area = area.titled(title, ("sans-serif", 18)).map_err(broken)?;
        for (chart, area) in charts.iter().zip(area.split_evenly((charts.len(), 1))) {
            draw(chart, &area).map_err(broken)?;
        }
        area.present().map_err(broken)?;
    }
    Ok(svg)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn draw(chart: &[Series], area: &Area<'_>) -> Result<(), Box<dyn std::error::Error>> {
    let all = || chart.iter().flat_map(|series| &series.2);
    let least = |of: fn(&(f64, f64)) -> f64| all().map(of).fold(f64::INFINITY, f64::min);
    let most = |of: fn(&(f64, f64)) -> f64| all().map(of).fold(f64::NEG_INFINITY, f64::max);
    let (left, right) = (least(|p| p.0), most(|p| p.0).max(least(|p| p.0) + 1.0));
    let (low, high) = (least(|p| p.1), most(|p| p.1));
    let room = ((high - low) * 0.05).max(1e-3);
    let mut context = ChartBuilder::on(area)
        .margin(12)
        .x_label_area_size(32)
        .y_label_area_size(48)
        .build_cartesian_2d(left..right, low - room..high + room)?;
    let mut mesh = context.configure_mesh();
    mesh.x_desc("steps").light_line_style(TRANSPARENT).draw()?;
    for (colour, name, points) in chart {
        let colour = *colour;
        let line = context.draw_series(LineSeries::new(points.iter().copied(), &colour))?;
        line.label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour));
    }
    let mut labels = context.configure_series_labels();
    labels.background_style(WHITE).border_style(BLACK).draw()?;
    Ok(())
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::Training {
        detail: format!("the curves cannot be drawn: {error}"),
    }
}
