//! Charts as SVG, drawn by plotters. Colours are placeholders that the style sheet replaces, so that one chart suits
//! light and dark.

use chrono::{DateTime, TimeDelta, Utc};
use plotters::{
    coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter},
    prelude::*,
};

use super::{format, preferences::Lang};

const SIZE: (u32, u32) = (460, 190);
const GRID: RGBColor = RGBColor(1, 1, 1);
const TEXT: RGBColor = RGBColor(2, 2, 2);
/// In the order of the legend; `admin.css` gives each its colour.
const SERIES: [RGBColor; 3] = [RGBColor(11, 11, 11), RGBColor(12, 12, 12), RGBColor(13, 13, 13)];
const FONT: (&str, u32) = ("system-ui, 'Noto Sans Devanagari', sans-serif", 13);

/// One line of a chart; none where nothing is known.
pub(crate) type Line = Vec<(DateTime<Utc>, Option<f64>)>;

/// The time axis.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis {
    pub(crate) lang: Lang,
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
}

impl Axis {
    fn minutes(self, at: DateTime<Utc>) -> f64 {
        (at - self.from).as_seconds_f64() / 60.0
    }

    fn at(self, minutes: f64) -> DateTime<Utc> {
        #[expect(clippy::cast_possible_truncation, reason = "minutes of a month")]
        let seconds = (minutes * 60.0) as i64;
        self.from + TimeDelta::seconds(seconds)
    }
}

/// Minutes since the chart's begin, labelled at whole hours or days of Nepal.
struct Minutes(Axis);

impl Ranged for Minutes {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = value / self.0.minutes(self.0.to);
        #[expect(clippy::cast_possible_truncation, reason = "pixels")]
        let offset = (share * f64::from(limit.1 - limit.0)).round() as i32;
        limit.0 + offset
    }

    fn key_points<H: KeyPointHint>(&self, _: H) -> Vec<f64> {
        let all = self.0.to - self.0.from;
        let step = match all.num_hours() {
            ..=2 => TimeDelta::minutes(30),
            3..=30 => TimeDelta::hours(6),
            31..=200 => TimeDelta::days(2),
            _ => TimeDelta::days(7),
        };
        // Nepal is 5:45 ahead of UTC all year.
        let offset = TimeDelta::minutes(345);
        let seconds = (self.0.from + offset).timestamp().rem_euclid(step.num_seconds());
        let first = self.0.from - TimeDelta::seconds(seconds) + step;
        let points = (0..).map(|i| first + step * i).take_while(|at| *at <= self.0.to);
        points.map(|at| self.0.minutes(at)).collect()
    }

    fn range(&self) -> std::ops::Range<f64> {
        0.0..self.0.minutes(self.0.to)
    }
}

impl ValueFormatter<f64> for Minutes {
    fn format_ext(&self, minutes: &f64) -> String {
        let days = (self.0.to - self.0.from).num_hours() > 30;
        format::axis(self.0.lang, self.0.at(*minutes), days)
    }
}

/// Draws lines over time; the first one is filled. An empty text where it cannot be drawn.
pub(crate) fn draw(axis: Axis, lines: &[Line]) -> String {
    let mut svg = String::new();
    if let Err(error) = try_draw(axis, lines, &mut svg) {
        tracing::error!(%error, "a chart could not be drawn");
        return String::new();
    }
    // The text beside it says what it shows.
    svg.replacen("<svg ", "<svg class=\"chart\" role=\"presentation\" aria-hidden=\"true\" ", 1)
}

fn try_draw(axis: Axis, lines: &[Line], svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let highest = lines.iter().flatten().filter_map(|(_, value)| *value).fold(0.0, f64::max);
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let mut chart = ChartBuilder::on(&area)
        .margin_top(10)
        .margin_right(14)
        .x_label_area_size(24)
        .y_label_area_size(48)
        .build_cartesian_2d(Minutes(axis), 0.0..nice(highest))?;
    let label = TextStyle::from(FONT).color(&TEXT);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .max_light_lines(0)
        .y_labels(4)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .label_style(label)
        .y_label_formatter(&|value| format::short(axis.lang, *value))
        .draw()?;
    for (i, (line, color)) in lines.iter().zip(SERIES).enumerate() {
        for run in runs(axis, line) {
            if i == 0 {
                chart.draw_series(AreaSeries::new(run.clone(), 0.0, color.mix(0.14)))?;
            }
            chart.draw_series(LineSeries::new(run, color.stroke_width(2)))?;
        }
    }
    area.present()?;
    drop(chart);
    drop(area);
    Ok(())
}

/// The stretches of a line without a gap.
fn runs(axis: Axis, line: &Line) -> Vec<Vec<(f64, f64)>> {
    let stretches = line.split(|(_, value)| value.is_none()).filter(|run| !run.is_empty());
    stretches
        .map(|run| {
            run.iter().filter_map(|(at, value)| Some((axis.minutes(*at).max(0.0), (*value)?))).collect()
        })
        .collect()
}

/// A round number a little above the highest value.
fn nice(highest: f64) -> f64 {
    if highest <= 4.0 {
        return 4.0;
    }
    let power = 10_f64.powf(highest.log10().floor());
    let steps = [1.2, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0];
    steps.into_iter().map(|step| step * power).find(|top| *top >= highest * 1.05).unwrap_or(power * 12.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis() -> Axis {
        let from: DateTime<Utc> = "2026-11-25T00:00:00Z".parse().unwrap();
        Axis { lang: Lang::English, from, to: from + TimeDelta::hours(24) }
    }

    #[test]
    fn a_chart_is_an_svg_without_inline_style_or_script() {
        let at = |minutes| axis().from + TimeDelta::minutes(minutes);
        let line = vec![(at(0), Some(1.0)), (at(700), Some(9.0)), (at(1440), Some(4.0))];
        let svg = draw(axis(), &[line]);
        assert!(svg.starts_with("<svg class=\"chart\""), "{svg}");
        for colour in ["#0B0B0B", "#010101", "#020202"] {
            assert!(svg.contains(colour), "{colour} is themed by the style sheet");
        }
        assert!(!svg.contains("style=") && !svg.contains("<script"), "the policy forbids it");
        assert!(svg.contains("06:00") && svg.contains("18:00"), "{svg}");
    }

    #[test]
    fn gaps_stay_gaps() {
        let at = |minutes| axis().from + TimeDelta::minutes(minutes);
        let line = vec![(at(0), Some(1.0)), (at(1), None), (at(2), Some(3.0)), (at(3), Some(4.0))];
        assert_eq!(runs(axis(), &line), [vec![(0.0, 1.0)], vec![(2.0, 3.0), (3.0, 4.0)]]);
    }

    #[test]
    fn the_axis_ends_at_a_round_number_above_the_highest() {
        for (highest, top) in [(0.0, 4.0), (7.0, 8.0), (90.0, 100.0), (98.0, 120.0), (1300.0, 1500.0)] {
            assert!((nice(highest) - top).abs() < 1e-9, "{highest}: {}", nice(highest));
        }
    }
}
