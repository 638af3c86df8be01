//! The options between the parentheses of `#[unblock(…)]`.

use std::time::Duration;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, ExprLit, Ident, Lit, LitStr, Path, Token};

use crate::duration;
use crate::errors::Errors;
use crate::parse::suggestion;

/// The options of one annotated function.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) pool: Option<Expr>,
    pub(crate) timeout: Option<Timeout>,
    pub(crate) concurrency: Option<Expr>,
    /// The word `remote`: the function may run in another process.
    pub(crate) remote: Option<Ident>,
    pub(crate) shed: bool,
    pub(crate) detach: bool,
    pub(crate) name: Option<LitStr>,
    /// What makes the function's error of a failure of the call: a path or a closure.
    pub(crate) error: Option<Expr>,
    /// Leaves a function as it is, in an `impl` or a `mod` under the attribute.
    pub(crate) skip: Option<Ident>,
    /// Path to the runtime, if it is not `::unblock_runtime`: the option `crate`.
    pub(crate) runtime: Option<Path>,
}

/// The value of the option `timeout`.
pub(crate) enum Timeout {
    /// A duration that is known when the macro runs: `timeout = "2s"`.
    Literal(Duration),
    /// An expression that is evaluated at each call: `timeout = self.limit`.
    Expr(Expr),
}

impl Options {
    /// Reads all options that can be read, and adds an error for each one that cannot.
    pub(crate) fn parse(args: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Options::default();
        let parse_all = |input: ParseStream<'_>| -> syn::Result<()> {
            let mut seen = Vec::new();
            while !input.is_empty() {
                if let Err(error) = options.parse_option(input, &mut seen) {
                    errors.add(error);
                    skip_to_comma(input);
                }
                if !input.is_empty() && input.parse::<Token![,]>().is_err() {
                    errors.add(input.error("expected `,` between two options"));
                    skip_to_comma(input);
                    let _: syn::Result<Token![,]> = input.parse();
                }
            }
            Ok(())
        };
        if let Err(error) = parse_all.parse2(args) {
            errors.add(error);
        }
        options
    }

    /// Adds the options of the `impl` or `mod` around the function that are not given here.
    pub(crate) fn or(self, outer: Self) -> Self {
        Self {
            pool: self.pool.or(outer.pool),
            timeout: self.timeout.or(outer.timeout),
            concurrency: self.concurrency.or(outer.concurrency),
            remote: self.remote.or(outer.remote),
            shed: self.shed || outer.shed,
            detach: self.detach || outer.detach,
            name: self.name.or(outer.name),
            error: self.error.or(outer.error),
            skip: self.skip.or(outer.skip),
            runtime: self.runtime.or(outer.runtime),
        }
    }

    /// Returns true if a call can time out or be refused, so the function must return `Result`.
    pub(crate) fn can_fail(&self) -> bool {
        self.timeout.is_some() || self.shed
    }

    /// Returns true if the value of an option uses this variable.
    pub(crate) fn mentions(&self, variable: &Ident) -> bool {
        let timeout = match &self.timeout {
            Some(Timeout::Expr(timeout)) => Some(timeout),
            _ => None,
        };
        self.pool.iter().chain(timeout).any(|option| mentions(option, variable))
    }

    /// Reads one option, up to the comma.
    fn parse_option(&mut self, input: ParseStream<'_>, seen: &mut Vec<String>) -> syn::Result<()> {
        let Ok(key) = input.call(Ident::parse_any) else {
            return Err(
                input.error(format!("expected an option; the options are {}", suggestion::OPTIONS))
            );
        };
        let option = key.unraw().to_string();
        if seen.contains(&option) {
            return Err(syn::Error::new(key.span(), format!("`{option}` is given twice")));
        }
        seen.push(option.clone());
        match option.as_str() {
            "pool" => {
                expect_value(
                    input,
                    &key,
                    "`pool = self.pool`, any expression that gives a `Pool` or a reference to one",
                )?;
                self.pool = Some(input.parse()?);
            }
            "timeout" => {
                expect_value(
                    input,
                    &key,
                    "`timeout = \"2s\"`, or an expression that gives a `Duration`",
                )?;
                self.timeout = Some(parse_timeout(input.parse()?)?);
            }
            "concurrency" => {
                expect_value(
                    input,
                    &key,
                    "`concurrency = 4`, the number of calls that may run at a time",
                )?;
                self.concurrency = Some(parse_concurrency(input.parse()?)?);
            }
            "remote" => {
                expect_no_value(input, &key)?;
                self.remote = Some(key);
            }
            "shed" => {
                expect_no_value(input, &key)?;
                self.shed = true;
            }
            "detach" => {
                expect_no_value(input, &key)?;
                self.detach = true;
            }
            "name" => {
                expect_value(input, &key, "`name = \"load the index\"`")?;
                self.name = Some(parse_name(input)?);
            }
            "error" => {
                expect_value(
                    input,
                    &key,
                    "`error = AppError::from_pool`, a function from `unblock_runtime::Error`",
                )?;
                self.error = Some(parse_error(input.parse()?)?);
            }
            "skip" => {
                expect_no_value(input, &key)?;
                self.skip = Some(key);
            }
            "crate" => {
                expect_value(input, &key, "`crate = my_crate::unblock_runtime`")?;
                if input.peek(LitStr) {
                    return Err(input
                        .error("a path, without the quotes: `crate = my_crate::unblock_runtime`"));
                }
                self.runtime = Some(parse_runtime(input)?);
            }
            _ => return Err(syn::Error::new(key.span(), suggestion::unknown_option(&option))),
        }
        Ok(())
    }
}

fn expect_value(input: ParseStream<'_>, key: &Ident, example: &str) -> syn::Result<()> {
    let equals = input.parse::<Token![=]>();
    if equals.is_err() || input.is_empty() || input.peek(Token![,]) {
        return Err(syn::Error::new(key.span(), format!("`{key}` needs a value: {example}")));
    }
    Ok(())
}

fn expect_no_value(input: ParseStream<'_>, key: &Ident) -> syn::Result<()> {
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    Err(input.error(format!(
        "`{key}` takes no value: it is on when it is written, and off when it is not"
    )))
}

fn parse_name(input: ParseStream<'_>) -> syn::Result<LitStr> {
    let Ok(name) = input.parse::<LitStr>() else {
        return Err(input.error(
            "the name is a string literal, as it is known before the program runs: \
             `name = \"load the index\"`",
        ));
    };
    if name.value().trim().is_empty() {
        return Err(syn::Error::new(
            name.span(),
            "the name is empty; leave `name` out for the default, `Type::method` or \
             `module::function`",
        ));
    }
    Ok(name)
}

fn parse_error(value: Expr) -> syn::Result<Expr> {
    if let Expr::Lit(ExprLit { lit, .. }) = peel(&value) {
        return Err(syn::Error::new(
            lit.span(),
            "the value is a function that makes your error of an `unblock_runtime::Error`, \
             without quotes: `error = AppError::from_pool`",
        ));
    }
    Ok(value)
}

fn parse_runtime(input: ParseStream<'_>) -> syn::Result<Path> {
    let path = input.call(Path::parse_mod_style)?;
    if path.segments.first().is_some_and(|first| first.ident == "Self") {
        return Err(syn::Error::new_spanned(
            path,
            "the path of a crate or a module: `crate = my_crate::unblock_runtime`",
        ));
    }
    Ok(path)
}

fn parse_timeout(value: Expr) -> syn::Result<Timeout> {
    let Expr::Lit(ExprLit { lit, .. }) = peel(&value) else {
        return Ok(Timeout::Expr(value));
    };
    let error_at_value = |message: String| syn::Error::new(lit.span(), message);
    let text = match lit {
        Lit::Str(text) => text.value(),
        // The quotes are easily forgotten: `timeout = 5`, or `timeout = 5s`, which is one token.
        Lit::Int(number) => {
            return Err(error_at_value(duration::missing_unit_message(&number.to_string())));
        }
        Lit::Float(number) => {
            return Err(error_at_value(duration::missing_unit_message(&number.to_string())));
        }
        _ => {
            return Err(error_at_value(
                "a timeout is a text such as \"2s\", or an expression that gives a `Duration`"
                    .to_owned(),
            ));
        }
    };
    let timeout = duration::parse(&text).map_err(error_at_value)?;
    if timeout.is_zero() {
        return Err(error_at_value(
            "a timeout of zero would refuse every call; leave `timeout` out to wait for as long \
             as it takes"
                .to_owned(),
        ));
    }
    Ok(Timeout::Literal(timeout))
}

fn parse_concurrency(value: Expr) -> syn::Result<Expr> {
    let Expr::Lit(ExprLit { lit, .. }) = peel(&value) else {
        return Ok(value);
    };
    let Lit::Int(number) = lit else {
        return Err(syn::Error::new(
            lit.span(),
            "the concurrency is a number, as in `concurrency = 4`, or a constant of type `u32`",
        ));
    };
    if number.base10_parse::<u32>()? == 0 {
        return Err(syn::Error::new(
            number.span(),
            "with a concurrency of 0 no call would ever run; leave `concurrency` out to run as \
             many calls as the pool has room for",
        ));
    }
    Ok(value)
}

/// Returns the expression without the parentheses around it, and without the invisible groups that
/// `macro_rules!` puts around `$value:expr`.
fn peel(mut value: &Expr) -> &Expr {
    loop {
        match value {
            Expr::Group(group) => value = &group.expr,
            Expr::Paren(paren) => value = &paren.expr,
            _ => return value,
        }
    }
}

fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        let _: syn::Result<TokenTree> = input.parse();
    }
}

/// Returns true if a name occurs in an expression, including the arguments of macros.
///
/// A field of that name counts too. The false alarm costs only the clone of a handle.
pub(crate) fn mentions<N: ?Sized>(option: &Expr, name: &N) -> bool
where
    Ident: PartialEq<N>,
{
    fn any<N: ?Sized>(tokens: TokenStream, name: &N) -> bool
    where
        Ident: PartialEq<N>,
    {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(word) => word == *name,
            TokenTree::Group(group) => any(group.stream(), name),
            _ => false,
        })
    }
    any(option.to_token_stream(), name)
}
