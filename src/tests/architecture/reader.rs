//! Reads the syntax tree of a file, by `syn`.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;
use syn::{Attribute, Item, UseTree, Visibility};

use super::modules::{Import, Module, Modules, Path};
use super::sources::Source;

/// Adds what it reads to the modules.
pub(super) struct Reader<'m> {
    pub(super) modules: &'m mut Modules,
    /// Modules that only tests compile, by their declarations.
    pub(super) only_for_tests: &'m mut Vec<Path>,
    /// The module that is read at the moment.
    pub(super) at: Path,
}

impl Reader<'_> {
    /// Reads a file.
    pub(super) fn read(&mut self, source: &Source) {
        let file = syn::parse_file(&source.text).unwrap_or_else(|error| panic!("{}: {error}", source.name));
        self.module().file.clone_from(&source.name);
        self.visit_file(&file);
    }

    fn module(&mut self) -> &mut Module {
        self.modules.entry(self.at.clone()).or_default()
    }

    fn mention(&mut self, path: Path) {
        self.module().mentions.push(path);
    }

    /// Notes what a `use` binds. `before` is the part of the path in front of `tree`.
    fn import(&mut self, tree: &UseTree, before: &[String], is_public: bool) {
        let (ident, name) = match tree {
            UseTree::Path(path) => return self.import(&path.tree, &extended(before, &path.ident), is_public),
            UseTree::Group(group) => return group.items.iter().for_each(|tree| self.import(tree, before, is_public)),
            UseTree::Glob(_) => return self.module().globs.push(before.to_vec()),
            UseTree::Name(name) => (&name.ident, None),
            UseTree::Rename(name) => (&name.ident, Some(name.rename.to_string())),
        };
        let path = if ident == "self" { before.to_vec() } else { extended(before, ident) };
        let name = name.or_else(|| path.last().cloned()).unwrap_or_default();
        self.module().imports.push(Import { name, path, is_public });
    }

    /// The paths in what a macro or an attribute was given: names with `::` between them.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path = Path::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Ident(name) if colons == 2 && !path.is_empty() => {
                    path.push(name.to_string());
                    colons = 0;
                }
                other => {
                    self.mention(std::mem::take(&mut path));
                    colons = 0;
                    match other {
                        TokenTree::Ident(name) => path.push(name.to_string()),
                        TokenTree::Group(group) => self.tokens(group.stream()),
                        TokenTree::Literal(text) => self.path_in_text(&text.to_string()),
                        TokenTree::Punct(_) => {}
                    }
                }
            }
        }
        self.mention(path);
    }

    /// As in `#[serde(with = "super::micros")]`.
    fn path_in_text(&mut self, literal: &str) {
        if let Ok(path) = syn::parse_str::<syn::Path>(literal.trim_matches('"')) {
            self.mention(segments(&path));
        }
    }

    fn define(&mut self, item: &Item) {
        let (name, is_type) = match item {
            Item::Const(item) => (&item.ident, false),
            Item::Enum(item) => (&item.ident, true),
            Item::Fn(item) => (&item.sig.ident, false),
            Item::Static(item) => (&item.ident, false),
            Item::Struct(item) => (&item.ident, true),
            Item::Trait(item) => (&item.ident, true),
            Item::Type(item) => (&item.ident, true),
            Item::Union(item) => (&item.ident, true),
            Item::Macro(syn::ItemMacro { ident: Some(ident), .. }) => (ident, false),
            _ => return,
        };
        let name = name.to_string();
        if is_type {
            self.module().types.push(name.clone());
        }
        self.module().items.insert(name);
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let is_test = attributes(item).iter().any(is_for_tests);
        match item {
            Item::Mod(module) => {
                self.at.push(module.ident.to_string());
                if is_test {
                    self.only_for_tests.push(self.at.clone());
                } else if module.content.is_some() {
                    let file = self.modules[&self.at[..self.at.len() - 1]].file.clone();
                    self.module().file = file;
                    syn::visit::visit_item_mod(self, module);
                }
                self.at.pop();
            }
            _ if is_test => {}
            Item::Use(item) => self.import(&item.tree, &[], !matches!(item.vis, Visibility::Inherited)),
            _ => {
                self.define(item);
                syn::visit::visit_item(self, item);
            }
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !function.attrs.iter().any(is_for_tests) {
            syn::visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.mention(segments(path));
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.mention(segments(&call.path));
        self.tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if !attribute.path().is_ident("doc") {
            self.mention(segments(attribute.path()));
            if let syn::Meta::List(list) = &attribute.meta {
                self.tokens(list.tokens.clone());
            }
        }
    }
}

fn extended(path: &[String], name: &syn::Ident) -> Path {
    [path, &[name.to_string()]].concat()
}

fn segments(path: &syn::Path) -> Path {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}

pub(super) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Is it `#[test]`, `#[tokio::test]`, or a `#[cfg(…)]` that is true in tests only?
pub(super) fn is_for_tests(attribute: &Attribute) -> bool {
    if attribute.path().segments.last().is_some_and(|last| last.ident == "test") {
        return true;
    }
    let syn::Meta::List(list) = &attribute.meta else { return false };
    let condition = list.tokens.to_string();
    attribute.path().is_ident("cfg")
        && (condition == "test" || condition.starts_with("all") && has_word(&condition, "test"))
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|one| one == word)
}
