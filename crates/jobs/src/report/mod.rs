//! Reports: one HTML file that opens offline and prints well. What a job found is written by the job; this is the paper.

mod page;

pub use page::Page;
