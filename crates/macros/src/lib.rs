//! `derive(Op)` copies an operation's declaration into its spec; `derive(Choice)` names an enum's values.
//!
//! They decide nothing: what is not written in the declaration is not in the spec, and a missing text stops the build.

mod choice;
mod op;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Copies a struct with documented fields into an operation's spec.
///
/// On the struct: `#[op(access = Point|Halo|Reduce|Decide|Join|Gather|Whole, input = …, output = …, example = "…")]`,
/// and where they apply `references = ["…"]` and `also = [image: Scalar]` for optional further inputs.
/// On a field: `#[op(default = …, range = …, unit = "…")]`; an `Option` field is optional, one without default is required.
#[proc_macro_derive(Op, attributes(op))]
pub fn derive_op(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    op::expand(&input).unwrap_or_else(|e| e.to_compile_error()).into()
}

/// Names the values of an enum that is a parameter: each variant needs a text; `#[choice("name", "other name")]` renames.
#[proc_macro_derive(Choice, attributes(choice))]
pub fn derive_choice(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    choice::expand(&input).unwrap_or_else(|e| e.to_compile_error()).into()
}

/// The text of `///` lines, joined, and its first paragraph as one line.
fn docs(attributes: &[syn::Attribute], at: proc_macro2::Span) -> syn::Result<(String, String)> {
    let mut lines = Vec::new();
    for attribute in attributes.iter().filter(|a| a.path().is_ident("doc")) {
        if let syn::Meta::NameValue(syn::MetaNameValue { value: syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }), .. }) = &attribute.meta {
            lines.push(text.value().trim().to_string());
        }
    }
    let text = lines.join("\n").trim().to_string();
    if text.is_empty() {
        return Err(syn::Error::new(at, "needs a text (///): every page is made from it"));
    }
    let brief = text.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    Ok((brief, text))
}

/// `RemoveSmall` as `remove-small`.
fn kebab(name: &str) -> String {
    let mut out = String::new();
    for (i, c) in name.trim_start_matches("r#").chars().enumerate() {
        if c.is_uppercase() && i > 0 {
            out.push('-');
        }
        out.extend(c.to_lowercase());
    }
    out
}
