//! The phrases: each has a plain form that is always better. Add one when a review finds it twice.
//!
//! Must not know: how they are searched for.

use super::Phrase;

/// The phrases by their first letter.
pub const PHRASES: &[Phrase] = &[
    phrase("a no", "a negative answer"),
    phrase("a slip", "a mistake"),
    phrase("afresh", "again"),
    phrase("all else", "everything else"),
    phrase("all the same", "anyway"),
    phrase("anew", "again"),
    phrase("are no", "are not").except(&["are no longer", "are no more than", "there are no"]),
    phrase("are none", "are not").except(&["there are none"]),
    phrase("as it was", "unchanged, as before"),
    phrase("as may be", "as allowed"),
    phrase("as yet", "yet"),
    phrase("at work", "running, busy"),
    phrase("bearable", "the limit as a number"),
    phrase("became of", "happened to"),
    phrase("become of", "happen to"),
    phrase("becomes of", "happens to"),
    phrase("beside", "next to, with"),
    phrase("besides", "also, in addition"),
    phrase("by itself alone", "alone"),
    phrase("comes of", "follows from"),
    phrase("comes to", "is, reaches, totals"),
    phrase("dead way", "broken connection"),
    phrase("deals out", "distributes, assigns"),
    phrase("done its work", "finished"),
    phrase("for ever", "indefinitely, without limit"),
    phrase("gives back", "returns"),
    phrase("has to", "must"),
    phrase("heard", "received").except(&["heard from"]),
    phrase("hitherto", "so far"),
    phrase("in sight", "visible"),
    phrase("in silence", "silently"),
    phrase("is no", "is not a").except(&["is no longer", "is no more than", "there is no"]),
    phrase("is said", "is logged, is reported"),
    phrase("it is said", "it is logged"),
    phrase("kept apart", "separate"),
    phrase("knows no", "does not know").except(&["knows nothing"]),
    phrase("lest", "so that … not"),
    phrase("made up", "invented, example").except(&["made up of"]),
    phrase("manyeth", "which occurrence (1-based)"),
    phrase("mend", "fix"),
    phrase("mended", "fixed"),
    phrase("mends", "fixes"),
    phrase("news", "a change, an update"),
    phrase("nobody's", "unowned, without an owner"),
    phrase("nothing of", "nothing about"),
    phrase("of the moment", "current"),
    phrase("of use", "useful, healthy").except(&["of use cases"]),
    phrase("out of the way", "removed"),
    phrase("parted by", "separated by"),
    phrase("passed over", "skipped"),
    phrase("passes over", "skips"),
    phrase("says so", "reports it, shows it"),
    phrase("stand apart", "are separate"),
    phrase("stand beside", "are next to"),
    phrase("stand between", "separate"),
    phrase("stands apart", "is separate"),
    phrase("stands beside", "is next to"),
    phrase("stands between", "separates"),
    phrase("stands here", "is here"),
    phrase("stands in", "replaces, is in"),
    phrase("take up", "apply"),
    phrase("taken up", "applied"),
    phrase("takes up", "applies"),
    phrase("that is none", "that is not one"),
    phrase("the last word", "the decision"),
    phrase("thereof", "of it"),
    phrase("to who", "to whoever, to the caller that"),
    phrase("told", "notified, informed, distinguished"),
    phrase("was no", "was not").except(&["there was no", "was no longer", "was no more than"]),
    phrase("were no", "were not").except(&["there were no", "were no longer"]),
    phrase("whence", "from which"),
    phrase("where there is one", "if any"),
    phrase("whereby", "by which"),
    phrase("who asks", "the caller, the client"),
    phrase("without a word", "silently"),
];

const fn phrase(words: &'static str, instead: &'static str) -> Phrase {
    Phrase {
        words,
        instead,
        except: &[],
    }
}

impl Phrase {
    const fn except(mut self, except: &'static [&'static str]) -> Self {
        self.except = except;
        self
    }
}
