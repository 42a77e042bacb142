//! The four key figures.

use crate::metrics::model::{Origins, Overview, Range, SparkPoint};
use crate::ui::chart::spark::spark_html;
use crate::ui::format::{count, duration, millis, percent, time_of_day, utc};
use crate::ui::notice::failed_html;

/// The key figures of the chosen range and requests.
pub fn kpis_html(overview: Result<&Overview, &str>) -> String {
    let (range, content) = match overview {
        Ok(overview) => (period_title(overview), row(overview)),
        Err(why) => ("Key figures".to_owned(), failed_html("The key figures could not be loaded.", why)),
    };
    format!(
        "<section class=\"kpis\" aria-labelledby=\"kpis-title\">\
         <h2 id=\"kpis-title\" class=\"section-title\" data-part=\"range\">{range}</h2>{content}</section>"
    )
}

/// The period that the figures cover, in words.
fn period_title(overview: &Overview) -> String {
    match overview.origin {
        Origins::Run(_) if overview.totals.requests == 0 => "This run: none of its requests is recorded".to_owned(),
        Origins::Run(_) => {
            let seconds = u32::try_from((overview.to - overview.from) / 1000).unwrap_or(u32::MAX);
            format!("This run: {}, {}", utc(overview.from), duration(seconds))
        }
        _ => format!("Last {}", overview.range.title()),
    }
}

fn row(overview: &Overview) -> String {
    let trend = overview.trend.as_ref();
    let spark = |of: fn(&SparkPoint) -> f64| overview.spark.iter().map(of).collect::<Vec<_>>();
    let requests = spark(|point| f64::from(point.requests));
    let cards = [
        KeyFigure {
            name: "Requests",
            value: count(overview.totals.requests),
            note: &share_note(overview),
            trend: trend.map(|trend| change(trend.requests)),
            spark: &requests,
        },
        KeyFigure {
            name: "Current rate",
            value: format!("{} /s", overview.current_rate),
            note: "responses in the last complete second, which ended 1 to 2 s ago",
            trend: None,
            spark: &requests,
        },
        KeyFigure {
            name: "Error rate",
            value: percent(overview.totals.error_rate),
            note: "responses with status 400 or above",
            trend: trend.and_then(|trend| trend.error_rate).map(|points| format!("{:+.1} points", points * 100.0)),
            spark: &spark(|point| f64::from(point.errors) / f64::from(point.requests.max(1))),
        },
        KeyFigure {
            name: "p95 latency",
            value: millis(overview.totals.p95),
            note: "95 % of responses are faster",
            trend: trend.and_then(|trend| trend.p95).map(change),
            spark: &spark(|point| point.p95),
        },
    ];
    let cards: String = cards.iter().map(|card| card.html(overview.range.title())).collect();
    format!("<div class=\"kpi-row\">{cards}</div>")
}

/// How many requests are simulated and real, since when (a period begins with a whole step), and how many were not recorded.
fn share_note(overview: &Overview) -> String {
    let since = match overview.range {
        Range::Minutes5 => time_of_day(overview.from, true),
        Range::Hour => time_of_day(overview.from, false),
        Range::Day => utc(overview.from),
    };
    let dropped = match overview.dropped {
        0 => String::new(),
        dropped => format!(" · {} not recorded", count(dropped)),
    };
    format!("{} simulated, {} real since {since}{dropped}", count(overview.simulated), count(overview.real))
}

/// A relative change in percent with its sign.
fn change(share: f64) -> String {
    match (share * 100.0).round() {
        0.0 => "±0 %".to_owned(),
        percent => format!("{percent:+.0} %"),
    }
}

/// One key figure.
struct KeyFigure<'a> {
    name: &'static str,
    value: String,
    note: &'a str,
    /// The change from the previous period; `None` without a baseline.
    trend: Option<String>,
    spark: &'a [f64],
}

impl KeyFigure<'_> {
    fn html(&self, range: &str) -> String {
        let Self { name, value, note, trend, spark } = self;
        let trend = match trend {
            None => "<p class=\"kpi-trend\" data-part=\"trend\" hidden></p>".to_owned(),
            Some(trend) => format!(
                "<p class=\"kpi-trend\" data-part=\"trend\">{trend}<span class=\"visually-hidden\"> compared with the previous {range}</span></p>"
            ),
        };
        let spark = spark_html(spark);
        format!(
            "<article class=\"card kpi\"><h3>{name}</h3>{trend}<p class=\"kpi-value\" data-part=\"value\">{value}</p>\
             {spark}<p class=\"kpi-note\" data-part=\"note\">{note}</p></article>"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::model::Trend;

    #[test]
    fn a_trend_is_shown_where_there_is_a_baseline() {
        let mut overview = Overview::default();
        assert_eq!(kpis_html(Ok(&overview)).matches("data-part=\"trend\" hidden").count(), 4);
        overview.trend = Some(Trend { requests: 0.5, error_rate: Some(-0.012), p95: None });
        let html = kpis_html(Ok(&overview));
        for words in ["+50 %", "-1.2 points"] {
            let badge = format!("{words}<span class=\"visually-hidden\"> compared with the previous 5 minutes</span>");
            assert!(html.contains(&badge), "{html}");
        }
        assert_eq!(html.matches("data-part=\"trend\" hidden").count(), 2);
        overview.trend = Some(Trend::default());
        assert!(kpis_html(Ok(&overview)).contains("±0 %"));
    }

    #[test]
    fn a_period_says_when_it_began() {
        let from = 1_795_942_800_000;
        let rows =
            [(Range::Minutes5, "09:00:00 UTC<"), (Range::Hour, "09:00 UTC<"), (Range::Day, "2026-11-29 09:00 UTC<")];
        for (range, since) in rows {
            let html = kpis_html(Ok(&Overview { range, from, ..Overview::default() }));
            assert!(html.contains(&format!("0 simulated, 0 real since {since}")), "{html}");
        }
    }

    #[test]
    fn the_period_of_a_run_is_its_own_time() {
        let run = "019b76da-a800-7000-8000-000000000000".parse().expect("a run");
        let mut overview = Overview { origin: Origins::Run(run), from: 0, to: 65_000, ..Overview::default() };
        assert!(kpis_html(Ok(&overview)).contains("none of its requests is recorded"));
        overview.totals.requests = 3;
        let html = kpis_html(Ok(&overview));
        assert!(html.contains("This run: 1970-01-01 00:00 UTC, 1 min 5 s"), "{html}");
    }

    #[test]
    fn requests_that_were_not_recorded_are_counted() {
        let overview = Overview { dropped: 3, simulated: 2, real: 1, ..Overview::default() };
        assert!(kpis_html(Ok(&overview)).contains("2 simulated, 1 real since 00:00:00 UTC · 3 not recorded"));
        assert!(kpis_html(Err("It is <locked>.")).contains("could not be loaded.</strong> It is &lt;locked&gt;."));
    }
}
