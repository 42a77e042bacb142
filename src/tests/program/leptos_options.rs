//! The two files with options of Leptos agree where they say the same.

use toml::Table;

fn options(text: &str) -> Table {
    let table: Table = text.parse().expect("TOML");
    table["package"]["metadata"]["leptos"].as_table().expect("the section").clone()
}

#[test]
fn build_options_and_run_time_options_agree() {
    let build = options(include_str!("../../../Cargo.toml"));
    let run = options(include_str!("../../../Leptos.toml"));
    let shared: Vec<&String> = run.keys().filter(|key| build.contains_key(*key)).collect();
    assert!(shared.len() >= 5, "they share {shared:?}");
    for key in shared {
        assert_eq!(run[key], build[key], "{key}");
    }
}

#[test]
fn the_compile_time_name_agrees() {
    let cargo: Table = include_str!("../../../.cargo/config.toml").parse().expect("TOML");
    let build = options(include_str!("../../../Cargo.toml"));
    assert_eq!(cargo["env"]["LEPTOS_OUTPUT_NAME"], build["output-name"]);
}
