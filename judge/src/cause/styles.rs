//! Handler styles that block. A style is one row in [`BLOCKING`].

/// A handler style that blocks its instance.
struct BlockingStyle {
    /// The style's name in the replies.
    name: &'static str,
    /// What a handler of this style does, after its name.
    behaviour: &'static str,
}

const BLOCKING: [BlockingStyle; 2] = [
    BlockingStyle { name: "await-then-block", behaviour: "awaits and then blocks" },
    BlockingStyle { name: "async-blocking", behaviour: "blocks in asynchronous code" },
];

/// Returns what handlers of a style do if the style is known to block.
pub(super) fn blocking_behaviour(style: &str) -> Option<&'static str> {
    BLOCKING.iter().find(|known| known.name == style).map(|known| known.behaviour)
}
