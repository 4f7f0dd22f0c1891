//! Expansion of `derive(Op)`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Expr, Field, Fields, Ident, LitStr, Token, Type};

/// `key = value` pairs of an `#[op(…)]` attribute.
struct Pairs(Vec<(Ident, Expr)>);

/// `name: Kind` inside `also = […]`.
struct Port(Ident, Ident);

impl Parse for Port {
    fn parse(input: ParseStream) -> syn::Result<Port> {
        let name = input.parse()?;
        input.parse::<Token![:]>()?;
        Ok(Port(name, input.parse()?))
    }
}

struct Attributes {
    pairs: Pairs,
    also: Vec<Port>,
}

impl Parse for Attributes {
    fn parse(input: ParseStream) -> syn::Result<Attributes> {
        let (mut pairs, mut also) = (Vec::new(), Vec::new());
        while !input.is_empty() {
            let key: Ident = input.parse()?;
            input.parse::<Token![=]>()?;
            if key == "also" {
                let content;
                syn::bracketed!(content in input);
                also = Punctuated::<Port, Token![,]>::parse_terminated(&content)?.into_iter().collect();
            } else {
                pairs.push((key, input.parse()?));
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(Attributes { pairs: Pairs(pairs), also })
    }
}

impl Pairs {
    fn get(&self, key: &str) -> Option<&Expr> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    fn need(&self, key: &str, at: proc_macro2::Span) -> syn::Result<&Expr> {
        self.get(key).ok_or_else(|| syn::Error::new(at, format!("#[op({key} = …)] is missing")))
    }

    fn only(&self, known: &[&str]) -> syn::Result<()> {
        match self.0.iter().find(|(k, _)| !known.contains(&k.to_string().as_str())) {
            Some((k, _)) => Err(syn::Error::new(k.span(), format!("unknown key; known are {}", known.join(", ")))),
            None => Ok(()),
        }
    }
}

fn attributes(list: &[syn::Attribute]) -> syn::Result<Attributes> {
    let mut out = Attributes { pairs: Pairs(Vec::new()), also: Vec::new() };
    for attribute in list.iter().filter(|a| a.path().is_ident("op")) {
        let more: Attributes = attribute.parse_args()?;
        out.pairs.0.extend(more.pairs.0);
        out.also.extend(more.also);
    }
    Ok(out)
}

/// The pieces of code that one field gives.
struct Parameter {
    spec: TokenStream,
    read: TokenStream,
    json: TokenStream,
    default: Option<TokenStream>,
}

fn is_option(kind: &Type) -> bool {
    matches!(kind, Type::Path(p) if p.path.segments.last().is_some_and(|s| s.ident == "Option"))
}

fn parameter(field: &Field) -> syn::Result<Parameter> {
    let ident = field.ident.as_ref().ok_or_else(|| syn::Error::new(field.span(), "fields need names"))?;
    let name = ident.to_string().trim_start_matches("r#").replace('_', "-");
    let (_, text) = crate::docs(&field.attrs, field.span())?;
    let Attributes { pairs, .. } = attributes(&field.attrs)?;
    pairs.only(&["default", "range", "unit"])?;
    let kind = &field.ty;
    let default = match pairs.get("default") {
        Some(value) => Some(quote!(#value)),
        None if is_option(kind) => Some(quote!(None)),
        None => None,
    };
    let default_json = default.as_ref().map_or(quote!(None), |d| quote!({ let value: #kind = #d; Some(crate::spec::Value::json(&value)) }));
    let (unit, range) = (optional(pairs.get("unit")), pairs.get("range").map_or(quote!(None), |r| quote!(Some(crate::spec::Bounds::from(#r)))));
    let fallback = default.as_ref().map_or(quote!(return Err(crate::spec::missing(Self::NAME, #name))), |d| quote!(#d));
    Ok(Parameter {
        spec: quote! {
            crate::spec::Parameter {
                name: #name, kind: <#kind as crate::spec::Value>::KIND, default: #default_json, unit: #unit, range: #range,
                choices: <#kind as crate::spec::Value>::choices(), text: #text,
            }
        },
        read: quote! { #ident: match values.get(#name) { Some(text) => crate::spec::read(&Self::spec(), #name, text)?, None => #fallback } },
        json: quote! { (#name.to_string(), crate::spec::Value::json(&self.#ident)) },
        default: default.map(|d| quote!(#ident: #d)),
    })
}

fn optional(value: Option<&Expr>) -> TokenStream {
    value.map_or(quote!(None), |v| quote!(Some(#v)))
}

pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let fields: Vec<&Field> = match &input.data {
        Data::Struct(s) => match &s.fields {
            Fields::Named(f) => f.named.iter().collect(),
            Fields::Unit => Vec::new(),
            Fields::Unnamed(_) => return Err(syn::Error::new(input.span(), "fields need names")),
        },
        _ => return Err(syn::Error::new(input.span(), "an operation is a struct")),
    };
    let (brief, text) = crate::docs(&input.attrs, input.span())?;
    let Attributes { pairs, also } = attributes(&input.attrs)?;
    pairs.only(&["access", "input", "output", "example", "references", "name"])?;
    let at = input.span();
    let (access, kind, output, example) = (pairs.need("access", at)?, pairs.need("input", at)?, pairs.need("output", at)?, pairs.need("example", at)?);
    let references = pairs.get("references").map_or(quote!(&[]), |r| quote!(&#r));
    let name = match pairs.get("name") {
        Some(Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(s), .. })) => s.clone(),
        _ => LitStr::new(&crate::kebab(&input.ident.to_string()), input.ident.span()),
    };
    let parameters = fields.iter().map(|f| parameter(f)).collect::<syn::Result<Vec<_>>>()?;
    let (specs, reads, jsons): (Vec<_>, Vec<_>, Vec<_>) = parameters.iter().map(|p| (&p.spec, &p.read, &p.json)).fold(Default::default(), |(mut a, mut b, mut c), (x, y, z)| {
        a.push(x);
        b.push(y);
        c.push(z);
        (a, b, c)
    });
    let defaults: Option<Vec<&TokenStream>> = parameters.iter().map(|p| p.default.as_ref()).collect();
    let ident = &input.ident;
    let unit = matches!(&input.data, Data::Struct(s) if matches!(s.fields, Fields::Unit));
    let make = |inner: TokenStream| if unit { quote!(Self) } else { quote!(Self { #inner }) };
    let default = defaults.map(|d| {
        let value = make(quote!(#(#d),*));
        quote!(impl Default for #ident { fn default() -> Self { #value } })
    });
    let built = make(quote!(#(#reads),*));
    let ports = also.iter().map(|Port(port, kind)| {
        let port = port.to_string();
        quote!(crate::spec::Port { name: #port, kind: crate::spec::Kind::#kind, required: false })
    });
    Ok(quote! {
        #default
        impl #ident {
            /// The operation's name, as users write it.
            pub const NAME: &'static str = #name;
        }
        impl crate::spec::Declared for #ident {
            fn spec() -> crate::spec::Spec {
                crate::spec::Spec {
                    name: Self::NAME, brief: #brief, text: #text, access: stringify!(#access),
                    inputs: vec![crate::spec::Port { name: "input", kind: crate::spec::Kind::#kind, required: true }, #(#ports),*],
                    output: crate::spec::Kind::#output, parameters: vec![#(#specs),*], example: #example, references: #references,
                }
            }
            fn build(values: &crate::spec::Values) -> isovox_volume::Result<Self> {
                values.only(&Self::spec())?;
                Ok(#built)
            }
        }
        impl crate::spec::Operation for #ident {
            fn spec(&self) -> crate::spec::Spec { <Self as crate::spec::Declared>::spec() }
            fn parameters(&self) -> serde_json::Value {
                let given: Vec<(String, serde_json::Value)> = vec![#(#jsons),*];
                serde_json::Map::from_iter(given).into()
            }
            fn access(self: Box<Self>) -> crate::access::Access { crate::access::Access::#access(std::sync::Arc::new(*self)) }
        }
    })
}
