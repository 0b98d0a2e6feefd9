#![no_main]

#[path = "../decoders.rs"]
mod decoders;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let is_it = |(name, _): &(&str, api::fuzzing::Decoder)| *name == "expertsender_orders";
    decoders::all().into_iter().find(is_it).expect("a decoder of this name").1(bytes);
});
