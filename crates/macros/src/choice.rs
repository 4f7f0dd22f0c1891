//! Expansion of `derive(Choice)`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, LitStr, Token};

pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Enum(data) = &input.data else { return Err(syn::Error::new(input.span(), "Choice is for enums")) };
    let name = &input.ident;
    let (mut variants, mut first, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for variant in &data.variants {
        crate::docs(&variant.attrs, variant.span())?;
        let mut names = vec![crate::kebab(&variant.ident.to_string())];
        for attribute in variant.attrs.iter().filter(|a| a.path().is_ident("choice")) {
            let given = attribute.parse_args_with(Punctuated::<LitStr, Token![,]>::parse_terminated)?;
            names = given.iter().map(LitStr::value).collect();
        }
        variants.push(&variant.ident);
        first.push(names[0].clone());
        all.push(names);
    }
    Ok(quote! {
        impl crate::spec::Value for #name {
            const KIND: &'static str = "choice";
            fn choices() -> Vec<&'static str> { vec![#(#first),*] }
            fn read(text: &str) -> isovox_volume::Result<Self> {
                #( if [#(#all),*].contains(&text) { return Ok(Self::#variants); } )*
                Err(crate::spec::wrong_choice(text, &Self::choices()))
            }
            fn json(&self) -> serde_json::Value {
                let text = match self { #( Self::#variants => #first ),* };
                text.parse::<i64>().map_or_else(|_| text.into(), Into::into)
            }
        }
    })
}
