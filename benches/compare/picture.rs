//! Size against speed, as SVG.

use std::fmt::Write;

use crate::measure::{Cost, Measurement};
use crate::report::{Row, Table, speed};

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 400.0;
/// Free space around a panel's axes: left, right, top, bottom.
const MARGIN: [f64; 4] = [52.0, 16.0, 40.0, 44.0];
/// Average width and height of a letter of the labels.
const LETTER: [f64; 2] = [5.9, 11.0];

const STYLE: &str = "\
  text { font: 11px sans-serif; fill: #24292f; }
  .title { font-size: 13px; font-weight: bold; }
  .axis { stroke: #8c959f; fill: none; }
  .grid { stroke: #8c959f; stroke-opacity: .25; }
  .peer { fill: #6e7781; }
  .ours { fill: #1a7f37; }
  text.ours { font-weight: bold; }
  polyline { stroke: #1a7f37; fill: none; stroke-opacity: .5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #d0d7de; }
    .ours { fill: #3fb950; }
    polyline { stroke: #3fb950; }
  }
";

/// Draws a panel for packing beside one for unpacking. Up is smaller, right is faster.
pub fn draw(table: &Table) -> String {
    let panels = [
        panel("Packing", table, |found| found.create),
        panel("Unpacking", table, |found| found.extract),
    ];
    let width = WIDTH * panels.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {HEIGHT}\" \
         role=\"img\" aria-label=\"Size against speed\">\n<style>\n{STYLE}</style>\n"
    );
    for (place, panel) in panels.iter().enumerate() {
        writeln!(svg, "<g transform=\"translate({} 0)\">\n{panel}</g>", place as f64 * WIDTH)
            .expect("writing to a string");
    }
    svg + "</svg>\n"
}

struct Point<'a> {
    row: &'a Row,
    /// Decimal logarithm of KB/s.
    x: f64,
    /// Size in percent of the input.
    y: f64,
}

/// Linear map of a range of values to pixels.
struct Scale {
    from: [f64; 2],
    to: [f64; 2],
}

impl Scale {
    fn at(&self, value: f64) -> f64 {
        let [a, b] = self.from;
        self.to[0] + (value - a) / (b - a) * (self.to[1] - self.to[0])
    }
}

/// Returns the lowest and highest value, with some margin.
fn range(values: impl Iterator<Item = f64> + Clone, room: f64) -> [f64; 2] {
    [values.clone().fold(f64::MAX, f64::min) - room, values.fold(f64::MIN, f64::max) + room]
}

fn panel(title: &str, table: &Table, way: fn(&Measurement) -> Cost) -> String {
    let points: Vec<_> = table
        .rows
        .iter()
        .map(|row| Point {
            row,
            x: speed(table.bytes, way(&row.found)).log10(),
            y: 100.0 * row.found.size as f64 / table.bytes as f64,
        })
        .collect();
    let [left, right, top, bottom] = MARGIN;
    let x =
        Scale { from: range(points.iter().map(|point| point.x), 0.2), to: [left, WIDTH - right] };
    let y =
        Scale { from: range(points.iter().map(|point| point.y), 0.5), to: [top, HEIGHT - bottom] };
    let mut svg = axes(title, &x, &y);
    // Our levels, without the row of the defaults, which are next to their level.
    let ours = points.iter().filter(|point| point.row.label.contains("--level"));
    let line: Vec<_> =
        ours.map(|point| format!("{:.1},{:.1}", x.at(point.x), y.at(point.y))).collect();
    writeln!(svg, "<polyline points=\"{}\"/>", line.join(" ")).expect("writing to a string");
    svg + &labels(&points, &x, &y)
}

fn axes(title: &str, x: &Scale, y: &Scale) -> String {
    let ([left, right], [top, bottom]) = (x.to, y.to);
    let mut svg = String::new();
    let mut put = |text: String| {
        svg.push_str(&text);
        svg.push('\n');
    };
    let middle = (left + right) / 2.0;
    put(format!("<text class=\"title\" x=\"{left}\" y=\"20\">{title}</text>"));
    put(format!("<path class=\"axis\" d=\"M{left} {top}V{bottom}H{right}\"/>"));
    put(format!(
        "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">KB/s on one core, faster →</text>",
        bottom + 34.0
    ));
    put(format!("<text x=\"{left}\" y=\"{}\">% of the input, smaller ↑</text>", top - 6.0));
    let [first, last] = x.from.map(|value| value as i32 - 1);
    for (decade, step) in (first..=last + 1).flat_map(|decade| [1.0, 2.0, 5.0].map(|s| (decade, s)))
    {
        let value = step * 10f64.powi(decade);
        let at = x.at(value.log10());
        if (left..=right).contains(&at) {
            put(format!("<path class=\"grid\" d=\"M{at:.1} {top}V{bottom}\"/>"));
            let label = bottom + 16.0;
            put(format!("<text x=\"{at:.1}\" y=\"{label}\" text-anchor=\"middle\">{value}</text>"));
        }
    }
    let [lowest, highest] = y.from.map(|value| value as i32);
    let step = ((highest - lowest) / 8).max(1) as usize;
    for percent in (lowest..=highest).step_by(step) {
        let at = y.at(percent.into());
        if (top..=bottom).contains(&at) {
            put(format!("<path class=\"grid\" d=\"M{left} {at:.1}H{right}\"/>"));
            put(format!(
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{percent}</text>",
                left - 6.0,
                at + 4.0
            ));
        }
    }
    svg
}

/// A rectangle: left, top, right, bottom.
type Rectangle = [f64; 4];

fn overlap(a: &Rectangle, b: &Rectangle) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

/// Draws points with their names, each name where it touches nothing drawn so far, if
/// there is such a place.
fn labels(points: &[Point], x: &Scale, y: &Scale) -> String {
    let mut svg = String::new();
    let spot = |point: &Point| (x.at(point.x), y.at(point.y));
    let mut taken: Vec<Rectangle> =
        points.iter().map(spot).map(|(x, y)| [x - 4.0, y - 4.0, x + 4.0, y + 4.0]).collect();
    for point in points {
        let (at, level) = spot(point);
        let (width, height) = (LETTER[0] * point.row.label.len() as f64, LETTER[1]);
        let places = [0.0, -10.0, 10.0, -20.0, 20.0].into_iter().flat_map(|shift| {
            [at + 7.0, at - 7.0 - width, at - width / 2.0].map(|left| (left, level + 4.0 + shift))
        });
        let rectangle = |(left, base): (f64, f64)| [left, base - height, left + width, base + 2.0];
        let inside =
            |r: &Rectangle| r[0] > x.to[0] && r[2] < WIDTH && r[1] > 24.0 && r[3] < y.to[1];
        let is_free = |&place: &(f64, f64)| {
            let r = rectangle(place);
            inside(&r) && !taken.iter().any(|other| overlap(&r, other))
        };
        let place = places.clone().find(is_free).unwrap_or((at + 7.0, level + 4.0));
        taken.push(rectangle(place));
        let class = if point.row.ours { "ours" } else { "peer" };
        writeln!(
            svg,
            "<circle class=\"{class}\" cx=\"{at:.1}\" cy=\"{level:.1}\" r=\"3.5\"/>\n\
             <text class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            place.0, place.1, point.row.label
        )
        .expect("writing to a string");
    }
    svg
}
