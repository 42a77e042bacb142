//! What the page says about each operation, read from the description in OpenAPI.

use serde_json::Value;

use super::examples::{EXAMPLES, ExampleServer};

/// An operation as the page shows it.
pub(super) struct OperationDocs {
    pub(super) id: &'static str,
    method: String,
    path: String,
    pub(super) summary: String,
    /// Name, location and description of each parameter.
    pub(super) inputs: Vec<[String; 3]>,
    /// Status and description of each response.
    pub(super) responses: Vec<[String; 2]>,
    pub(super) example: String,
}

impl OperationDocs {
    /// Method and path, as in `GET /healthz`.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// A text of the description without its Markdown.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('`', "")
}

/// The schema that a reference points to; any other schema as it is.
fn resolved<'a>(json: &'a Value, schema: &'a Value) -> &'a Value {
    let pointer = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| json.pointer(pointer)).unwrap_or(schema)
}

/// What a schema accepts, such as "integer, from 1 to 20" or "one of json, csv, html".
fn kind_of(json: &Value, schema: &Value) -> String {
    let schema = resolved(json, schema);
    let mut kind = match (&schema["enum"], schema["oneOf"].as_array()) {
        (Value::Array(values), _) => {
            let values: Vec<String> =
                values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
            if values.len() == 1 { format!("\"{}\"", values[0]) } else { format!("one of {}", values.join(", ")) }
        }
        (_, Some(kinds)) => kinds.iter().map(|kind| kind_of(json, kind)).collect::<Vec<_>>().join(", or "),
        _ if schema["type"] == "array" => format!("a list: {}", kind_of(json, &schema["items"])),
        _ => schema["format"]
            .as_str()
            .filter(|format| *format == "uuid")
            .or(schema["type"].as_str())
            .unwrap_or("value")
            .to_owned(),
    };
    for (name, before) in
        [("minimum", ", from "), ("maximum", " to "), ("maxLength", ", at most "), ("minItems", ", at least ")]
    {
        if let Some(limit) = schema.get(name) {
            kind.push_str(&format!("{before}{limit}"));
        }
    }
    kind
}

fn inputs(json: &Value, operation: &Value) -> Vec<[String; 3]> {
    let mut inputs = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let description = format!("{}. {}", kind_of(json, &parameter["schema"]), text(&parameter["description"]));
        let required = if parameter["required"] == true { "" } else { ", optional" };
        inputs.push([text(&parameter["name"]), format!("{}{required}", text(&parameter["in"])), description]);
    }
    let body = resolved(json, &operation["requestBody"]["content"]["application/json"]["schema"]);
    let required: Vec<&str> = body["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, schema) in body["properties"].as_object().into_iter().flatten() {
        let optional = if required.contains(&name.as_str()) { "" } else { ", optional" };
        let description = format!("{}. {}", kind_of(json, schema), text(&schema["description"]));
        inputs.push([name.clone(), format!("body{optional}"), description]);
    }
    inputs
}

/// The operations of [`EXAMPLES`], with their part of the description.
pub(super) fn operations(json: &Value, server: &ExampleServer) -> Vec<OperationDocs> {
    let of_id = |id: &str| {
        let paths = json["paths"].as_object().into_iter().flatten();
        let mut all = paths.flat_map(|(path, item)| {
            item.as_object().into_iter().flatten().map(move |(method, operation)| (path, method, operation))
        });
        all.find(|(_, _, operation)| operation["operationId"] == id)
    };
    let known = EXAMPLES.iter().filter_map(|(id, example)| Some((*id, *example, of_id(id)?)));
    let operation = |(id, example, (path, method, operation)): (&'static str, &str, (&String, &String, &Value))| {
        let responses = operation["responses"].as_object().into_iter().flatten();
        OperationDocs {
            id,
            method: method.to_uppercase(),
            path: path.clone(),
            summary: [text(&operation["summary"]), text(&operation["description"])]
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_default(),
            inputs: inputs(json, operation),
            responses: responses.map(|(status, response)| [status.clone(), text(&response["description"])]).collect(),
            example: server.complete(example),
        }
    };
    known.map(operation).collect()
}
