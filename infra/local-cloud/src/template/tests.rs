//! Tables of templates: what they become, and how they are refused.
