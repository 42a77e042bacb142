//! The rule that markup stands in `view!` and nowhere else: no HTML in string literals, none that is given to the page as
//! text, no marks for patching it by hand, no escaping by hand.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;
use syn::{Attribute, Item, Lit, Meta};

use super::reader::{attributes, is_for_tests};
use super::sources::Source;

/// The names by which a text becomes part of a page as HTML.
const WAYS_IN: [&str; 4] = ["inner_html", "set_inner_html", "set_outer_html", "insert_adjacent_html"];
/// What is only written by those who escape by hand.
const ESCAPES: [&str; 5] = ["&lt;", "&gt;", "&amp;", "&quot;", "&#"];

/// The file that may give a text to the page as HTML: a title can't have the comments that Leptos writes behind texts.
const TITLE: &str = "ui/document_title.rs";

/// One line for each breach. Apart from [`TITLE`], only `<noscript>` may have its content as a text, because children that a
/// browser without a script parses, and one with a script does not, can't be hydrated.
pub(super) fn markup_stands_in_views(sources: &[Source]) -> Vec<String> {
    let files: Vec<(&Source, syn::File)> = sources.iter().map(|source| (source, read(source))).collect();
    let only_for_tests: Vec<Vec<String>> = files.iter().flat_map(|(source, file)| test_modules(source, file)).collect();
    let mut found = Vec::new();
    for (source, file) in &files {
        let module = source.module();
        if !only_for_tests.iter().any(|tests| module.starts_with(tests)) {
            let mut markup = Markup { file: &source.name, found: &mut found };
            markup.visit_file(file);
        }
    }
    found
}

fn read(source: &Source) -> syn::File {
    syn::parse_file(&source.text).unwrap_or_else(|error| panic!("{}: {error}", source.name))
}

/// The modules that this file declares in other files for tests only.
fn test_modules(source: &Source, file: &syn::File) -> Vec<Vec<String>> {
    let modules = file.items.iter().filter_map(|item| match item {
        Item::Mod(module) if module.content.is_none() && module.attrs.iter().any(is_for_tests) => {
            Some([source.module(), vec![module.ident.to_string()]].concat())
        }
        _ => None,
    });
    modules.collect()
}

struct Markup<'a> {
    file: &'a str,
    found: &'a mut Vec<String>,
}

impl Markup<'_> {
    fn literal(&mut self, text: &str) {
        if is_markup(text) {
            let start: String = text.trim().chars().take(60).collect();
            self.found.push(format!("{} has markup in a string: {start}", self.file));
        }
        if text.contains("data-part") {
            self.found.push(format!("{} looks for a data-part", self.file));
        }
    }

    fn name(&mut self, name: &str) {
        if WAYS_IN.contains(&name) && self.file != TITLE {
            self.found.push(format!("{} uses {name}", self.file));
        }
    }

    /// Looks at the tokens of a macro. Those of an opening `<noscript …>` are left out.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut of_noscript = false;
        let mut before = [String::new(), String::new()];
        for token in tokens {
            let text = token.to_string();
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(_) if before[1] == "<" => of_noscript = text == "noscript",
                TokenTree::Punct(_) if text == ">" => of_noscript = false,
                TokenTree::Ident(_) if text == "part" && before == ["data", "-"] => {
                    self.found.push(format!("{} marks a data-part", self.file));
                }
                TokenTree::Ident(_) if !of_noscript => self.name(&text),
                TokenTree::Literal(_) if !of_noscript => {
                    if let Ok(literal) = syn::parse_str::<Lit>(&text) {
                        self.visit_lit(&literal);
                    }
                }
                _ => {}
            }
            before = [std::mem::take(&mut before[1]), text];
        }
    }
}

impl<'ast> Visit<'ast> for Markup<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !attributes(item).iter().any(is_for_tests) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !function.attrs.iter().any(is_for_tests) {
            syn::visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        match &attribute.meta {
            Meta::NameValue(_) if attribute.path().is_ident("doc") => {}
            Meta::List(list) => self.tokens(list.tokens.clone()),
            _ => syn::visit::visit_attribute(self, attribute),
        }
    }

    fn visit_ident(&mut self, ident: &'ast syn::Ident) {
        self.name(&ident.to_string());
    }

    fn visit_lit(&mut self, literal: &'ast Lit) {
        match literal {
            Lit::Str(text) => self.literal(&text.value()),
            Lit::ByteStr(bytes) => self.literal(&String::from_utf8_lossy(&bytes.value())),
            _ => {}
        }
    }
}

/// Whether a text has a tag, or an escaped character. A `<` before a space or a digit is a comparison.
fn is_markup(text: &str) -> bool {
    let begins_tag = |rest: &str| rest.starts_with(|next: char| next.is_ascii_alphabetic() || "/!".contains(next));
    let has_tag = text.match_indices('<').any(|(at, _)| begins_tag(&text[at + 1..]));
    has_tag || ESCAPES.iter().any(|escape| text.contains(escape))
}
