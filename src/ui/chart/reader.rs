//! Reads the values of charts with pointer or keyboard: a native slider lies over each picture. One reader serves all charts
//! of the page, and takes the values from the charts' tables.

use leptos::prelude::*;
use web_sys::wasm_bindgen::JsCast;
use web_sys::wasm_bindgen::closure::Closure;
use web_sys::{Element, Event, HtmlInputElement, PointerEvent};

use super::Rows;
use crate::ui::dom::{elements, find, target};
use crate::ui::table::NOTHING;

/// The events to handle, in their capture phase, because some of them do not bubble.
const EVENTS: [&str; 7] = ["toggle", "focusin", "focusout", "input", "pointermove", "pointerdown", "pointerout"];

/// Which point of a chart is read.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Position {
    /// The newest point.
    Last,
    /// The point with this index.
    Index(usize),
    /// The point that is nearest to this share of the width.
    Near(f64),
}

/// The reader of a page.
#[derive(Clone, Copy)]
pub struct Reader {
    /// The charts that need the rows of their tables: those that are being read, and those whose table is open.
    wanted: RwSignal<Vec<String>>,
    /// The chart that is being read, and where.
    reading: StoredValue<Option<(String, Position)>>,
}

impl Reader {
    /// Makes the charts of the page readable as long as it lives, and provides the reader to all islands. Called in the browser
    /// only.
    pub fn start() {
        let reader = Self { wanted: RwSignal::default(), reading: StoredValue::default() };
        provide_context(reader);
        let listener = Closure::<dyn FnMut(Event)>::new(move |event| reader.handle(&event)).into_js_value();
        for name in EVENTS {
            // Adding a listener to the document does not fail.
            document().add_event_listener_with_callback_and_bool(name, listener.unchecked_ref(), true).ok();
        }
        if let Some(page) = document().document_element() {
            reader.refresh_below(&page);
        }
    }

    /// The charts that need the rows of their tables. All of them where there is no reader, that is, on the server.
    pub fn wanted() -> Rows {
        use_context::<Self>().map_or(Rows::All, |reader| Rows::Of(reader.wanted.get()))
    }

    /// The ids of [`Self::wanted`], separated by commas, for [`Rows::read`].
    pub fn wanted_ids() -> String {
        use_context::<Self>().map(|reader| reader.wanted.get().join(",")).unwrap_or_default()
    }

    /// Calls `fetch` whenever one more chart needs its rows. Does nothing on the server.
    pub fn on_more_wanted(fetch: impl Fn() + 'static) {
        Effect::new(move |before: Option<usize>| {
            let now = use_context::<Self>().map_or(0, |reader| reader.wanted.read().len());
            if before.is_some_and(|before| now > before) {
                fetch();
            }
            now
        });
    }

    /// Shows the current reading in the charts below `root` again, after their HTML was replaced.
    pub fn refresh(root: &Element) {
        if let Some(reader) = use_context::<Self>() {
            reader.refresh_below(root);
        }
    }

    fn refresh_below(self, root: &Element) {
        for slider in elements::<HtmlInputElement>(root.query_selector_all(".reader")) {
            let Some(figure) = Figure::around(&slider) else { continue };
            // Without a script, or without points, it is of no use.
            slider.set_hidden(!figure.has_points());
            if let Some(position) = self.position_in(&figure) {
                figure.read(Some(position));
            }
        }
    }

    fn position_in(self, figure: &Figure) -> Option<Position> {
        self.reading
            .with_value(|reading| reading.as_ref().filter(|(chart, _)| *chart == figure.name).map(|(_, at)| *at))
    }

    fn handle(self, event: &Event) {
        let Some(target) = target(event) else { return };
        if event.type_() == "toggle" {
            if let Some(figure) = target.class_list().contains("as-table").then(|| Figure::around(&target)).flatten() {
                self.note_wanted(&figure);
            }
            return;
        }
        let Some(slider) = target.dyn_ref::<HtmlInputElement>().filter(|input| input.class_name() == "reader") else {
            return;
        };
        let Some(figure) = Figure::around(&target) else { return };
        let position = match event.type_().as_str() {
            "focusin" => self.position_in(&figure).or(Some(Position::Last)),
            "input" => slider.value().parse().ok().map(Position::Index),
            "focusout" | "pointerout" => None,
            _ => event
                .dyn_ref::<PointerEvent>()
                .map(|pointer| Position::Near(f64::from(pointer.offset_x()) / f64::from(slider.client_width().max(1)))),
        };
        self.reading.set_value(position.map(|position| (figure.name.clone(), position)));
        self.note_wanted(&figure);
        figure.read(position);
    }

    /// Notes whether a chart needs its rows.
    fn note_wanted(self, figure: &Figure) {
        let wants = self.position_in(figure).is_some() || figure.is_open();
        if self.wanted.read_untracked().contains(&figure.name) != wants {
            self.wanted.update(|wanted| match wants {
                true => wanted.push(figure.name.clone()),
                false => wanted.retain(|name| *name != figure.name),
            });
        }
    }
}

/// A chart on the page.
struct Figure {
    name: String,
    element: Element,
}

impl Figure {
    fn around(element: &Element) -> Option<Self> {
        let element = element.closest("[data-chart]").ok()??;
        Some(Self { name: element.get_attribute("data-chart")?, element })
    }

    fn is_open(&self) -> bool {
        find::<Element>(&self.element, ".as-table").is_some_and(|table| table.has_attribute("open"))
    }

    fn has_points(&self) -> bool {
        find::<Element>(&self.element, ".picture")
            .and_then(|picture| picture.get_attribute("data-points"))
            .is_some_and(|points| points != "0")
    }

    /// Shows the values at a position, if the rows are there; `None` clears the reading.
    fn read(&self, position: Option<Position>) {
        let rows = elements::<Element>(self.element.query_selector_all("tbody tr"));
        let at = |row: &Element| row.get_attribute("data-at").and_then(|at| at.parse::<f64>().ok()).unwrap_or_default();
        let found = position.filter(|_| !rows.is_empty()).map(|position| match position {
            Position::Last => rows.len() - 1,
            Position::Index(index) => index.min(rows.len() - 1),
            Position::Near(share) => nearest(rows.iter().map(at), share),
        });
        let row = found.and_then(|index| rows.get(index));
        let reading = row.map(|row| self.reading_of(row)).unwrap_or_default();
        if let Some(output) = find::<Element>(&self.element, ".reading") {
            output.set_text_content(Some(&reading));
        }
        if let Some(slider) = find::<HtmlInputElement>(&self.element, ".reader") {
            slider.set_attribute("aria-valuetext", &reading).ok();
            if let Some(index) = found {
                slider.set_max(&(rows.len() - 1).to_string());
                slider.set_value(&index.to_string());
            }
        }
        if let Some(cursor) = find::<Element>(&self.element, ".cursor") {
            let shown = if row.is_some() { "visible" } else { "hidden" };
            cursor.set_attribute("visibility", shown).ok();
            for name in ["x1", "x2"].into_iter().filter(|_| row.is_some()) {
                cursor.set_attribute(name, &super::svg::percent(row.map(at).unwrap_or_default())).ok();
            }
        }
    }

    /// The values of a row: "0:12 · planned 19.8 · sent 20".
    fn reading_of(&self, row: &Element) -> String {
        let text = |cell: &Element| cell.text_content().unwrap_or_default();
        let heads = elements::<Element>(self.element.query_selector_all("thead th"));
        let cells = row.children();
        let cells = (0..cells.length()).filter_map(|index| cells.item(index));
        reading(heads.iter().map(text), cells.map(|cell| text(&cell)))
    }
}

/// The index of the point that is nearest to a share of the width.
fn nearest(points: impl Iterator<Item = f64>, share: f64) -> usize {
    let distance = |at: f64| (at - share).abs();
    let closest = points.enumerate().min_by(|(_, a), (_, b)| distance(*a).total_cmp(&distance(*b)));
    closest.map_or(0, |(index, _)| index)
}

/// The cells of a row, each after its column header except the first, which is the time.
fn reading(heads: impl Iterator<Item = String>, cells: impl Iterator<Item = String>) -> String {
    let named = heads.zip(cells).enumerate().filter(|(_, (_, cell))| cell != NOTHING);
    let words = named.map(|(i, (head, cell))| if i == 0 { cell } else { format!("{head} {cell}") });
    words.collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_names_the_values_that_exist() {
        let read = |cells: [&str; 3]| {
            reading(["time", "planned", "sent"].map(str::to_owned).into_iter(), cells.map(str::to_owned).into_iter())
        };
        assert_eq!(read(["0:00", "19.8", "20"]), "0:00 · planned 19.8 · sent 20");
        assert_eq!(read(["0:01", "19.8", "–"]), "0:01 · planned 19.8");
    }

    #[test]
    fn the_nearest_point_is_read() {
        let points = [0.0, 0.5];
        assert_eq!([0.2, 0.3, 0.9].map(|share| nearest(points.into_iter(), share)), [0, 1, 1]);
    }
}
