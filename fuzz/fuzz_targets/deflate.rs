#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| isovox_fuzz::parse("deflate", data));
