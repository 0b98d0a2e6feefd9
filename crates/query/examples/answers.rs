//! Prints what this crate answers to each line of standard input, as `oracle.mjs` prints what the npm package does.

use query::{Options, Query};

fn main() -> std::io::Result<()> {
    for line in std::io::stdin().lines() {
        let line = line?;
        let text = line.split('\t').next().unwrap_or_default();
        let answer = Query::parse(text, &Options::default());
        println!("{text}\t{}", answer.map_or_else(|_| "error".to_owned(), |query| query.to_string()));
    }
    Ok(())
}
