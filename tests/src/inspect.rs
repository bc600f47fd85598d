//! What makes a page hard to use: violations of accessibility rules (by axe-core), what a screen
//! cuts off, layout that shifts, and complaints on the browser's console.
//!
//! Must not know: what the page shows.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::browser::Browser;

/// The texts and boxes that reach beyond the right edge of the screen: what a phone cuts off. What
/// scrolls inside its own box is not cut off.
const CUT_OFF: &str = "
    const edge = document.documentElement.clientWidth;
    const isCut = element => element.getBoundingClientRect().right > edge + 1
        && !element.closest('.skip, .choice, .scroll');
    const cut = [...document.querySelectorAll('body *')].filter(isCut);
    const width = document.documentElement.scrollWidth;
    const texts = cut.map(element => `cut off: ${element.tagName} ${element.textContent}`);
    return width > edge ? [`${width} pixels on a screen of ${edge}`, ...texts] : texts;
";

/// The shifts since the page was opened that no click or key of a person caused.
const SHIFTS: &str = "
    return new Promise(done => {
        const texts = [];
        new PerformanceObserver(list => {
            for (const shift of list.getEntries().filter(it => !it.hadRecentInput)) {
                const element = node => node?.nodeType === 3 ? node.parentElement : node;
                const of = shift.sources.map(({ node }) =>
                    element(node)?.outerHTML.slice(0, 120) ?? 'what is gone');
                texts.push(`layout shift of ${shift.value.toFixed(4)}: ${of.join(', ')}`);
            }
        }).observe({ type: 'layout-shift', buffered: true });
        setTimeout(() => done(texts), 100);
    });
";

/// How many rules the page keeps, to see that any is checked, and each violation: the rule, the
/// elements and what is wrong with them.
const AXE: &str = "
    return axe.run(document).then(({ passes, violations }) => [
        passes.length,
        violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
            `axe ${id}: ${target.join(' ')}: ${failureSummary}`)),
    ]);
";

/// An inspector of pages.
pub struct Inspector {
    axe: String,
}

impl Inspector {
    /// Reads axe-core, which `cargo xtask setup` installs.
    pub fn new() -> Result<Self> {
        let path = installed()?.join("axe-core/axe.min.js");
        let axe = std::fs::read_to_string(&path);
        let axe =
            axe.with_context(|| format!("read {}: run `cargo xtask setup`", path.display()))?;
        Ok(Self { axe })
    }

    /// Everything that is wrong with the page that the browser shows. Empty for a good one.
    pub async fn inspect(&self, browser: &Browser) -> Result<Vec<String>> {
        browser.run(&self.axe).await.context("load axe-core")?;
        let checked = browser.run(AXE).await.context("run axe-core")?;
        let (kept, mut found): (u64, Vec<String>) = serde_json::from_value(checked)?;
        ensure!(kept > 10, "axe-core checked {kept} rules alone");
        for script in [CUT_OFF, SHIFTS] {
            let texts = browser.run(script).await?;
            let texts: Vec<String> = serde_json::from_value(texts).context("read what is found")?;
            found.extend(texts);
        }
        let complaints = browser.complaints().await?;
        found.extend(complaints.iter().map(|text| format!("console: {text}")));
        Ok(found)
    }
}

/// Lets a page hold still: what moves would be inspected half-way.
pub async fn hold_still(browser: &Browser, scheme: &str) -> Result<()> {
    let features = [
        ("prefers-color-scheme", scheme),
        ("prefers-reduced-motion", "reduce"),
    ];
    browser.set_media(&features).await?;
    let queries = "
        return ['(prefers-color-scheme: dark)', '(prefers-reduced-motion)']
            .map(query => matchMedia(query).matches);
    ";
    let matches = browser.run(queries).await?;
    ensure!(matches == json!([scheme == "dark", true]), "{matches}");
    Ok(())
}

/// The folder of the npm packages in the build directory.
fn installed() -> Result<PathBuf> {
    let this = std::env::current_exe()?;
    let target = this.ancestors().nth(3).context("no build directory")?;
    Ok(target.join("node/node_modules"))
}
