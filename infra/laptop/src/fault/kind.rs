//! The kinds of faults by name, with an example that strikes something of this stack.
//!
//! Must not know: what is armed.

use local_cloud::Fault;
use serde_json::{Value, json};

/// Every kind: `{"name":"drop","form":"drop:<topic filter>@<when>","what":"…","example":"…"}`.
pub fn all(lock: &str) -> Vec<Value> {
    let forms = Fault::forms().iter();
    let kinds = forms.map(|form| {
        json!({
            "name": form.name(),
            "form": form.form,
            "what": form.what(),
            "example": example(form.example, lock),
        })
    });
    kinds.collect()
}

/// The example of the help, with the names of this project in place of invented ones.
fn example(text: &str, lock: &str) -> String {
    text.replace("door/1", &format!("remote-lock/{lock}"))
        .replace("door/", "remote-lock/")
        .replace(":save", ":press")
        .replace("lamp-1", lock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_example_is_a_fault_of_its_kind_in_this_project() {
        let kinds = all("lock-7");
        assert_eq!(kinds.len(), Fault::forms().len());
        for kind in &kinds {
            let text = |name: &str| kind[name].as_str().unwrap_or_default().to_owned();
            let (name, example) = (text("name"), text("example"));
            example.parse::<Fault>().expect("a fault");
            assert!(example.starts_with(&format!("{name}:")), "{example}");
            let names = ["remote-lock/", "press", "lock-7"];
            assert!(names.iter().any(|name| example.contains(name)), "{example}");
            assert!(!text("what").is_empty() && text("form").starts_with(&name));
        }
    }
}
